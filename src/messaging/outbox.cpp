#include "messaging/outbox.hpp"

#include <algorithm>
#include <utility>

namespace flow::messaging {

bool Outbox::add(Outgoing message) {
    const bool full = waiting_.size() >= limits_.messages ||
                      (!waiting_.empty() && bytes_ + message.text.size() > limits_.bytes);
    if (full && !message.durable) {
        return false;
    }
    bytes_ += message.text.size();
    waiting_.push_back(std::move(message));
    return true;
}

bool Outbox::has(const std::string& message_id) const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [&](const Outgoing& message) { return message.message_id == message_id; });
}

const Outgoing* Outbox::next() const {
    return handed_ < waiting_.size() ? &waiting_[handed_] : nullptr;
}

std::vector<Outgoing> Outbox::written(std::uint64_t ticket) {
    std::vector<Outgoing> gone;
    while (handed_ > 0 && waiting_.front().ticket <= ticket) {
        bytes_ -= waiting_.front().text.size();
        gone.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
        --handed_;
    }
    return gone;
}

std::vector<Outgoing> Outbox::expired(domain::Time now) {
    std::vector<Outgoing> gone;
    std::deque<Outgoing> left;
    for (std::size_t at = 0; at < waiting_.size(); ++at) {
        Outgoing& message = waiting_[at];
        if (at >= handed_ && message.until <= now) {
            bytes_ -= message.text.size();
            gone.push_back(std::move(message));
        } else {
            left.push_back(std::move(message));
        }
    }
    waiting_ = std::move(left);
    return gone;
}

std::optional<domain::Time> Outbox::next_expiry() const {
    std::optional<domain::Time> first;
    for (std::size_t at = handed_; at < waiting_.size(); ++at) {
        first = first ? std::min(*first, waiting_[at].until) : waiting_[at].until;
    }
    return first;
}

}  // namespace flow::messaging
