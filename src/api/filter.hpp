// Which events a session wants: what `subscribe` asked for. A session that never subscribed wants
// everything (contract 3: legacy clients). Plain values, owned by the session.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace flow::api {

using Labels = std::map<std::string, std::string>;
/// A label without a value asks for any.
using WantedLabels = std::map<std::string, std::optional<std::string>>;

/// One subscription: an event must fit every part that is given.
struct Filter {
    std::set<std::string> container_ids;
    std::vector<std::string> types;     ///< patterns: "container_*"
    WantedLabels labels;
    std::string task_id;
    bool operator==(const Filter&) const = default;
};

/// What a filter looks at.
struct EventFacts {
    std::string_view type;
    std::string_view container_id;
    std::string_view task_id;
    /// The container's labels; none when they are not known or the event is about no container.
    const Labels* labels = nullptr;
};

/// '*' stands for any characters, also none.
bool matches_pattern(std::string_view pattern, std::string_view text);

/// Does this map have all the labels asked for?
bool has_labels(const Labels& labels, const WantedLabels& wanted);

class FilterSet {
public:
    /// At most this many subscriptions a session.
    static constexpr std::size_t kMost = 100;

    bool wants(const EventFacts& event) const;
    /// A subscription that names this type without a pattern.
    bool asks_by_name(std::string_view type) const;

    /// False when there are too many. The first one ends "everything".
    bool add(Filter filter);
    /// Takes one subscription back; false when there is none like it.
    bool remove(const Filter& filter);
    /// Takes all back: nothing is wanted until the next subscription.
    void clear();
    bool everything() const { return everything_; }

    bool operator==(const FilterSet&) const = default;

private:
    bool fits(const Filter& filter, const EventFacts& event) const;

    bool everything_ = true;
    std::vector<Filter> filters_;
};

}  // namespace flow::api
