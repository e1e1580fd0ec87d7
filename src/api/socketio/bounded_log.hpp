// A logger that passes on so many lines a second and then says how many were left out: whoever sends nonsense does
// not fill the disk. One thread.
#pragma once

#include <cstddef>
#include <memory>

#include <spdlog/logger.h>

namespace flow::socketio {

/// What is logged through the result goes to `inner` (spdlog's default logger when null), at most `lines_a_second`.
std::shared_ptr<spdlog::logger> bounded_log(std::shared_ptr<spdlog::logger> inner,
                                            std::size_t lines_a_second);

}  // namespace flow::socketio
