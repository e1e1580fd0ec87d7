#include "api/filter.hpp"

#include <algorithm>
#include <utility>

namespace flow::api {

bool matches_pattern(std::string_view pattern, std::string_view text) {
    // Greedy with one point to go back to: linear in practice, quadratic at worst, never
    // exponential.
    std::size_t at = 0;
    std::size_t star = std::string_view::npos;
    std::size_t back = 0;
    std::size_t read = 0;
    while (read < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            back = read;
        } else if (at < pattern.size() && pattern[at] == text[read]) {
            ++at;
            ++read;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            read = ++back;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool has_labels(const Labels& labels, const WantedLabels& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
        const auto found = labels.find(label.first);
        return found != labels.end() && (!label.second || *label.second == found->second);
    });
}

bool FilterSet::fits(const Filter& filter, const EventFacts& event) const {
    if (!filter.container_ids.empty() &&
        !filter.container_ids.contains(std::string(event.container_id))) {
        return false;
    }
    if (!filter.task_id.empty() && filter.task_id != event.task_id) {
        return false;
    }
    if (!filter.labels.empty() &&
        (event.labels == nullptr || !has_labels(*event.labels, filter.labels))) {
        return false;
    }
    return filter.types.empty() ||
           std::any_of(filter.types.begin(), filter.types.end(), [&](const std::string& pattern) {
               return matches_pattern(pattern, event.type);
           });
}

bool FilterSet::wants(const EventFacts& event) const {
    return everything_ || std::any_of(filters_.begin(), filters_.end(), [&](const Filter& filter) {
               return fits(filter, event);
           });
}

bool FilterSet::asks_by_name(std::string_view type) const {
    return std::any_of(filters_.begin(), filters_.end(), [&](const Filter& filter) {
        return std::find(filter.types.begin(), filter.types.end(), type) != filter.types.end();
    });
}

bool FilterSet::add(Filter filter) {
    if (std::find(filters_.begin(), filters_.end(), filter) != filters_.end()) {
        return true;
    }
    if (filters_.size() >= kMost) {
        return false;
    }
    everything_ = false;
    filters_.push_back(std::move(filter));
    return true;
}

bool FilterSet::remove(const Filter& filter) {
    const auto found = std::find(filters_.begin(), filters_.end(), filter);
    if (found == filters_.end()) {
        return false;
    }
    filters_.erase(found);
    return true;
}

void FilterSet::clear() {
    everything_ = false;
    filters_.clear();
}

}  // namespace flow::api
