// Random walks of the session's states beside simple models of them.
#include <algorithm>
#include <deque>

#include <gtest/gtest.h>

#include "api/socketio/session_state.hpp"
#include "unit/socketio/random_values.hpp"

namespace flow::socketio::testing {
namespace {

class StateProperties : public ::testing::TestWithParam<unsigned> {
protected:
    StateProperties() : random_(GetParam()) {}
    RandomValues random_;
};

/// A message that carries its number.
Message numbered(std::size_t number, std::size_t size, bool droppable) {
    Message made = text_message(std::to_string(number) + ":" + std::string(size, 'x'));
    made.droppable = droppable;
    return made;
}

struct Waiting {
    std::size_t number = 0;
    std::size_t cost = 0;
    bool droppable = false;
    bool control = false;
};

/// The queue, and what it must hold: everything taken and not yet popped, but for droppable ones.
class QueueWalk {
public:
    QueueWalk(RandomValues& random, std::size_t bound) : random_(random), bound_(bound), queue_(bound) {}

    void step() {
        if (random_.chance(3)) {
            pop();
        } else {
            push();
        }
        EXPECT_EQ(queue_.empty(), queue_.bytes() == 0);
        EXPECT_GE(queue_.dropped(), dropped_) << "never fewer";
        dropped_ = queue_.dropped();
    }

private:
    void push() {
        Waiting entry;
        entry.number = next_++;
        entry.control = random_.chance(9);
        entry.droppable = !entry.control && random_.chance(3);
        Message message = numbered(entry.number, random_.below(bound_ / 3), entry.droppable);
        entry.cost = message.cost();
        const std::size_t before = queue_.bytes();
        if (entry.control) {
            queue_.push_control(std::move(message));
            expected_.push_back(entry);
            EXPECT_EQ(queue_.bytes(), before + entry.cost) << "control packets always go";
            return;
        }
        const std::size_t dropped = queue_.dropped();
        const bool taken = queue_.push(std::move(message));
        if (before + entry.cost <= bound_) {
            EXPECT_TRUE(taken);
            EXPECT_EQ(queue_.dropped(), dropped) << "nothing is dropped without need";
        }
        if (taken) {
            expected_.push_back(entry);
        } else {
            EXPECT_FALSE(entry.droppable) << "a droppable one is dropped, not refused";
            std::erase_if(expected_, [](const Waiting& each) { return each.droppable; });
            EXPECT_EQ(queue_.bytes(), bytes_of(false)) << "first all the droppable ones go";
        }
        EXPECT_LE(queue_.bytes(), bound_ + bytes_of(true)) << "only control packets go above the bound";
    }
    /// Of the control packets, or of all that must go.
    std::size_t bytes_of(bool control) const {
        std::size_t sum = 0;
        for (const Waiting& entry : expected_) {
            sum += (control ? entry.control : !entry.droppable) ? entry.cost : 0;
        }
        return sum;
    }
    void pop() {
        const auto message = queue_.pop();
        while (!expected_.empty() && expected_.front().droppable &&
               (!message || !is(*message, expected_.front().number))) {
            expected_.pop_front();      // dropped
        }
        ASSERT_EQ(message.has_value(), !expected_.empty()) << "nothing else is lost";
        if (message) {
            EXPECT_TRUE(is(*message, expected_.front().number)) << "in order";
            EXPECT_EQ(message->cost(), expected_.front().cost);
            expected_.pop_front();
        }
    }
    static bool is(const Message& message, std::size_t number) {
        return message.text->starts_with(std::to_string(number) + ":");
    }

