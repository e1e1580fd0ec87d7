// Inside of the planner: one decision about one row. planner.cpp has its life and end, planner_replace.cpp the replace,
// planner_drift.cpp what others changed, planner_code.cpp other code. Only these include this; others planner.hpp. Each
// method answers the next action of its part, or nothing; it reads its input and changes nothing.
#pragma once

#include <utility>
#include "domain/model/model.hpp"
#include "reconciler/planner.hpp"

namespace flow::reconciler {

class Planner {
public:
    using Next = std::optional<Action>;
    using Kind = Action::Kind;

    explicit Planner(const PlanInput& input)
        : in_(input), record_(input.record), status_(input.record.status) {}

    Next next();

private:
    static Action make(Kind kind, std::string cause) {
        Action action;
        action.kind = kind;
        action.cause = std::move(cause);
        return action;
    }
    static Action on(Kind kind, const domain::Observed& container, std::string cause) {
        Action action = make(kind, std::move(cause));
        action.docker_id = container.docker_id;
        return action;
    }

    const domain::Observed* get(const std::string& docker_id) const {
        const auto found = in_.containers.find(docker_id);
        return docker_id.empty() || found == in_.containers.end() ? nullptr : &found->second;
    }
    bool known(const std::string& docker_id) const {
        return docker_id == status_.docker_id || docker_id == status_.next_id ||
               docker_id == status_.prev_id;
    }
    std::string main_name() const { return in_.name_prefix + record_.spec().name; }
    std::string helper_name(const char* suffix) const {
        return in_.name_prefix + record_.container_id + suffix;
    }
    Action rename(const domain::Observed& container, std::string name, std::string cause) const {
        Action action = on(Kind::rename, container, std::move(cause));
        action.engine_name = std::move(name);
        return action;
    }

    Next after_backoff(domain::BackoffKind kind, Next action) const;
    Next step(Action action) const {
        return after_backoff(domain::BackoffKind::step, std::move(action));
    }
    /// An action before a wait, of two waits the shorter one.
    static Next sooner(Next one, Next other);
    bool name_held() const { return in_.now < in_.name_wait; }
    Next named(Action action) const {
        if (!name_held()) {
            return step(std::move(action));
        }
        Action wait = make(Kind::wait, "another one of ours has the name");
        wait.until = in_.name_wait;
        return wait;
    }

    Next job_timer() const;
    Next image(const domain::Spec& spec, domain::Generation generation) const;
    Next restart_pull() const;
    Next up(const domain::Observed& main) const;
    Next unhealthy(const domain::Observed& main) const;
    Next in_place_or_old(const domain::Observed* main) const;
    Next in_hand();
    Next stop_in_hand(const domain::Intention& stop);
    Next deletion() const;
    Next living() const;
    Next verdict(const domain::Observed* next, const domain::Observed* prev) const;
    Next create(domain::Generation generation, domain::Role role, std::string cause) const;
    Next replace(const domain::Observed* main, const domain::Observed* next) const;
    Next replace_or_old(const domain::Observed* main, const domain::Observed* next) const;
    Next swap(const domain::Observed* main, const domain::Observed& next) const;
    Next start_next(const domain::Observed& next) const;
    Next in_place(const domain::Observed* main) const;
    Next link(domain::Generation generation) const;
    Next link_before_create(domain::Generation generation, domain::Role role) const;
    Next code_change(const domain::Observed* main) const;
    Next code_or_old(const domain::Observed* main) const;
    Next trial(const domain::Observed* main) const;
    Next watch_code(const domain::Observed& main, bool started) const;
    Next start_code(const domain::Observed& main) const;
    Next code_verdict(const domain::Observed* main) const;
    Next missing_main() const;
    Next run(const domain::Observed& main) const;
    Next own_name(const domain::Observed& main) const;
    Next drift(const domain::Observed& main) const;
    Next put_back(const domain::Observed& main, std::vector<domain::Difference> found) const;
    Next recreate(const domain::Observed& main) const;
    /// It is removed and made anew; for drift whether it should run or not.
    bool recreating() const {
        return status_.recreate &&
               (!status_.drift->recreating.empty() || domain::model::should_run(record_));
    }
    Next start(const domain::Observed& container, domain::Run run, std::string cause) const;
    Next stop(const domain::Observed& container, domain::Purpose purpose, std::string cause) const;
    bool ended() const {
        domain::Moment moment;
        const domain::State state = domain::model::state_of(record_, moment);
        return state == domain::State::completed || state == domain::State::error;
    }
    std::string spec_changed() const;
    std::string start_cause() const;
    const PlanInput& in_;
    const domain::Record& record_;
    const domain::Status& status_;
    bool waits_ = false;    ///< a call in hand: nothing else is done meanwhile
};

}  // namespace flow::reconciler
