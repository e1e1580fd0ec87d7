#include <gtest/gtest.h>

#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <sstream>

#include "api/socketio/bounded_log.hpp"

namespace flow::socketio::testing {
namespace {

using namespace std::chrono_literals;

class BoundedLog : public ::testing::Test {
protected:
    BoundedLog()
        : inner_(std::make_shared<spdlog::logger>(
              "inner", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_))) {
        inner_->set_pattern("%l %v");
    }
    void say(spdlog::logger& log, std::chrono::seconds at, int times) {
        for (int i = 0; i < times; ++i) {
            log.log(spdlog::log_clock::time_point(at), {}, spdlog::level::warn, "nonsense");
        }
    }
    long lines() {
        const std::string all = text_.str();
        return std::count(all.begin(), all.end(), '\n');
    }

    std::ostringstream text_;
    std::shared_ptr<spdlog::logger> inner_;
};

TEST_F(BoundedLog, PassesSoManyASecondAndSaysHowManyWereLeftOut) {
    const auto log = bounded_log(inner_, 3);
    say(*log, 10s, 10);
    EXPECT_EQ(text_.str(), "warning nonsense\nwarning nonsense\nwarning nonsense\n");
    say(*log, 11s, 1);
    EXPECT_EQ(lines(), 5);
    EXPECT_NE(text_.str().find("warning log lines left out count=7\n"), std::string::npos);
    say(*log, 12s, 2);
    EXPECT_EQ(lines(), 7) << "nothing was left out in that second";
}

TEST_F(BoundedLog, KeepsTheLevel) {
    inner_->set_level(spdlog::level::err);
    const auto log = bounded_log(inner_, 3);
    say(*log, 10s, 1);
    EXPECT_EQ(lines(), 0);
    log->error("a bug");
    EXPECT_EQ(text_.str(), "error a bug\n");
}

}  // namespace
}  // namespace flow::socketio::testing
