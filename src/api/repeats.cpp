#include "api/repeats.hpp"

#include "api/socketio/json_text.hpp"

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
    const bool never_left = !result && result.error().type != domain::ErrorType::socket_timeout_error;
    if (never_left) {
        entries_.erase(found);      // it may be tried again under its id
    } else {
        found->second.result = result;
        found->second.bytes = result && result->reply ? socketio::dump_json(*result->reply).size() : 0;
        bytes_ += found->second.bytes;
        ended_.push_back(key);
    }
    while (ended_.size() > most_ || bytes_ > most_bytes_) {
        forget_oldest();
    }
    for (const Answer& answer : waiting) {
        answer(result);
    }
}

void Repeats::forget_oldest() {
    const auto oldest = entries_.find(ended_.front());
    bytes_ -= oldest->second.bytes;
    entries_.erase(oldest);
    ended_.pop_front();
}

}  // namespace flow::api
