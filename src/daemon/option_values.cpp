#include "daemon/option_values.hpp"

#include <cctype>
#include <map>
#include <optional>

namespace flow::daemon {
namespace {

domain::Error wrong(const std::string& text, const std::string& expected) {
    domain::Error error;
    error.type = domain::ErrorType::validation_error;
    error.message = "\"" + text + "\" is no " + expected;
    return error;
}

/// The decimal number at `at`, which moves behind it.
std::optional<double> number(const std::string& text, std::size_t& at) {
    const std::size_t begin = at;
    while (at < text.size() &&
           (std::isdigit(static_cast<unsigned char>(text[at])) || text[at] == '.')) {
        ++at;
    }
    if (at == begin || at - begin > 15) {
        return std::nullopt;
    }
    char* end = nullptr;
    const std::string part = text.substr(begin, at - begin);
    const double value = std::strtod(part.c_str(), &end);
    return *end == '\0' ? std::optional<double>{value} : std::nullopt;
}

std::string unit(const std::string& text, std::size_t& at) {
    std::string name;
    while (at < text.size() && std::isalpha(static_cast<unsigned char>(text[at]))) {
        name += static_cast<char>(std::tolower(text[at++]));
    }
    return name;
}

}  // namespace

domain::Result<std::chrono::milliseconds> parse_duration_option(const std::string& text) {
    static const std::map<std::string, double> kUnits = {
        {"", 1e3}, {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}};
    double total = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto count = number(text, at);
        const auto scale = kUnits.find(unit(text, at));
        if (!count || scale == kUnits.end()) {
            return wrong(text, "duration (10s, 1m30s, 250ms)");
        }
        total += *count * scale->second;
    }
    if (text.empty() || total > 1e12) {
        return wrong(text, "duration (10s, 1m30s, 250ms)");
    }
    return std::chrono::milliseconds{static_cast<std::int64_t>(total)};
}

domain::Result<std::size_t> parse_size_option(const std::string& text) {
    static const std::map<std::string, double> kUnits = {
        {"", 1},   {"b", 1},         {"k", 1024},    {"kb", 1024},    {"kib", 1024},
        {"m", 1 << 20}, {"mb", 1 << 20}, {"mib", 1 << 20}, {"g", 1 << 30}, {"gb", 1 << 30},
        {"gib", 1 << 30}};
    std::size_t at = 0;
    const auto count = number(text, at);
    const auto scale = kUnits.find(unit(text, at));
    if (!count || scale == kUnits.end() || at != text.size() || *count * scale->second > 1e12) {
        return wrong(text, "size (65536, 4MiB)");
    }
    return static_cast<std::size_t>(*count * scale->second);
}

std::string to_text(std::chrono::milliseconds duration) {
    if (duration.count() % 1000 != 0) {
        return std::to_string(duration.count()) + "ms";
    }
    return std::to_string(duration.count() / 1000) + "s";
}

}  // namespace flow::daemon
