#include "domain/spec/field.hpp"

#include <array>
#include <cctype>

namespace flow::domain {
namespace {

constexpr std::size_t kMaxQuoted = 64;
constexpr std::size_t kMaxPath = 200;

/// Number of bytes of the UTF-8 sequence at `at`; 0 when it is not valid.
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) {
        return 0;
    }
    for (std::size_t i = at + 1; i < at + length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) {
            return 0;
        }
    }
    const unsigned char second = byte(at + 1);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool outside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
    return overlong || outside ? 0 : length;
}

/// Levenshtein distance, for short words only.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above + 1, row[j - 1] + 1, change});
            diagonal = above;
        }
    }
    return row[b.size()];
}

/// The names of a payload's fields become paths, whatever bytes they are made of.
std::string printable(std::string path) {
    if (why_bad_text(path, path.size())) {
        for (char& c : path) {
            c = c > 0x1F && c < 0x7F ? c : '?';
        }
    }
    return path;
}

std::string clipped(std::string text, std::size_t limit) {
    if (text.size() <= limit) {
        return text;
    }
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) {
        --limit;
    }
    return text.substr(0, limit) + "…";
}

}  // namespace

void FieldErrors::add(const std::string& path, std::string message) {
    if (errors_.size() >= kMaxFieldErrors) {
        ++left_out_;
        return;
    }
    errors_.push_back({clipped(printable(prefix_ + path), kMaxPath), std::move(message)});
}

void FieldErrors::add_all(const Error& error) {
    for (const Json& field : error.details.value("field_errors", Json::array())) {
        if (errors_.size() < kMaxFieldErrors) {
            errors_.push_back({field.at("path"), field.at("message")});
        }
    }
}

Error FieldErrors::to_error() const {
    Error error = validation_failed(errors_);
    if (left_out_ > 0) {
        error.details["field_errors_left_out"] = left_out_;
    }
    return error;
}

Field Field::member(const std::string& key) const {
    return Field{value.at(key), path.empty() ? key : path + "." + key, errors};
}

Field Field::element(std::size_t index) const {
    return Field{value.at(index), path + "[" + std::to_string(index) + "]", errors};
}

std::string shown(const Json& value) {
    if (!value.is_string()) {
        return value.is_structured() ? std::string(kind_of(value)) : value.dump();
    }
    auto text = value.get<std::string>();
    if (why_bad_text(text, text.size())) {
        return "text with NUL or bytes that are not UTF-8";
    }
    for (char& c : text) {
        c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
    return '"' + clipped(std::move(text), kMaxQuoted) + '"';
}

std::string_view kind_of(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null: return "null";
        case Json::value_t::object: return "an object";
        case Json::value_t::array: return "a list";
        case Json::value_t::string: return "a string";
        case Json::value_t::boolean: return "true or false";
        default: return value.is_number() ? "a number" : "something else";
    }
}

std::optional<std::string> why_bad_text(std::string_view text, std::size_t limit) {
    if (text.size() > limit) {
        return "is longer than " + std::to_string(limit) + " bytes";
    }
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '\0') {
            return "contains a NUL byte";
        }
        const std::size_t length = utf8_length(text, at);
        if (length == 0) {
            return "is not valid UTF-8";
        }
        at += length;
    }
    return std::nullopt;
}

void unknown_field(const Field& object, const std::string& name,
                   std::span<const ForeignField> foreign, std::span<const std::string_view> known) {
    const std::string path = object.path.empty() ? name : object.path + "." + name;
    if (const auto bad = why_bad_text(name, kMaxText)) {
        object.wrong("a field name " + *bad);
        return;
    }
    for (const ForeignField& field : foreign) {
        if (field.name == name) {
            object.errors.add(path, std::string(field.advice));
            return;
        }
    }
    std::string message = "unknown field";
    std::size_t nearest = 3;
    for (const std::string_view candidate : known) {
        if (!object.errors.is_full() && name.size() < 32 && name.size() > 2 &&
            distance(name, candidate) < nearest) {
            nearest = distance(name, candidate);
            message = "unknown field; did you mean " + std::string(candidate) + "?";
        }
    }
    object.errors.add(path, std::move(message));
}

}  // namespace flow::domain
