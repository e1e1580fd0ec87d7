#include "messaging/outbox.hpp"

#include <algorithm>
#include <utility>

namespace flow::messaging {

bool Outbox::has_room(std::size_t bytes) const {
    return waiting_.empty() || (waiting_.size() < limits_.messages && bytes_ + bytes <= limits_.bytes);
}

bool Outbox::add(Outgoing message) {
    if (!message.kept && !has_room(message.text.size())) {
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

std::vector<Outgoing> Outbox::expired(const Instant& now) {
    std::vector<Outgoing> gone;
    const auto first = waiting_.begin() + static_cast<std::ptrdiff_t>(handed_);
    const auto left = std::stable_partition(first, waiting_.end(),
                                            [&](const Outgoing& message) { return !message.until.is_over(now); });
    for (auto message = left; message != waiting_.end(); ++message) {
        bytes_ -= message->text.size();
        gone.push_back(std::move(*message));
    }
    waiting_.erase(left, waiting_.end());
    return gone;
}

}  // namespace flow::messaging
