// Points in time with the engine's resolution (nanoseconds), and their text forms. No clock is read here:
// `now` is always an argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace flow::domain {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// "2026-11-21T03:40:59.520Z": RFC 3339, UTC, milliseconds (contract: all times on the wire).
std::string to_rfc3339(Time time);

/// Reads RFC 3339 with any fraction and offset (what an engine reports). The zero time of Go
/// ("0001-01-01T00:00:00Z") and text that is no time give Time{}.
Time parse_rfc3339(std::string_view text);

/// "1795240789.948913516": the form that the engine's `since` and `until` take.
std::string to_engine_time(Time time);

constexpr std::int64_t to_nanos(Time time) { return time.time_since_epoch().count(); }
constexpr Time from_nanos(std::int64_t nanos) { return Time{Duration{nanos}}; }

}  // namespace flow::domain
