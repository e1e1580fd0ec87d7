#include "reconciler/waits.hpp"

namespace flow::reconciler {

void Waits::set(const std::string& container_id, const std::string& name,
                std::optional<domain::Seq> turn) {
    if (const auto old = entries_.find(container_id); old != entries_.end()) {
        if (const auto named = by_name_.find(old->second.name); named != by_name_.end()) {
            named->second.erase(container_id);
            if (named->second.empty()) {
                by_name_.erase(named);
            }
        }
        if (old->second.turn) {
            by_turn_.erase({*old->second.turn, container_id});
        }
        entries_.erase(old);
    }
    if (name.empty() && !turn) {
        return;
    }
    entries_[container_id] = Entry{name, turn};
    if (!name.empty()) {
        by_name_[name].insert(container_id);
    }
    if (turn) {
        by_turn_.emplace(*turn, container_id);
    }
}

std::vector<std::string> Waits::for_name(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end()
               ? std::vector<std::string>{}
               : std::vector<std::string>{found->second.begin(), found->second.end()};
}

std::vector<std::string> Waits::for_any_name() const {
    std::vector<std::string> ids;
    for (const auto& [name, waiting] : by_name_) {
        ids.insert(ids.end(), waiting.begin(), waiting.end());
    }
    return ids;
}

std::vector<std::string> Waits::first_in_turn(std::size_t most) const {
    std::vector<std::string> ids;
    for (auto next = by_turn_.begin(); next != by_turn_.end() && ids.size() < most; ++next) {
        ids.push_back(next->second);
    }
    return ids;
}

}  // namespace flow::reconciler
