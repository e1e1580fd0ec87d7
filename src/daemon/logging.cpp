#include "daemon/logging.hpp"

#include <chrono>
#include <memory>

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "domain/error.hpp"
#include "domain/time.hpp"

namespace flow::daemon {
namespace {

bool is_key(const std::string& text, std::size_t from, std::size_t to) {
    if (from >= to) {
        return false;
    }
    for (std::size_t i = from; i < to; ++i) {
        const auto letter = static_cast<unsigned char>(text[i]);
        if (!std::isalnum(letter) && letter != '_') {
            return false;
        }
    }
    return true;
}

/// The value at `at` (quoted or up to the next space); `at` moves behind it.
std::string value_at(const std::string& text, std::size_t& at) {
    const bool quoted = at < text.size() && text[at] == '"';
    const std::size_t begin = quoted ? at + 1 : at;
    std::size_t end = text.find(quoted ? '"' : ' ', begin);
    if (quoted) {
        // A quote inside the value is not the end: the end has a space or nothing behind it.
        while (end != std::string::npos && end + 1 < text.size() && text[end + 1] != ' ') {
            end = text.find('"', end + 1);
        }
    }
    end = end == std::string::npos ? text.size() : end;
    at = quoted ? std::min(end + 1, text.size()) : end;
    return text.substr(begin, end - begin);
}

class JsonFormatter : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        const auto since = message.time.time_since_epoch();
        const domain::Time time{std::chrono::duration_cast<domain::Duration>(since)};
        const auto level = spdlog::level::to_string_view(message.level);
        const std::string line = json_log_line(
            domain::to_rfc3339(time), std::string{level.data(), level.size()},
            std::string{message.payload.data(), message.payload.size()});
        out.append(line.data(), line.data() + line.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }
};

}  // namespace

std::string json_log_line(const std::string& time, const std::string& level,
                          const std::string& text) {
    domain::Json line;
    line["time"] = time;
    line["level"] = level;
    line["message"] = "";
    std::string message;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t equals = text.find('=', at);
        const std::size_t space = text.find(' ', at);
        if (equals != std::string::npos && equals < space && is_key(text, at, equals)) {
            std::size_t value = equals + 1;
            const std::string key = text.substr(at, equals - at);
            line[key] = value_at(text, value);
            at = value + 1;
            continue;
        }
        const std::size_t end = space == std::string::npos ? text.size() : space;
        message += (message.empty() ? "" : " ") + text.substr(at, end - at);
        at = end + 1;
    }
    line["message"] = message;
    return line.dump(-1, ' ', false, domain::Json::error_handler_t::replace) + "\n";
}

void set_up_logging(const std::string& format, const std::string& level) {
    auto logger = std::make_shared<spdlog::logger>(
        "flow-manager", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    if (format == "json") {
        logger->set_formatter(std::make_unique<JsonFormatter>());
    } else {
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
    }
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace flow::daemon
