#include "reconciler/work_queue.hpp"

#include <algorithm>

namespace flow::reconciler {

void WorkQueue::add(const std::string& key, domain::Time due) {
    const auto busy = processing_.find(key);
    if (busy != processing_.end()) {
        busy->second = busy->second ? std::min(*busy->second, due) : due;
        return;
    }
    const auto queued = due_.find(key);
    if (queued != due_.end()) {
        if (queued->second <= due) {
            return;
        }
        order_.erase({queued->second, key});
    }
    due_[key] = due;
    order_.emplace(due, key);
}

std::optional<std::string> WorkQueue::take(domain::Time now) {
    if (order_.empty() || order_.begin()->first > now) {
        return std::nullopt;
    }
    std::string key = order_.begin()->second;
    order_.erase(order_.begin());
    due_.erase(key);
    processing_.emplace(key, std::nullopt);
    return key;
}

void WorkQueue::done(const std::string& key) {
    const auto busy = processing_.find(key);
    if (busy == processing_.end()) {
        return;
    }
    const auto again = busy->second;
    processing_.erase(busy);
    if (again) {
        add(key, *again);
    }
}

std::optional<domain::Time> WorkQueue::next_due() const {
    if (order_.empty()) {
        return std::nullopt;
    }
    return order_.begin()->first;
}

}  // namespace flow::reconciler
