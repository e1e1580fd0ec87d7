// Gate, Signal and sleep on a virtual clock: nothing here takes real time.
#include "reconciler/awaits.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <map>

#include "reconciler/spawn.hpp"

namespace flow::reconciler {
namespace {

using domain::Duration;
using domain::Time;
using std::chrono::seconds;

constexpr Duration kLong = std::chrono::hours{1};

/// Time passes only in pass(), which runs what is due, in order.
class VirtualClock final : public Clock {
public:
    explicit VirtualClock(boost::asio::io_context& io) : io_(io) {}
    Time now() const override { return now_; }
    void after(Duration delay, std::function<void()> work) override {
        timers_.emplace(now_ + delay, std::move(work));
    }
    void pass(Duration duration) {
        const Time end = now_ + duration;
        run();
        while (!timers_.empty() && timers_.begin()->first <= end) {
            now_ = timers_.begin()->first;
            const std::function<void()> work = std::move(timers_.begin()->second);
            timers_.erase(timers_.begin());
            work();
            run();
        }
        now_ = end;
    }
    void run() {
        io_.restart();
        io_.poll();
    }

private:
    boost::asio::io_context& io_;
    Time now_;
    std::multimap<Time, std::function<void()>> timers_;
};

class Awaits : public testing::Test {
protected:
    void start(boost::asio::awaitable<void> work) {
        spawn(io_.get_executor(), std::move(work), "test");
        clock_.run();
    }
    boost::asio::awaitable<void> wait(Signal& signal, Duration limit) {
        co_await signal.wait(limit);
        ++woken_;
    }
    boost::asio::awaitable<void> sleep(Duration delay) {
        co_await sleep_for(clock_, delay);
        ++woken_;
    }
    /// Goes through the gate, stays until `signal`.
    boost::asio::awaitable<void> visit(Gate& gate, Signal& signal, int number) {
        co_await gate.enter();
        const GatePass pass{gate};
        visitors_.push_back(number);
        inside_ += 1;
        co_await signal.wait(kLong);
        inside_ -= 1;
    }

    boost::asio::io_context io_;
    VirtualClock clock_{io_};
    int woken_ = 0;
    int inside_ = 0;
    std::vector<int> visitors_;
};

TEST_F(Awaits, SleepEndsAfterItsDelayAndNotBefore) {
    start(sleep(seconds{5}));
    clock_.pass(seconds{4});
    EXPECT_EQ(woken_, 0);
    clock_.pass(seconds{1});
    EXPECT_EQ(woken_, 1);
}

TEST_F(Awaits, ASignalWakesTheOneThatWaits) {
    Signal signal{clock_};
    start(wait(signal, seconds{60}));
    EXPECT_EQ(woken_, 0);
    signal.notify();
    EXPECT_EQ(woken_, 0) << "never inside notify()";
    clock_.run();
    EXPECT_EQ(woken_, 1);
}

TEST_F(Awaits, ASignalGivenBeforeIsNotLost) {
    Signal signal{clock_};
    signal.notify();
    signal.notify();
    start(wait(signal, seconds{60}));
    EXPECT_EQ(woken_, 1);
    start(wait(signal, seconds{60}));
    EXPECT_EQ(woken_, 1) << "two that were given while nobody waited are one";
    signal.notify();
    clock_.run();
    EXPECT_EQ(woken_, 2);
}

TEST_F(Awaits, ASignalHasALimit) {
    Signal signal{clock_};
    start(wait(signal, seconds{60}));
    clock_.pass(seconds{59});
    EXPECT_EQ(woken_, 0);
    clock_.pass(seconds{1});
    EXPECT_EQ(woken_, 1);
}

TEST_F(Awaits, TheLimitOfAnEarlierWaitDoesNotEndALaterOne) {
    Signal signal{clock_};
    start(wait(signal, seconds{60}));
    signal.notify();
    clock_.run();
    ASSERT_EQ(woken_, 1);
    clock_.pass(seconds{30});
    start(wait(signal, seconds{60}));
    clock_.pass(seconds{40});       // the first limit passes at 60 s
    EXPECT_EQ(woken_, 1);
    clock_.pass(seconds{20});
    EXPECT_EQ(woken_, 2);
}

TEST_F(Awaits, AnEndedLimitLeavesNoSignalBehind) {
    Signal signal{clock_};
    start(wait(signal, seconds{1}));
    clock_.pass(seconds{1});
    ASSERT_EQ(woken_, 1);
    start(wait(signal, seconds{60}));
    EXPECT_EQ(woken_, 1);
    signal.notify();
    clock_.run();
    EXPECT_EQ(woken_, 2);
}

TEST_F(Awaits, AGateLetsInAsManyAsItHasPlacesInOrder) {
    Gate gate{2};
    std::vector<std::unique_ptr<Signal>> leave;
    for (int i = 0; i < 5; ++i) {
        leave.push_back(std::make_unique<Signal>(clock_));
        start(visit(gate, *leave.back(), i));
    }
    EXPECT_EQ(visitors_, (std::vector<int>{0, 1}));
    leave[1]->notify();
    clock_.run();
    EXPECT_EQ(visitors_, (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(inside_, 2);
    for (const auto& signal : leave) {
        signal->notify();
        clock_.run();
        EXPECT_LE(inside_, 2);
    }
    EXPECT_EQ(visitors_, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_EQ(inside_, 0);
}

TEST_F(Awaits, AnEmptiedGateHasAllItsPlacesAgain) {
    Gate gate{1};
    for (int i = 0; i < 3; ++i) {
        Signal signal{clock_};
        start(visit(gate, signal, i));
        EXPECT_EQ(inside_, 1);
        signal.notify();
        clock_.run();
        EXPECT_EQ(inside_, 0);
    }
}

}  // namespace
}  // namespace flow::reconciler
