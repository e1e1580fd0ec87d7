#include "api/session.hpp"

#include <algorithm>
#include <utility>

namespace flow::api {

void Session::advance(Seq seq) {
    cursor_ = std::max(cursor_, seq);
    while (!waiting_.empty() && waiting_.begin()->first <= cursor_) {
        const auto action = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        action();
    }
}

void Session::close_stretch() {
    if (stretch_from_ < cursor_) {
        told_.push_back({stretch_from_, cursor_, filters_});
    }
    if (told_.size() > kMostStretches) {
        // Too fine to keep: all of it counts as told. Never twice is worth more than one seen late.
        Told all{told_.front().from, told_.front().to, FilterSet{}};
        for (const Told& part : told_) {
            all.from = std::min(all.from, part.from);
            all.to = std::max(all.to, part.to);
        }
        told_.assign(1, std::move(all));
    }
    stretch_from_ = cursor_;
}

void Session::rewind(Seq since) {
    close_stretch();
    cursor_ = std::min(cursor_, since);
    stretch_from_ = cursor_;
}

void Session::jump(Seq seq) {
    told_.clear();
    cursor_ = seq;
    stretch_from_ = seq;
    advance(seq);
}

bool Session::takes(Seq seq, const EventFacts& event) const {
    if (!filters_.wants(event)) {
        return false;
    }
    return std::none_of(told_.begin(), told_.end(), [&](const Told& part) {
        return part.from < seq && seq <= part.to && part.filters.wants(event);
    });
}

void Session::when_reached(Seq seq, std::function<void()> action) {
    if (seq <= cursor_) {
        action();
    } else {
        waiting_.emplace(seq, std::move(action));
    }
}

void Session::set_filters(FilterSet filters) {
    if (filters == filters_) {
        return;
    }
    close_stretch();
    filters_ = std::move(filters);
}

}  // namespace flow::api