    RandomValues& random_;
    std::size_t bound_;
    SendQueue queue_;
    std::deque<Waiting> expected_;
    std::size_t next_ = 0;
    std::size_t dropped_ = 0;
};

TEST_P(StateProperties, TheQueueKeepsItsBoundItsOrderAndWhatMustGo) {
    QueueWalk walk(random_, 3'000 + random_.below(3'000));
    for (int i = 0; i < 2'000; ++i) {
        walk.step();
    }
}

TEST_P(StateProperties, PingsAndPongsTakeTurnsAndOnlySilenceEndsASession) {
    const Millis interval(1 + random_.below(500));
    const Millis timeout(1 + random_.below(500));
    TimePoint now{};
    Heartbeat heart(interval, timeout, now);
    bool awaiting = false;
    TimePoint ping_due = now + interval;
    TimePoint limit{};
    for (int i = 0; i < 3'000; ++i) {
        now += Millis(random_.below(60));
        switch (random_.below(8)) {
            case 0:
                heart.on_packet(now);
                heart.on_pong(now);
                awaiting = false;
                ping_due = now + interval;
                break;
            case 1:
                heart.on_packet(now);
                limit = now + timeout;
                break;
            default: break;
        }
        EXPECT_EQ(heart.next(), awaiting ? limit : ping_due) << "the timer is exact";
        switch (heart.check(now)) {
            case Heartbeat::Due::nothing: EXPECT_LT(now, heart.next()); break;
            case Heartbeat::Due::ping:
                EXPECT_FALSE(awaiting) << "one ping at a time";
                EXPECT_GE(now, ping_due);
                awaiting = true;
                limit = now + timeout;
                break;
            case Heartbeat::Due::timeout:
                EXPECT_TRUE(awaiting && now >= limit);
                heart = Heartbeat(interval, timeout, now);
                awaiting = false;
                ping_due = now + interval;
                break;
        }
    }
}

/// What an upgrade may do, in the fewest words.
struct TransportModel {
    bool websocket = false;
    bool candidate = false;
    bool probed = false;
    bool poll = false;
    bool post = false;
};

void upgrade_step(TransportState& state, TransportModel& model, RandomValues& random) {
    const std::array<PacketView, 4> packets{
        PacketView{PacketType::ping, "probe", false}, PacketView{PacketType::upgrade, random.chance(2) ? "2" : "", false},
        PacketView{PacketType::ping, "", false}, PacketView{PacketType::message, "probe", false}};
    const std::size_t which = random.below(random.chance(3) ? 2 : packets.size());
    const auto step = state.on_candidate_packet(packets[which]);
    if (which == 0) {
        EXPECT_EQ(step, TransportState::Step::answer_probe);
        model.probed = true;
    } else if (which == 1) {
        EXPECT_EQ(step, TransportState::Step::take_over);
        model = TransportModel{true, false, false, model.poll, model.post};
    } else {
        EXPECT_EQ(step, TransportState::Step::refuse);
        state.upgrade_abandoned();
        model.candidate = model.probed = false;
    }
}

void transport_step(TransportState& state, TransportModel& model, RandomValues& random) {
    switch (random.below(6)) {
        case 0:
            EXPECT_EQ(state.poll_begins(), !model.poll);
            model.poll = true;
            break;
        case 1:
            state.poll_ends();
            model.poll = false;
            break;
        case 2:
            EXPECT_EQ(state.post_begins(), !model.post);
            model.post = true;
            break;
        case 3:
            state.post_ends();
            model.post = false;
            break;
        case 4:
            EXPECT_EQ(state.upgrade_begins(), !model.websocket && !model.candidate);
            model.candidate = !model.websocket;
            break;
        default:
            if (model.candidate) {
                upgrade_step(state, model, random);
            }
    }
    EXPECT_EQ(state.kind(), model.websocket ? TransportKind::websocket : TransportKind::polling);
    EXPECT_EQ(state.poll_open(), model.poll);
    EXPECT_EQ(state.poll_gets_noop(), model.websocket || model.probed);
}

TEST_P(StateProperties, OneCandidateOnePollOnePostAndNeverBackFromTheWebsocket) {
    for (int walk = 0; walk < 100; ++walk) {
        const bool websocket = random_.chance(4);
        TransportState state(websocket ? TransportKind::websocket : TransportKind::polling);
        TransportModel model;
        model.websocket = websocket;
        for (int i = 0; i < 60; ++i) {
            transport_step(state, model, random_);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StateProperties, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace flow::socketio::testing
