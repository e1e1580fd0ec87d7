// Who waits for another row or for its turn among jobs: so that a change is told to those alone whom it may concern.
// Memory only; each pass of a row tells anew what it waits for.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/record.hpp"

namespace flow::reconciler {

class Waits {
public:
    /// `name`: the key of the name that it depends on, "" for none; `turn`: its place among the jobs that wait.
    void set(const std::string& container_id, const std::string& name,
             std::optional<domain::Seq> turn);
    void erase(const std::string& container_id) { set(container_id, "", std::nullopt); }
    std::vector<std::string> for_name(const std::string& name) const;
    std::vector<std::string> for_any_name() const;
    /// The first `most` in the order of their turns: before they have begun nobody behind them may.
    std::vector<std::string> first_in_turn(std::size_t most) const;

private:
    struct Entry {
        std::string name;
        std::optional<domain::Seq> turn;
    };
    std::map<std::string, Entry> entries_;
    std::map<std::string, std::set<std::string>> by_name_;
    std::set<std::pair<domain::Seq, std::string>> by_turn_;
};

}  // namespace flow::reconciler
