// The planner: row and observation in, the next step out (model 4, 5, 7, 11). Pure: no I/O, no clock, no memory;
// the same input gives the same action. It never changes anything.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/observed.hpp"
#include "domain/record.hpp"
#include "reconciler/plan.hpp"

namespace flow::reconciler {

/// The engine containers of one row, by docker id.
using Containers = std::map<std::string, domain::Observed>;

/// What a plan is made from, besides the row. References are read during plan_next only.
struct PlanInput {
    const domain::Record& record;
    const Containers& containers;
    domain::Time now;
    bool stop_in_hand = false;                      ///< a stop call of ours has not answered yet
    domain::Generation pulling = 0;                 ///< whose image is being pulled for this row; 0: none
    domain::Time last_ping;                         ///< when the newest answered ping was sent
    const std::set<std::string>& missing_images;    ///< the engine said that it does not have them
    const std::set<std::string>& known_networks;    ///< networks that are there
    std::string name_prefix = "flow-";
    domain::Duration monitor = std::chrono::seconds{5};
    domain::Time name_wait;                         ///< another row of ours holds its name: not tried before this
};

/// The next action, or nothing when the row is as it should be.
std::optional<Action> plan_next(const PlanInput& input);

/// All steps as they would follow if each of them worked: for dry runs and golden tests. At most `limit`.
std::vector<Action> plan_all(const PlanInput& input, int limit = 32);
/// The same beyond a dependency that is waited for, as if it came to run.
std::vector<Action> plan_on(const PlanInput& input, int limit);
/// One line a step.
std::string render(const std::vector<Action>& plan, const std::string& name);

}  // namespace flow::reconciler
