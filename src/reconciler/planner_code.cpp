// Other code in the same engine container, and the link that has to stand for it before it is made or started (model 6).
#include <algorithm>

#include "domain/model/rules.hpp"
#include "reconciler/planner_parts.hpp"

namespace flow::reconciler {

using Next = Planner::Next;
namespace model = domain::model;
using domain::BackoffKind;
using domain::ChangeKind;
using domain::Generation;
using domain::Observed;
using domain::Purpose;
using domain::Role;
using domain::Time;

/// The switch, when the link does not stand for that generation's code, or nobody knows what it stands for.
Next Planner::link(Generation generation) const {
    const domain::Code& code = *record_.specs.at(generation).code;
    if (!code.wanted() || status_.linked == code.digest) {
        return std::nullopt;
    }
    Action action = make(Kind::switch_code, "its code is that of generation " + std::to_string(generation));
    action.generation = generation;
    const bool counts = generation == status_.active_generation;
    return after_backoff(counts ? BackoffKind::step : BackoffKind::change, std::move(action));
}

/// The engine makes nothing whose mounts are not there. What runs meanwhile keeps what it started with.
Next Planner::link_before_create(Generation generation, Role role) const {
    if (role == Role::main) {
        const bool counts = generation == status_.active_generation;
        return link(counts ? model::code_generation(record_) : generation);
    }
    if (!status_.linked.empty()) {
        return std::nullopt;    // beside the old one: switched when that has ended
    }
    const bool old = status_.active_generation != 0 && record_.active_spec().code->wanted();
    return link(old ? status_.active_generation : generation);
}

Next Planner::code_change(const Observed* main) const {
    Action change = make(Kind::switch_code, spec_changed());
    change.generation = record_.generation;
    Next wanted = after_backoff(BackoffKind::change, std::move(change));
    if (wanted->kind == Kind::wait || main == nullptr || !main->running) {
        return wanted;
    }
    return stop(*main, Purpose::update, spec_changed());
}

/// While the switch is refused, the old code runs on.
Next Planner::code_or_old(const Observed* main) const {
    Next wanted = code_change(main);
    const bool waits = wanted && wanted->kind == Kind::wait;
    return main != nullptr && waits ? sooner(run(*main), std::move(wanted)) : wanted;
}

Next Planner::trial(const Observed* main) const {
    const bool started = status_.run_started >= status_.trial_run;
    const ChangeKind newer = change_between(record_.specs.at(status_.trial), record_.spec());
    if (newer == ChangeKind::recreate || newer == ChangeKind::code) {
        return started ? make(Kind::keep_code, "a newer spec ends the watch")
                       : make(Kind::drop_code, "a newer spec came");
    }
    if (!model::should_run(record_)) {
        return make(Kind::keep_code, "no run goes on that could be gone back to");
    }
    if (main == nullptr) {
        return create(status_.active_generation, Role::main, "its engine container is gone");
    }
    return main->running ? watch_code(*main, started) : start_code(*main);
}

Next Planner::watch_code(const Observed& main, bool started) const {
    if (!started) {
        return stop(main, Purpose::update, "it was started by somebody else, perhaps with the old code");
    }
    if (status_.run_started < record_.run_wanted) {
        return make(Kind::keep_code, "a newer request ends the watch");
    }
    const domain::Period* facts = model::find_period(record_, main.docker_id);
    const Time since = facts != nullptr ? facts->start : main.started_at;
    if (in_.now - since >= in_.monitor) {
        return make(Kind::keep_code, "it stayed up");
    }
    Action watch = make(Kind::wait, "watched");
    watch.until = since + in_.monitor;
    return watch;
}

Next Planner::start_code(const Observed& main) const {
    const bool undecided =
        std::any_of(status_.pending.begin(), status_.pending.end(),
                    [&](const auto& exit) { return exit.docker_id == main.docker_id; });
    if (undecided) {
        return std::nullopt;
    }
    if (status_.need_ping != Time{} && in_.last_ping <= status_.need_ping) {
        return make(Kind::ping, "it ended from outside; is the engine on its way down?");
    }
    if (Next switched = link(status_.trial)) {
        return switched;
    }
    Action action = on(Kind::start, main, spec_changed());
    action.started_seen = main.started_at;
    action.run = record_.run_wanted;
    return step(std::move(action));
}

/// The update has failed: the process goes, the link goes back, and the old code is started by the usual rules.
Next Planner::code_verdict(const Observed* main) const {
    if (main != nullptr && main->running) {
        return stop(*main, Purpose::update, "the update failed; the old code comes back");
    }
    if (Next switched = link(status_.active_generation)) {
        return switched;
    }
    return make(Kind::code_rolled_back, "the old code is there again");
}

}  // namespace flow::reconciler
