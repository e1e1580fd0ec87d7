#include "domain/time.hpp"

#include <array>
#include <cctype>
#include <cstdio>
#include <optional>

namespace flow::domain {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// `count` digits at `at`; nothing when one is missing.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) {
        return std::nullopt;
    }
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (!std::isdigit(static_cast<unsigned char>(text[i]))) {
            return std::nullopt;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// The fraction after `at` (which points to '.') in nanoseconds; `at` moves behind it.
std::int64_t fraction(std::string_view text, std::size_t& at) {
    std::int64_t nanos = 0;
    std::int64_t unit = 100'000'000;
    for (++at; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); ++at) {
        nanos += unit * (text[at] - '0');
        unit /= 10;
    }
    return nanos;
}

/// The offset "Z", "+02:00" or "-0530" at `at`, as what must be subtracted.
minutes offset(std::string_view text, std::size_t at) {
    if (at >= text.size() || (text[at] != '+' && text[at] != '-')) {
        return minutes{0};
    }
    const auto hour = digits(text, at + 1, 2);
    const std::size_t minute_at = at + 3 < text.size() && text[at + 3] == ':' ? at + 4 : at + 3;
    const auto minute = digits(text, minute_at, 2);
    const int total = hour.value_or(0) * 60 + minute.value_or(0);
    return minutes{text[at] == '+' ? total : -total};
}

}  // namespace

std::string to_rfc3339(Time time) {
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date{day};
    const auto in_day = std::chrono::floor<std::chrono::milliseconds>(time - day);
    const std::chrono::hh_mm_ss clock{in_day};
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()),
                  static_cast<int>(clock.subseconds().count()));
    return text.data();
}

Time parse_rfc3339(std::string_view text) {
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second || *year < 1970) {
        return Time{};
    }
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) {
        return Time{};
    }
    std::size_t at = 19;
    std::int64_t nanos = 0;
    if (at < text.size() && text[at] == '.') {
        nanos = fraction(text, at);
    }
    const auto whole = std::chrono::sys_days{date} + hours{*hour} + minutes{*minute} +
                       seconds{*second} - offset(text, at);
    return Time{std::chrono::duration_cast<Duration>(whole.time_since_epoch()) + Duration{nanos}};
}

std::string to_engine_time(Time time) {
    const std::int64_t nanos = to_nanos(time);
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%lld.%09lld",
                  static_cast<long long>(nanos / 1'000'000'000),
                  static_cast<long long>(nanos % 1'000'000'000));
    return text.data();
}

}  // namespace flow::domain
