// Log lines on stderr: text, or one JSON object a line in which the key=value facts are fields.
#pragma once

#include <string>

namespace flow::daemon {

/// `format` text or json; `level` debug, info, warn or error.
void set_up_logging(const std::string& format, const std::string& level);
/// A text line's facts as JSON: `started container_id=1 cause="a b"` → message, container_id, cause.
std::string json_log_line(const std::string& time, const std::string& level,
                          const std::string& text);

}  // namespace flow::daemon
