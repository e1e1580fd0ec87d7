// Readers of simple values: text, bools, numbers, sizes and durations, in all of Compose's
// spellings.
#include <charconv>
#include <cmath>

#include "domain/spec/field.hpp"

namespace flow::domain {
namespace {

constexpr double kMaxBytes = 1125899906842624.0;  // 1 PiB: far above any host, exact in a double
constexpr std::int64_t kMaxNanos = std::int64_t{365} * 24 * 3600 * 1'000'000'000;

std::optional<double> number_from(std::string_view text) {
    double value = 0;
    const auto [end, failed] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (failed != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

/// "1.5g", "64MiB" to bytes.
std::optional<double> bytes_from(std::string_view text) {
    const std::size_t digits = text.find_first_not_of("0123456789.");
    const auto count = number_from(text.substr(0, digits));
    if (!count || text.empty() || text.front() == '.') {
        return std::nullopt;
    }
    std::string unit;
    for (const char c : digits == std::string_view::npos ? "" : text.substr(digits)) {
        unit += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (!unit.empty() && unit.front() == ' ') {
        unit.erase(0, 1);
    }
    double factor = 1;
    const std::size_t power =
        unit.empty() ? std::string::npos : std::string_view("kmgtp").find(unit[0]);
    if (power != std::string::npos) {
        factor = std::pow(1024.0, static_cast<double>(power + 1));
        unit.erase(0, 1);
    }
    if (!unit.empty() && unit != "b" && unit != "ib" && unit != "i") {
        return std::nullopt;
    }
    return *count * factor;
}

std::int64_t nanos_of_unit(std::string_view unit) {
    constexpr std::int64_t second = 1'000'000'000;
    if (unit == "ns") return 1;
    if (unit == "us" || unit == "µs") return 1'000;
    if (unit == "ms") return 1'000'000;
    if (unit == "s") return second;
    if (unit == "m") return 60 * second;
    if (unit == "h") return 3600 * second;
    if (unit == "d") return 24 * 3600 * second;
    return 0;
}

/// One part such as "1.5h" at the front of `text`, which is shortened by it.
std::optional<std::int64_t> duration_part(std::string_view& text) {
    std::int64_t whole = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (failed != std::errc{} || text.front() == '-') {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::string_view fraction;
    if (!text.empty() && text.front() == '.') {
        const std::size_t length = std::min(text.find_first_not_of("0123456789", 1), text.size());
        fraction = text.substr(1, length - 1);
        text.remove_prefix(length);
    }
    const std::size_t length = std::min(text.find_first_of("0123456789"), text.size());
    const std::int64_t unit = nanos_of_unit(text.substr(0, length));
    text.remove_prefix(length);
    if (unit == 0 || whole > kMaxNanos / unit) {
        return std::nullopt;
    }
    std::int64_t nanos = whole * unit;
    std::int64_t place = unit;
    for (const char digit : fraction) {
        place /= 10;
        nanos += place * (digit - '0');
    }
    return nanos;
}

std::optional<std::int64_t> duration_from(std::string_view text) {
    if (const auto seconds = number_from(text)) {
        return *seconds >= 0 && *seconds < static_cast<double>(kMaxNanos) / 1e9
                   ? std::optional<std::int64_t>(std::llround(*seconds * 1e9))
                   : std::nullopt;
    }
    if (text.empty()) {
        return std::nullopt;
    }
    std::int64_t total = 0;
    while (!text.empty()) {
        const auto part = duration_part(text);
        if (!part || total + *part > kMaxNanos) {
            return std::nullopt;
        }
        total += *part;
    }
    return total;
}

}  // namespace

std::optional<std::string> read_text(const Field& field, std::size_t limit) {
    if (!field.value.is_string()) {
        field.wrong("must be a string, not " + std::string(kind_of(field.value)));
        return std::nullopt;
    }
    const auto& text = field.value.get_ref<const std::string&>();
    if (const auto bad = why_bad_text(text, limit)) {
        field.wrong(*bad);
        return std::nullopt;
    }
    return text;
}

std::optional<std::string> read_scalar_text(const Field& field, std::size_t limit) {
    if (field.value.is_number() || field.value.is_boolean()) {
        return field.value.dump();
    }
    if (!field.value.is_string()) {
        field.wrong("must be a string, a number or a bool, not " +
                    std::string(kind_of(field.value)));
        return std::nullopt;
    }
    return read_text(field, limit);
}

std::optional<bool> read_bool(const Field& field) {
    if (field.value.is_boolean()) {
        return field.value.get<bool>();
    }
    if (field.value == "true" || field.value == "false") {
        return field.value == "true";
    }
    field.wrong("must be true or false, not " + shown(field.value));
    return std::nullopt;
}

std::optional<std::int64_t> read_integer(const Field& field) {
    const Json& value = field.value;
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) {
        field.wrong("is too large");
        return std::nullopt;
    }
    if (value.is_number_integer()) {
        return value.get<std::int64_t>();
    }
    if (value.is_number_float()) {
        const double number = value.get<double>();
        if (std::abs(number) < 9e15 && std::floor(number) == number) {
            return static_cast<std::int64_t>(number);
        }
    }
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        std::int64_t number = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (failed == std::errc{} && end == text.data() + text.size()) {
            return number;
        }
    }
    field.wrong("must be a whole number, not " + shown(value));
    return std::nullopt;
}

std::optional<double> read_number(const Field& field) {
    std::optional<double> number;
    if (field.value.is_number()) {
        number = field.value.get<double>();
    } else if (field.value.is_string()) {
        number = number_from(field.value.get_ref<const std::string&>());
    }
    if (!number || !std::isfinite(*number)) {
        field.wrong("must be a number, not " + shown(field.value));
        return std::nullopt;
    }
    return number;
}

std::optional<std::int64_t> read_bytes(const Field& field) {
    std::optional<double> bytes;
    if (field.value.is_number()) {
        bytes = field.value.get<double>();
    } else if (field.value.is_string()) {
        bytes = bytes_from(field.value.get_ref<const std::string&>());
    }
    if (!bytes || !(*bytes >= 0 && *bytes <= kMaxBytes)) {
        field.wrong("must be a size in bytes such as 67108864, \"64m\" or \"1g\", not " +
                    shown(field.value));
        return std::nullopt;
    }
    return static_cast<std::int64_t>(std::llround(*bytes));
}

std::optional<Duration> read_duration(const Field& field) {
    std::optional<std::int64_t> nanos;
    if (field.value.is_number()) {
        const double seconds = field.value.get<double>();
        if (seconds >= 0 && seconds < static_cast<double>(kMaxNanos) / 1e9) {
            nanos = std::llround(seconds * 1e9);
        }
    } else if (field.value.is_string()) {
        nanos = duration_from(field.value.get_ref<const std::string&>());
    }
    if (!nanos) {
        field.wrong("must be a duration such as \"10s\", \"1m30s\" or a number of seconds, not " +
                    shown(field.value));
        return std::nullopt;
    }
    return Duration{*nanos};
}

std::optional<std::vector<std::string>> read_texts(const Field& field, std::size_t most) {
    if (!field.value.is_array()) {
        field.wrong("must be a list, not " + std::string(kind_of(field.value)));
        return std::nullopt;
    }
    if (field.value.size() > most) {
        field.wrong("has more than " + std::to_string(most) + " entries");
        return std::nullopt;
    }
    std::vector<std::string> texts;
    bool good = true;
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        auto text = read_scalar_text(field.element(i));
        good = good && text.has_value();
        texts.push_back(text.value_or(""));
    }
    return good ? std::optional(std::move(texts)) : std::nullopt;
}

}  // namespace flow::domain
