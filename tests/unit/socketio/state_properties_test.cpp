// Random walks of the session's states beside simple models of them.
#include <algorithm>
#include <array>
#include <deque>
#include <numeric>

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
};

/// The queue in the fewest words: what must go stays, droppable ones go from the oldest on and only as far as needed,
/// control packets go first.
struct QueueModel {
    std::size_t bound = 0;
    std::size_t dropped = 0;
    std::deque<Waiting> waiting;

    std::size_t bytes() const {
        return std::accumulate(waiting.begin(), waiting.end(), std::size_t{0},
                               [](std::size_t sum, const Waiting& each) { return sum + each.cost; });
    }
    std::size_t droppable_bytes() const {
        return std::accumulate(waiting.begin(), waiting.end(), std::size_t{0}, [](std::size_t sum, const Waiting& each) {
            return sum + (each.droppable ? each.cost : 0);
        });
    }
    void trim(std::size_t most) {
        for (auto at = waiting.begin(); at != waiting.end() && at + 1 != waiting.end() && droppable_bytes() > most;) {
            dropped += at->droppable ? 1 : 0;
            at = at->droppable ? waiting.erase(at) : at + 1;
        }
    }
    bool push(const Waiting& entry) {
        while (bytes() + entry.cost > bound) {
            const auto oldest = std::find_if(waiting.begin(), waiting.end(),
                                             [](const Waiting& each) { return each.droppable; });
            if (oldest == waiting.end()) {
                break;
            }
            waiting.erase(oldest);
            ++dropped;
        }
        if (bytes() + entry.cost <= bound || waiting.empty()) {
            waiting.push_back(entry);
            return true;
        }
        dropped += entry.droppable ? 1 : 0;
        return entry.droppable;
    }
};

class QueueWalk {
public:
    QueueWalk(RandomValues& random, std::size_t bound) : random_(random), queue_(bound) { model_.bound = bound; }

    void step() {
        if (random_.chance(3)) {
            pop();
        } else if (random_.chance(10)) {
            const std::size_t most = random_.below(model_.bound);
            queue_.trim_droppable(most);
            model_.trim(most);
        } else {
            push();
        }
        EXPECT_EQ(queue_.empty(), model_.waiting.empty());
        EXPECT_EQ(queue_.bytes(), model_.bytes());
        EXPECT_EQ(queue_.droppable_bytes(), model_.droppable_bytes());
        EXPECT_EQ(queue_.dropped(), model_.dropped);
    }

private:
    void push() {
        Waiting entry;
        entry.number = next_++;
        const bool control = random_.chance(9);
        entry.droppable = !control && random_.chance(3);
        const std::size_t size = random_.below(random_.chance(20) ? 2 * model_.bound : model_.bound / 3);
        Message message = numbered(entry.number, size, entry.droppable);
        entry.cost = message.cost();
        if (control) {
            queue_.push_control(std::move(message));
            model_.waiting.push_front(entry);
        } else {
            EXPECT_EQ(queue_.push(std::move(message)), model_.push(entry));
        }
    }
    void pop() {
        const auto message = queue_.pop();
        ASSERT_EQ(message.has_value(), !model_.waiting.empty());
        if (message) {
            const Waiting expected = model_.waiting.front();
            model_.waiting.pop_front();
            EXPECT_TRUE(message->text->starts_with(std::to_string(expected.number) + ":")) << "in order";
        }
    }

    RandomValues& random_;
    SendQueue queue_;
    QueueModel model_;
    std::size_t next_ = 0;
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
                limit = std::max(ping_due, now - Millis(20)) + timeout;
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
