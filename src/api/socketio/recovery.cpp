#include "api/socketio/recovery.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace flow::socketio {
namespace {

std::optional<Recovery::Offset> parse_offset(std::string_view text) {
    Recovery::Offset offset = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return offset;
}

std::size_t audience_bytes(const Audience& audience) {
    std::size_t sum = 0;
    for (const auto* rooms : {&audience.rooms, &audience.except}) {
        for (const std::string& room : *rooms) {
            sum += sizeof(room) + room.capacity();
        }
    }
    return sum;
}

}  // namespace

Recovery::Offset Recovery::record(TimePoint now, const EncodedEvent& event,
                                  const Audience& audience) {
    forget(now);
    ++newest_;
    events_.push_back(Kept{newest_, now, event, audience, event.held_bytes() + audience_bytes(audience)});
    bytes_ += events_.back().cost;
    return newest_;
}

void Recovery::park(TimePoint now, std::string pid, Parked session) {
    forget(now);
    session.since = now;
    order_.emplace_back(now, pid);
    parked_[std::move(pid)] = std::move(session);
    if (parked_.size() > limits_.max_parked) {
        forget_oldest_session();
    }
}

/// Not one that has come back since, perhaps to be parked once more.
bool Recovery::is_parked(const std::pair<TimePoint, std::string>& entry) const {
    const auto found = parked_.find(entry.second);
    return found != parked_.end() && found->second.since == entry.first;
}

bool Recovery::forget_front() {
    const bool parked = is_parked(order_.front());
    if (parked) {
        parked_.erase(order_.front().second);
    }
    order_.pop_front();
    return parked;
}

void Recovery::forget_oldest_session() {
    while (!order_.empty() && !forget_front()) {
    }
}

void Recovery::forget(TimePoint now) {
    while (!order_.empty() &&
           (now - order_.front().first > limits_.keep || !is_parked(order_.front()))) {
        forget_front();
    }
    while (!events_.empty() &&
           (bytes_ > limits_.max_bytes || now - events_.front().at > limits_.keep)) {
        bytes_ -= events_.front().cost;
        forgotten_ = events_.front().offset;
        events_.pop_front();
    }
}

bool Recovery::concerns(const Parked& session, const Audience& audience) {
    const auto inside = [&session](const std::string& room) {
        return room == session.id ||
               std::find(session.rooms.begin(), session.rooms.end(), room) != session.rooms.end();
    };
    const bool asked = audience.rooms.empty() ||
                       std::any_of(audience.rooms.begin(), audience.rooms.end(), inside);
    return asked && std::none_of(audience.except.begin(), audience.except.end(), inside);
}

std::optional<Recovery::Restored> Recovery::restore(TimePoint now, const std::string& pid,
                                                    std::string_view offset) {
    forget(now);
    const auto found = parked_.find(pid);
    if (found == parked_.end()) {
        return std::nullopt;
    }
    Restored restored;
    restored.session = std::move(found->second);
    parked_.erase(found);
    const auto seen = offset.empty() ? std::optional(restored.session.joined) : parse_offset(offset);
    if (!seen || *seen < forgotten_ || *seen > newest_) {
        return std::nullopt;
    }
    restored.seen = *seen;
    for (const Kept& kept : events_) {
        if (kept.offset > *seen && concerns(restored.session, kept.audience)) {
            restored.missed.emplace_back(kept.offset, kept.event);
        }
    }
    return restored;
}

}  // namespace flow::socketio
