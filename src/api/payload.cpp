#include "api/payload.hpp"

#include <cmath>
#include <utility>

namespace flow::api {

namespace {

std::string range_text(std::int64_t least, std::int64_t most) {
    if (most == INT64_MAX) {
        return "must be " + std::to_string(least) + " or more";
    }
    return "must be from " + std::to_string(least) + " to " + std::to_string(most);
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string seconds_text(Duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) +
           " s";
}

std::optional<Duration> to_duration(const Json& value) {
    if (value.is_string()) {
        return parse_duration(value.get_ref<const std::string&>());
    }
    // Above a century the conversion to nanoseconds would overflow.
    constexpr double kCentury = 3.15e9;
    const double number = value.is_number() ? value.get<double>() : -1;
    if (!std::isfinite(number) || number < 0 || number > kCentury) {
        return std::nullopt;
    }
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(number));
}

}  // namespace

bool Payload::has(std::string_view field) const {
    const auto found = object_.find(field);
    return found != object_.end() && !found->is_null();
}

const Json* Payload::take(std::string_view field) {
    taken_.emplace(field);
    const auto found = object_.find(field);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void Payload::fail(std::string path, std::string message) {
    errors_.push_back({std::move(path), std::move(message)});
}

void Payload::fail(const domain::Error& error) {
    const auto found = error.details.find("field_errors");
    if (found == error.details.end() || !found->is_array()) {
        return fail("", error.message);
    }
    for (const Json& item : *found) {
        fail(item.value("path", ""), item.value("message", ""));
    }
}

void Payload::require(std::string_view field, std::string_view what) {
    if (!has(field)) {
        fail(std::string(field), "is missing: " + std::string(what));
    }
}

std::optional<std::string> Payload::text(std::string_view field, TextLimits limits) {
    const Json* value = take(field);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_string()) {
        fail(std::string(field), "must be a text");
        return std::nullopt;
    }
    const std::string& text = value->get_ref<const std::string&>();
    if (text.size() < limits.shortest || text.size() > limits.longest) {
        fail(std::string(field), "must have " + std::to_string(limits.shortest) + " to " +
                                     std::to_string(limits.longest) + " characters, not " +
                                     std::to_string(text.size()));
        return std::nullopt;
    }
    if (text.find('\0') != std::string::npos) {
        fail(std::string(field), "must not contain a NUL character");
        return std::nullopt;
    }
    return text;
}

std::optional<bool> Payload::boolean(std::string_view field) {
    const Json* value = take(field);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_boolean()) {
        fail(std::string(field), "must be true or false");
        return std::nullopt;
    }
    return value->get<bool>();
}

std::optional<std::int64_t> Payload::integer(std::string_view field, IntegerLimits limits) {
    const Json* value = take(field);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_number_integer()) {
        fail(std::string(field), "must be a whole number");
        return std::nullopt;
    }
    const bool too_large = value->is_number_unsigned() &&
                           value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
    const std::int64_t number = too_large ? INT64_MAX : value->get<std::int64_t>();
    if (too_large || number < limits.least || number > limits.most) {
        fail(std::string(field), range_text(limits.least, limits.most));
        return std::nullopt;
    }
    return number;
}

std::optional<Duration> Payload::duration(std::string_view field, DurationLimits limits) {
    const Json* value = take(field);
    if (value == nullptr) {
        return std::nullopt;
    }
    const std::optional<Duration> read = to_duration(*value);
    if (!read) {
        fail(std::string(field), "must be seconds (10) or a duration (\"1m30s\")");
        return std::nullopt;
    }
    if (seconds(*read) < seconds(limits.least) || seconds(*read) > seconds(limits.most)) {
        fail(std::string(field), "must be from " + seconds_text(limits.least) + " to " +
                                     seconds_text(limits.most));
        return std::nullopt;
    }
    return read;
}

std::vector<std::string> Payload::texts(std::string_view field, std::size_t most) {
    const Json* value = take(field);
    std::vector<std::string> found;
    if (value == nullptr) {
        return found;
    }
    if (value->is_string()) {
        found.push_back(value->get<std::string>());
        return found;
    }
    if (!value->is_array() || value->size() > most) {
        fail(std::string(field),
             "must be a text or a list of at most " + std::to_string(most) + " texts");
        return found;
    }
    std::size_t index = 0;
    for (const Json& item : *value) {
        if (item.is_string() && !item.get_ref<const std::string&>().empty()) {
            found.push_back(item.get<std::string>());
        } else {
            fail(std::string(field) + "[" + std::to_string(index) + "]",
                 "must be a text that is not empty");
        }
        ++index;
    }
    return found;
}

void Payload::add_label(std::map<std::string, std::optional<std::string>>& found,
                        std::string_view path, const Json& item) {
    const std::string text = item.is_string() ? item.get<std::string>() : std::string();
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (key.empty()) {
        return fail(std::string(path), "must be \"key=value\" or \"key\"");
    }
    if (equals == std::string::npos) {
        found[key] = std::nullopt;
    } else {
        found[key] = text.substr(equals + 1);
    }
}

std::map<std::string, std::optional<std::string>> Payload::labels(std::string_view field) {
    std::map<std::string, std::optional<std::string>> found;
    const Json* value = take(field);
    if (value == nullptr) {
        return found;
    }
    if (value->is_string()) {
        add_label(found, field, *value);
        return found;
    }
    if (!value->is_structured() || value->size() > 100) {
        fail(std::string(field),
             "must be a map or a list of \"key=value\" with at most 100 entries");
        return found;
    }
    std::size_t index = 0;
    for (const auto& [key, item] : value->items()) {
        if (value->is_array()) {
            add_label(found, std::string(field) + "[" + std::to_string(index++) + "]", item);
        } else if (item.is_string()) {
            found[key] = item.get<std::string>();
        } else if (item.is_null()) {
            found[key] = std::nullopt;
        } else {
            fail(std::string(field) + "." + key, "must be a text, or null for any value");
        }
    }
    return found;
}

Json Payload::rest() {
    Json others = Json::object();
    for (const auto& [key, value] : object_.items()) {
        if (!taken_.contains(key)) {
            others[key] = value;
            taken_.insert(key);
        }
    }
    return others;
}

void Payload::finish() {
    const std::vector<std::string> known(taken_.begin(), taken_.end());
    for (const auto& [key, value] : object_.items()) {
        if (taken_.contains(key)) {
            continue;
        }
        const std::string meant = nearest(key, known);
        const std::string hint = meant.empty() ? "" : "; did you mean " + meant + "?";
        fail(key.substr(0, 128), "is not a field of this request" + hint);
    }
}

}  // namespace flow::api
