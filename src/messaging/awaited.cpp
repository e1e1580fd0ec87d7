#include "messaging/awaited.hpp"

namespace flow::messaging {

void Awaited::add(Reply reply) {
    const Key key{reply.container_id, reply.message_id};
    deadlines_.emplace(reply.until, key);
    waiting_.insert_or_assign(key, std::move(reply));
}

std::optional<Awaited::Reply> Awaited::take(const std::string& container_id, const std::string& message_id) {
    const auto found = waiting_.find(Key{container_id, message_id});
    if (found == waiting_.end()) {
        return std::nullopt;
    }
    Reply reply = std::move(found->second);
    deadlines_.erase({reply.until, found->first});
    waiting_.erase(found);
    return reply;
}

std::vector<Awaited::Reply> Awaited::take_all(const std::string& container_id) {
    std::vector<Reply> all;
    auto next = waiting_.lower_bound(Key{container_id, ""});
    while (next != waiting_.end() && next->first.first == container_id) {
        deadlines_.erase({next->second.until, next->first});
        all.push_back(std::move(next->second));
        next = waiting_.erase(next);
    }
    return all;
}

std::vector<Awaited::Reply> Awaited::expired(Steady now) {
    std::vector<Reply> late;
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        const auto found = waiting_.find(deadlines_.begin()->second);
        late.push_back(std::move(found->second));
        waiting_.erase(found);
        deadlines_.erase(deadlines_.begin());
    }
    return late;
}

}  // namespace flow::messaging
