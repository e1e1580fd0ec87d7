// Where the library's log lines go. Constant text with key=value facts.
#pragma once

#include <spdlog/logger.h>
#include <spdlog/spdlog.h>

#include "api/socketio/config.hpp"

namespace flow::socketio {

inline spdlog::logger& log_of(const Config& config) {
    return config.logger ? *config.logger : *spdlog::default_logger_raw();
}

}  // namespace flow::socketio
