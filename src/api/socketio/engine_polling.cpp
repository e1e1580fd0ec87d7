// The polling half of EngineSession: what an open poll waits for and what it is answered with.
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/socketio/engine_session.hpp"

namespace flow::socketio {
namespace {

/// How long a poll between probe and upgrade is held before its noop.
constexpr Millis kNoopDelay{50};
/// A poll's answer takes further messages up to this size and number of packets: python-engineio
/// hangs up when it gets more than 16.
constexpr std::size_t kPollBatch = 1024 * 1024;
constexpr std::size_t kPollPackets = 16;

}  // namespace

boost::asio::awaitable<PollAnswer> EngineSession::poll() {
    const auto self = shared_from_this();
    if (!transport_.poll_begins()) {
        fail("transport error");
        PollAnswer refused;
        refused.conflict = true;
        co_return refused;
    }
    bool waited = false;
    poll_wake_ = std::make_unique<boost::asio::steady_timer>(timer_.get_executor());
    while (!poll_is_due(waited)) {
        if (transport_.poll_gets_noop()) {
            poll_wake_->expires_after(kNoopDelay);
        } else {
            poll_wake_->expires_at(TimePoint::max());
        }
        co_await poll_wake_->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        waited = true;
    }
    poll_wake_.reset();
    transport_.poll_ends();
    co_return make_poll_answer();
}

bool EngineSession::poll_is_due(bool waited) const {
    if (life_ == Life::closed || life_ == Life::closing) {
        return true;
    }
    return transport_.poll_gets_noop() ? waited : !queue_.empty();
}

PollAnswer EngineSession::make_poll_answer() {
    PollAnswer answer;
    if (life_ == Life::closed) {
        answer.payload.assign(1, static_cast<char>(farewell_));
        return answer;
    }
    if (transport_.poll_gets_noop()) {
        answer.payload.assign(1, static_cast<char>(PacketType::noop));
        return answer;
    }
    std::size_t packets = 0;
    while (!queue_.empty()) {
        const Message& next = queue_.front();
        packets += next.packets();
        const bool fits = answer.cost + next.cost() <= kPollBatch && packets <= kPollPackets;
        if (answer.cost > 0 && !fits) {
            break;
        }
        answer.cost += next.cost();
        append_packets(answer.payload, next);
        queue_.pop();
    }
    in_flight_ += answer.cost;
    if (finished() && packets < kPollPackets) {
        if (!answer.payload.empty()) {
            answer.payload.push_back(kPacketSeparator);
        }
        answer.payload.push_back(static_cast<char>(PacketType::close));
        fail("closed");
    }
    return answer;
}

void EngineSession::append_packets(std::string& payload, const Message& message) {
    const auto separate = [&payload] {
        if (!payload.empty()) {
            payload.push_back(kPacketSeparator);
        }
    };
    if (message.text) {
        separate();
        payload += *message.text;
    }
    for (const Bytes& attachment : message.attachments) {
        separate();
        append_binary_packet(payload, *attachment);
    }
}

}  // namespace flow::socketio
