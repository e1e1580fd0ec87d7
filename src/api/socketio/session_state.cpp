#include "api/socketio/session_state.hpp"

#include <algorithm>
#include <utility>

namespace flow::socketio {
namespace {

/// A queue that is not emptied is moved to its beginning now and then.
constexpr std::size_t kMoveAfter = 64;
constexpr std::size_t kCapacityKept = 1;
constexpr Millis kLate{20};

}  // namespace

Heartbeat::Heartbeat(Millis interval, Millis timeout, TimePoint now)
    : interval_(interval), timeout_(timeout), next_(now + interval) {}

Heartbeat::Due Heartbeat::check(TimePoint now) {
    if (now < next_) {
        return Due::nothing;
    }
    if (awaiting_pong_) {
        return Due::timeout;
    }
    awaiting_pong_ = true;
    // A timer that was late by a little does not add that to the limit; a machine that stood still does.
    next_ = std::max(next_, now - kLate) + timeout_;
    return Due::ping;
}

void Heartbeat::on_packet(TimePoint now) {
    if (awaiting_pong_) {
        next_ = now + timeout_;
    }
}

void Heartbeat::on_pong(TimePoint now) {
    awaiting_pong_ = false;
    next_ = now + interval_;
}

bool TransportState::begin(bool& open) {
    if (open) {
        return false;
    }
    open = true;
    return true;
}

bool TransportState::upgrade_begins() {
    if (kind_ == TransportKind::websocket) {
        return false;
    }
    return begin(candidate_);
}

TransportState::Step TransportState::on_candidate_packet(const PacketView& packet) {
    if (packet.type == PacketType::ping && packet.data == "probe") {
        probed_ = true;
        return Step::answer_probe;
    }
    if (packet.type == PacketType::upgrade) {
        kind_ = TransportKind::websocket;
        candidate_ = false;
        probed_ = false;
        return Step::take_over;
    }
    return Step::refuse;
}

void TransportState::upgrade_abandoned() {
    candidate_ = false;
    probed_ = false;
}

bool SendQueue::push(Message message) {
    const std::size_t cost = message.cost();
    if (bytes_ + cost > max_bytes_) {
        drop_until_fits(cost);
    }
    if (bytes_ + cost > max_bytes_ && !empty()) {
        dropped_ += message.droppable ? 1 : 0;
        return message.droppable;
    }
    count(message);
    messages_.push_back(std::move(message));
    return true;
}

void SendQueue::push_control(Message message) {
    count(message);
    if (first_ > 0) {
        messages_[--first_] = std::move(message);
        return;
    }
    messages_.insert(messages_.begin(), std::move(message));
    ++searched_;
}

void SendQueue::drop_until_fits(std::size_t cost) {
    searched_ = std::max(searched_, first_);
    for (; searched_ < messages_.size() && bytes_ + cost > max_bytes_; ++searched_) {
        drop(messages_[searched_]);
    }
    tidy();
}

void SendQueue::trim_droppable(std::size_t max_bytes) {
    searched_ = std::max(searched_, first_);
    for (; searched_ + 1 < messages_.size() && droppable_bytes_ > max_bytes; ++searched_) {
        drop(messages_[searched_]);
    }
    tidy();
}

/// If it may be dropped.
void SendQueue::drop(Message& message) {
    if (message.droppable) {
        uncount(message);
        message = Message{};
        ++holes_;
        ++dropped_;
    }
}

/// No hole at the front, and not more holes than messages. What is done here in one go has been earned by as many
/// calls before.
void SendQueue::tidy() {
    while (first_ < messages_.size() && is_hole(messages_[first_])) {
        ++first_;
        --holes_;
    }
    if (empty()) {
        release();
        return;
    }
    const std::size_t waiting = messages_.size() - first_;
    const bool passed = first_ >= kMoveAfter && 2 * first_ > messages_.size();
    if (!passed && (holes_ < kMoveAfter || 2 * holes_ < waiting)) {
        return;
    }
    messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(first_));
    std::erase_if(messages_, is_hole);
    first_ = 0;
    searched_ = 0;
    holes_ = 0;
}

std::optional<Message> SendQueue::pop() {
    if (empty()) {
        return std::nullopt;
    }
    Message message = std::move(messages_[first_++]);
    uncount(message);
    tidy();
    return message;
}

void SendQueue::clear() {
    release();
    bytes_ = 0;
    droppable_bytes_ = 0;
}

void SendQueue::release() {
    first_ = 0;
    searched_ = 0;
    holes_ = 0;
    messages_.clear();
    if (messages_.capacity() > kCapacityKept) {
        messages_ = {};
    }
}

void SendQueue::count(const Message& message) {
    bytes_ += message.cost();
    droppable_bytes_ += message.droppable ? message.cost() : 0;
}

void SendQueue::uncount(const Message& message) {
    bytes_ -= message.cost();
    droppable_bytes_ -= message.droppable ? message.cost() : 0;
}

}  // namespace flow::socketio
