// Durations and sizes as people write them on a command line: "10s", "1m30s", "250ms", a number of seconds; "4MiB".
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "domain/error.hpp"

namespace flow::daemon {

domain::Result<std::chrono::milliseconds> parse_duration_option(const std::string& text);
domain::Result<std::size_t> parse_size_option(const std::string& text);
/// "1m30s", "250ms".
std::string to_text(std::chrono::milliseconds duration);

}  // namespace flow::daemon
