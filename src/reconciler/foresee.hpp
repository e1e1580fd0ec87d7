// What follows if every step works: the row and its engine containers as the plan's actions would leave them. Works on
// copies with the model's own functions; free of I/O. The dry run (plan_all) walks it, tests look at where it ends.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "domain/change.hpp"
#include "domain/record.hpp"
#include "reconciler/planner.hpp"

namespace flow::reconciler {

class Foresight {
public:
    /// Copies what `input` refers to.
    explicit Foresight(const PlanInput& input);

    /// Decides the next step and does it on the copies; nothing when it ends here. A wait for the loop's own work
    /// (a window, a call in hand) passes; a wait for a backoff, a name or a dependency is answered once and ends it.
    std::optional<Action> step();
    /// It ended because a dependency does not run, or other jobs have their turn: from now on that is over. False when
    /// that is not why it ended.
    bool meet_dependency();

    const domain::Record& record() const { return record_; }
    const Containers& containers() const { return containers_; }
    domain::Time now() const { return now_; }
    /// The events and ends that the steps so far would have brought about.
    const domain::Changes& changes() const { return out_; }
    /// The row itself would be gone.
    bool gone() const { return out_.remove_record; }

private:
    PlanInput input() const;
    domain::Moment moment() const;
    domain::Observed* container(const std::string& docker_id);
    std::optional<Action> what_is_in_hand();
    void apply(const Action& action);
    void intend(const Action& action, domain::Step step);
    void pull(const Action& action);
    /// "new-1", "new-2" … for an engine container that would be made.
    std::string unused_id() const;
    void create(const Action& action);
    void start(const Action& action);
    void stop(const Action& action);
    void end_process(const std::string& docker_id, int code);
    void remove(const Action& action);
    void simple_call(const Action& action);
    void repair(const Action& action);
    void record_drift(const Action& action);
    void switch_code(const Action& action);
    void look(const Action& action);
    void clean(const Action& action);
    void wait(const Action& action);

    domain::Record record_;
    Containers containers_;
    std::set<std::string> missing_images_;
    std::set<std::string> known_networks_;
    std::string name_prefix_;
    domain::Duration monitor_;
    domain::Time name_wait_;
    domain::Time now_;
    domain::Time last_ping_;
    bool stop_in_hand_;
    domain::Generation pulling_;
    bool over_ = false;
    domain::Changes out_;
};

}  // namespace flow::reconciler
