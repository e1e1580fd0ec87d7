#include "api/socketio/bounded_log.hpp"

#include <chrono>
#include <utility>

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace flow::socketio {
namespace {

class BoundedSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    BoundedSink(std::shared_ptr<spdlog::logger> inner, std::size_t limit)
        : inner_(std::move(inner)), limit_(limit) {}

private:
    void sink_it_(const spdlog::details::log_msg& line) override {
        const auto second = std::chrono::floor<std::chrono::seconds>(line.time.time_since_epoch());
        if (second != second_) {
            second_ = second;
            passed_ = 0;
            tell_left_out();
        }
        if (passed_ >= limit_) {
            ++left_out_;
            return;
        }
        ++passed_;
        inner().log(line.time, line.source, line.level, line.payload);
    }
    void flush_() override { inner().flush(); }

    void tell_left_out() {
        if (left_out_ > 0) {
            inner().warn("log lines left out count={}", std::exchange(left_out_, 0));
        }
    }
    spdlog::logger& inner() { return inner_ ? *inner_ : *spdlog::default_logger_raw(); }

    std::shared_ptr<spdlog::logger> inner_;
    std::size_t limit_;
    std::chrono::seconds second_{0};
    std::size_t passed_ = 0;
    std::size_t left_out_ = 0;
};

}  // namespace

std::shared_ptr<spdlog::logger> bounded_log(std::shared_ptr<spdlog::logger> inner,
                                            std::size_t lines_a_second) {
    const auto level = inner ? inner->level() : spdlog::level::trace;   // the default logger decides later
    auto logger = std::make_shared<spdlog::logger>(
        "socketio", std::make_shared<BoundedSink>(std::move(inner), lines_a_second));
    logger->set_level(level);
    return logger;
}

}  // namespace flow::socketio
