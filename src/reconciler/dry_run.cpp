// What the loop would do for a row, without doing it: the same planner run forward on copies.
#include "reconciler/foresee.hpp"
#include "reconciler/reconciler.hpp"

namespace flow::reconciler {

std::vector<Action> plan_on(const PlanInput& input, int limit) {
    Foresight foresight{input};
    std::vector<Action> plan;
    while (static_cast<int>(plan.size()) < limit) {
        std::optional<Action> action = foresight.step();
        if (action) {
            plan.push_back(std::move(*action));
        } else if (!foresight.meet_dependency()) {
            break;
        }
    }
    return plan;
}

std::optional<std::vector<std::string>> Reconciler::dry_run(const domain::Record& row) const {
    constexpr int kMostSteps = 64;
    if (!watch_.live()) {
        return std::nullopt;
    }
    domain::Record record = row;
    record.status.waiting_for = unmet_dependency(record);
    std::vector<std::string> steps;
    for (const Action& action : plan_on(input_for(record), kMostSteps)) {
        const int number = static_cast<int>(steps.size()) + 1;
        steps.push_back(render(action, record.spec().name, number));
    }
    return steps;
}

}  // namespace flow::reconciler
