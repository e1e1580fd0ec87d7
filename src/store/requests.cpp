#include "store/requests.hpp"

namespace flow::store {

const Remembered* RequestBook::find(const std::string& actor,
                                    const std::string& request_id) const {
    const auto found = requests_.find(RequestKey{actor, request_id});
    return found == requests_.end() ? nullptr : &found->second;
}

void RequestBook::put(const RequestKey& key, Remembered request) {
    if (request.end || request.refusal) {
        ended_.push_back(Ended{request.ended_at, key});
    }
    if (request.client_gave_id) {
        requests_[key] = std::move(request);
    }
}

void RequestBook::end(const domain::RequestEnd& end, domain::Time now) {
    const RequestKey key{end.actor, end.request_id};
    if (const auto known = requests_.find(key); known != requests_.end()) {
        known->second.end = end;
        known->second.ended_at = now;
    }
    ended_.push_back(Ended{now, key});
}

void RequestBook::erase(const RequestKey& key) { requests_.erase(key); }

std::vector<RequestKey> RequestBook::purge(domain::Time until, std::size_t limit,
                                           std::size_t most) {
    std::vector<RequestKey> gone;
    while (!ended_.empty() && gone.size() < most) {
        const Ended& oldest = ended_.front();
        if (oldest.at >= until && ended_.size() <= limit) {
            break;
        }
        const auto found = requests_.find(oldest.key);
        // Only if that end still counts: the key may have been used anew since.
        if (found == requests_.end() || found->second.ended_at == oldest.at) {
            gone.push_back(oldest.key);
        }
        if (found != requests_.end() && found->second.ended_at == oldest.at) {
            requests_.erase(found);
        }
        ended_.pop_front();
    }
    return gone;
}

}  // namespace flow::store
