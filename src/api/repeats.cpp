#include "api/repeats.hpp"

namespace flow::api {

Repeats::Begun Repeats::begin(const Key& key, const std::string& digest, Answer answer) {
    const auto [found, first] = entries_.try_emplace(key);
    Entry& entry = found->second;
    if (first) {
        entry.digest = digest;
    } else if (entry.digest != digest) {
        return Begun::other_payload;
    }
    if (entry.result) {
        const Result result = *entry.result;
        answer(result);
        return Begun::again;
    }
    entry.waiting.push_back(std::move(answer));
    return first ? Begun::first : Begun::again;
}

void Repeats::end(const Key& key, const Result& result) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) {
        return;
    }
    const std::vector<Answer> waiting = std::exchange(found->second.waiting, {});
    const bool ours = !result && result.error().type == domain::ErrorType::system_error;
    if (ours) {
        entries_.erase(found);      // what failed by our doing may be tried again
    } else {
        found->second.result = result;
        ended_.push_back(key);
    }
    if (ended_.size() > most_) {
        entries_.erase(ended_.front());
        ended_.pop_front();
    }
    for (const Answer& answer : waiting) {
        answer(result);
    }
}

}  // namespace flow::api
