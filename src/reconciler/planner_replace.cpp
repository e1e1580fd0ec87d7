// The replace of an engine container, and changes in place (model 5).
#include <algorithm>

#include "domain/model/rules.hpp"
#include "domain/spec_canonical.hpp"
#include "reconciler/planner_parts.hpp"

namespace flow::reconciler {

using Next = Planner::Next;
namespace model = domain::model;
using domain::ChangeKind;
using domain::Observed;
using domain::Purpose;
using domain::Role;
using domain::Step;
using domain::Time;
using domain::Verdict;

/// While a replace waits for its image or a backoff, the old one lives by the usual rules (model 5).
Next Planner::replace_or_old(const Observed* main, const Observed* next) const {
    Next wanted = replace(main, next);
    const bool waits = wanted && wanted->kind == Kind::wait;
    const bool old_goes_on = waits && main != nullptr && main->running;     // its code is not there
    if ((next != nullptr && !old_goes_on) || (wanted && !waits)) {
        return wanted;
    }
    Next old;
    if (main != nullptr) {
        old = run(*main);
    } else if (!in_.missing_images.contains(record_.active_spec().image) &&
               (!ended() || recreating())) {
        old = create(status_.active_generation, Role::main, "the old one is gone");
    }
    if (!old || !wanted) {
        return old ? old : wanted;
    }
    const bool old_first = old->kind != Kind::wait || old->until <= wanted->until;
    return old_first ? old : wanted;
}

Next Planner::replace(const Observed* main, const Observed* next) const {
    const domain::Generation wanted = model::wanted_generation(record_);
    if (next == nullptr) {
        const bool as_next = main != nullptr || model::has_way_back(record_);
        return create(wanted, as_next ? Role::next : Role::main, spec_changed());
    }
    const bool outdated = change_between(record_.specs.at(status_.next_generation),
                                         record_.specs.at(wanted)) == ChangeKind::recreate;
    if (outdated) {
        const domain::Period* facts = model::find_period(record_, next->docker_id);
        if (facts != nullptr && facts->start != Time{}) {
            return make(Kind::keep, "a newer spec ends the watch");
        }
        return step(on(Kind::remove, *next, "a newer spec came"));
    }
    return swap(main, *next);
}

Next Planner::swap(const Observed* main, const Observed& next) const {
    if (main != nullptr && main->running) {
        return after_backoff(domain::BackoffKind::change, stop(*main, Purpose::update, spec_changed()));
    }
    if (main != nullptr && main->name != helper_name(".prev")) {
        return step(rename(*main, helper_name(".prev"), "the new one takes its name"));
    }
    if (next.name != main_name()) {
        return named(rename(next, main_name(), "it takes the name of the old one"));
    }
    if (!status_.way_back || !model::should_run(record_)) {
        return make(Kind::keep, "no run goes on that could be gone back to");
    }
    return start_next(next);
}

Next Planner::start_next(const Observed& next) const {
    if (next.running) {
        if (status_.run_started < record_.run_wanted) {
            return make(Kind::keep, "a newer request ends the watch");
        }
        const domain::Period* facts = model::find_period(record_, next.docker_id);
        const Time since = facts != nullptr ? facts->start : next.started_at;
        if (in_.now - since >= in_.monitor) {
            return make(Kind::keep, "it stayed up");
        }
        Action watch = make(Kind::wait, "watched");
        watch.until = since + in_.monitor;
        return watch;
    }
    const bool undecided =
        std::any_of(status_.pending.begin(), status_.pending.end(),
                    [&](const auto& exit) { return exit.docker_id == next.docker_id; });
    if (undecided) {
        return std::nullopt;
    }
    if (status_.need_ping != Time{} && in_.last_ping <= status_.need_ping) {
        return make(Kind::ping, "it ended from outside; is the engine on its way down?");
    }
    if (Next switched = link(status_.next_generation)) {
        return switched;
    }
    Action action = on(Kind::start, next, spec_changed());
    action.started_seen = next.started_at;
    action.run = record_.run_wanted;
    return step(std::move(action));
}

Next Planner::verdict(const Observed* next, const Observed* prev) const {
    if (status_.verdict == Verdict::roll_back) {
        if (next != nullptr) {
            return step(on(Kind::remove, *next, "the update failed; the old one comes back"));
        }
        return make(Kind::rolled_back, "the new one is gone");
    }
    if (prev != nullptr) {
        return step(on(Kind::remove, *prev, "the new one is kept"));
    }
    return make(Kind::kept, "the old one is gone");
}

Next Planner::in_place(const Observed* main) const {
    const ChangeKind change = change_between(record_.active_spec(), record_.spec());
    const bool unsure = status_.intention && status_.intention->step == Step::update;
    if (main != nullptr && (change == ChangeKind::in_place || unsure)) {
        Action action = on(Kind::update, *main, spec_changed());
        action.generation = record_.generation;
        return after_backoff(domain::BackoffKind::change, std::move(action));
    }
    return make(Kind::activate, spec_changed());
}

/// While a change in place is refused, the container lives on with what it has.
Next Planner::in_place_or_old(const Observed* main) const {
    Next wanted = in_place(main);
    const bool waits = wanted && wanted->kind == Kind::wait;
    return main != nullptr && waits ? sooner(run(*main), std::move(wanted)) : wanted;
}

std::string Planner::spec_changed() const {
    if (status_.renew && record_.generation == status_.active_generation) {
        return "image " + record_.spec().image + " was pulled and is another one";
    }
    std::string fields;
    for (const std::string& field : domain::changed_fields(record_.active_spec(), record_.spec())) {
        fields += fields.empty() ? field : ", " + field;
    }
    return "spec changed (" + fields + ")";
}

}  // namespace flow::reconciler
