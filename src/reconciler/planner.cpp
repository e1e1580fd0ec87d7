#include "reconciler/planner.hpp"

#include <algorithm>

#include "domain/model/rules.hpp"
#include "domain/spec_canonical.hpp"
#include "reconciler/planner_parts.hpp"

namespace flow::reconciler {

using Next = Planner::Next;
namespace model = domain::model;
using domain::BackoffKind;
using domain::Generation;
using domain::Observed;
using domain::Purpose;
using domain::Role;
using domain::Run;
using domain::Step;
using domain::Time;
using domain::Verdict;

Next Planner::next() {
    if (Next action = in_hand(); action || waits_) {
        return action;
    }
    const Next timer = record_.deleted ? std::nullopt : job_timer();
    if (timer && timer->kind != Kind::wait) {
        return timer;
    }
    Next action = record_.deleted ? deletion() : living();
    if (action) {
        return sooner(std::move(action), timer);
    }
    if (status_.intention) {
        return make(Kind::nothing_in_hand, "what was in hand is over");
    }
    if (status_.observed_generation != record_.generation) {
        return make(Kind::observe_generation, "nothing to do for this generation");
    }
    return timer;
}

Next Planner::sooner(Next one, Next other) {
    if (!one || !other) {
        return one ? one : other;
    }
    const bool first = one->kind != Kind::wait ||
                       (other->kind == Kind::wait && one->until <= other->until);
    return first ? one : other;
}

Next Planner::after_backoff(BackoffKind kind, Next action) const {
    const auto backoff = status_.backoff.find(kind);
    if (backoff == status_.backoff.end() || backoff->second.next <= in_.now) {
        return action;
    }
    Action wait = make(Kind::wait, "backoff");
    wait.until = backoff->second.next;
    return wait;
}

Next Planner::in_hand() {
    const auto& intention = status_.intention;
    if (!intention) {
        return std::nullopt;
    }
    if (intention->step == Step::create) {
        for (const auto& [id, container] : in_.containers) {
            if (!known(id) && container.spec_hash == intention->hash &&
                container.generation == intention->generation) {
                return on(Kind::adopt, container, "it was made by the create in hand");
            }
        }
    }
    return intention->step == Step::stop ? stop_in_hand(*intention) : std::nullopt;
}

Next Planner::stop_in_hand(const domain::Intention& intention) {
    const Observed* container = get(intention.docker_id);
    if (container == nullptr || !container->running) {
        return make(Kind::stop_done, "its process is gone");
    }
    if (!in_.stop_in_hand) {
        return std::nullopt;
    }
    waits_ = true;
    const bool by_force = record_.deleted && record_.force;
    const bool at_once = !model::should_run(record_) && record_.stop_timeout == domain::Duration{0};
    if ((by_force || at_once) && !intention.cut_short) {
        Action kill = on(Kind::cut_short, *container,
                         by_force ? "deletion with force" : "a stop with timeout 0 was asked for");
        kill.purpose = intention.purpose;
        return kill;
    }
    return std::nullopt;
}

Next Planner::deletion() const {
    for (const auto& [id, container] : in_.containers) {
        if (container.running) {
            Next action = stop(container, Purpose::remove, "deletion was asked for");
            if (action && action->kind == Kind::stop && record_.force) {
                action->kind = Kind::cut_short;
            }
            return action;
        }
    }
    for (const auto& [id, container] : in_.containers) {
        return step(on(Kind::remove, container, "deletion was asked for"));
    }
    if (status_.cleanup->volumes.empty()) {
        return step(make(Kind::clean_volumes, "deletion was asked for"));
    }
    if (status_.cleanup->socket.empty()) {
        return step(make(Kind::clean_socket, "deletion was asked for"));
    }
    const bool has_code = std::any_of(record_.specs.begin(), record_.specs.end(),
                                      [](const auto& entry) { return entry.second.code->wanted(); });
    if (status_.cleanup->code.empty() && (has_code || !status_.linked.empty())) {
        return step(make(Kind::clean_code, "deletion was asked for"));
    }
    if (status_.cleanup->workspace.empty() && !status_.workspaces.empty()) {
        return step(make(Kind::clean_workspace, "deletion was asked for"));
    }
    return make(Kind::gone, "everything is clean");
}

Next Planner::living() const {
    for (const auto& [id, container] : in_.containers) {
        if (!known(id)) {
            return step(on(Kind::remove, container, "no step of ours asked for it"));
        }
    }
    const Observed* main = get(status_.docker_id);
    const Observed* next = get(status_.next_id);
    const Observed* prev = get(status_.prev_id);
    Action vanished = make(Kind::gone_containers, "the engine does not have it any more");
    for (const std::string* id : {&status_.docker_id, &status_.next_id, &status_.prev_id}) {
        if (!id->empty() && get(*id) == nullptr) {
            vanished.docker_ids.push_back(*id);
        }
    }
    if (!vanished.docker_ids.empty()) {
        return vanished;
    }
    if (main != nullptr && next == nullptr && status_.verdict == Verdict::none) {
        if (Next renamed = own_name(*main); renamed && renamed->kind != Kind::wait) {
            return renamed;
        }
    }
    if (status_.verdict != Verdict::none) {
        return status_.trial != 0 ? code_verdict(main) : verdict(next, prev);
    }
    if (status_.trial != 0) {
        return trial(main);
    }
    if (model::replacing(record_)) {
        return replace_or_old(main, next);
    }
    const bool newer = status_.active_generation != 0 &&
                       status_.active_generation != record_.generation &&
                       status_.failed_generation != record_.generation;
    if (newer) {
        return model::code_changes(record_) ? code_or_old(main) : in_place_or_old(main);
    }
    return main == nullptr ? missing_main() : run(*main);
}

Next Planner::create(Generation generation, Role role, std::string cause) const {
    if (status_.queued) {
        return std::nullopt;
    }
    const domain::Spec& spec = record_.specs.at(generation);
    const bool as_it_was = role == Role::main && status_.pinned && !status_.image_id.empty() &&
                           generation == status_.active_generation;
    if (Next pull = image(spec, generation); pull && !as_it_was) {
        return in_.pulling == generation ? std::nullopt : pull;
    }
    for (const std::string& network : spec.networking.networks) {
        if (!in_.known_networks.contains(network)) {
            Action ensure = make(Kind::ensure_network, "the spec names it");
            ensure.subject = network;
            return step(std::move(ensure));
        }
    }
    if (Next switched = link_before_create(generation, role)) {
        return switched;
    }
    Action action = make(Kind::create, std::move(cause));
    action.generation = generation;
    action.role = role;
    action.subject = as_it_was ? status_.image_id : "";
    action.engine_name = role == Role::main ? main_name() : helper_name(".next");
    return role == Role::main ? named(std::move(action))
                              : after_backoff(BackoffKind::change, std::move(action));
}

/// The pull that has to come before the create (contract 2, pull_policy); nothing when the image will do.
Next Planner::image(const domain::Spec& spec, Generation generation) const {
    const bool missing = in_.missing_images.contains(spec.image);
    const bool anew = spec.pull_policy == domain::PullPolicy::always &&
                      status_.pulled_generation < generation;
    if (!missing && !anew) {
        return std::nullopt;
    }
    const bool never = spec.pull_policy == domain::PullPolicy::never;
    Action pull = make(never ? Kind::no_image : Kind::pull_image,
                       missing ? "the engine does not have it" : "pull_policy is always");
    pull.subject = spec.image;
    pull.generation = generation;
    return after_backoff(BackoffKind::pull, std::move(pull));
}

/// Another image under the same name makes the restart a replace; while it is on its way the old one lives on (model 5).
Next Planner::restart_pull() const {
    if (in_.pulling != 0) {
        return std::nullopt;
    }
    Action pull = make(Kind::pull_image, "a restart was asked for, and pull_policy is always");
    pull.subject = record_.active_spec().image;
    pull.generation = status_.active_generation;
    pull.run = record_.restart_run;
    return after_backoff(BackoffKind::pull, std::move(pull));
}

/// What time alone brings about for a job, or the wait until then.
Next Planner::job_timer() const {
    const auto timer = model::job_timer(record_);
    if (!timer) {
        return std::nullopt;
    }
    const bool deadline = timer->what == model::JobTimer::What::deadline;
    if (timer->due <= in_.now) {
        return make(deadline ? Kind::deadline_passed : Kind::expire,
                    deadline ? "its active_deadline is over" : "it was kept long enough");
    }
    Action wait = make(Kind::wait, deadline ? "its active_deadline" : "it is kept for a while");
    wait.until = timer->due;
    return wait;
}

Next Planner::missing_main() const {
    if (ended() && !recreating()) {
        return std::nullopt;    // completed, error: left until the next start (model 11)
    }
    return create(model::wanted_generation(record_), Role::main,
                  status_.active_generation == 0 ? "declared" : "its engine container is gone");
}

/// What fails again and again (a name that others hold, a repair) bounds the wait, and holds up nothing else.
Next Planner::run(const Observed& main) const {
    Next held = own_name(main);
    if (held && held->kind != Kind::wait) {
        return held;
    }
    const bool wanted = model::should_run(record_);
    if (main.running && !wanted) {
        return stop(main, Purpose::stop, "it should not run");
    }
    const bool pulls = model::restart_pulls(record_);
    if (Next pull = pulls ? restart_pull() : std::nullopt) {
        if (pull->kind != Kind::wait) {
            return pull;
        }
        held = sooner(std::move(held), std::move(pull));
    }
    if (main.running && status_.run_started < record_.run_wanted && !pulls) {
        return stop(main, Purpose::restart, "a restart was asked for");
    }
    if (main.running && main.paused) {
        return step(on(Kind::unpause, main, "somebody paused it"));
    }
    if (recreating() && (!main.running || !status_.drift->recreating.empty())) {
        return recreate(main);
    }
    const bool due = wanted && (!main.running || status_.ports_pending);
    const bool failed = status_.backoff.contains(BackoffKind::change);
    if (Next repair = drift(main); repair && !(due && failed)) {
        if (repair->kind != Kind::wait) {
            return repair;
        }
        held = sooner(std::move(held), std::move(repair));
    }
    return wanted ? sooner(up(main), std::move(held)) : held;
}

Next Planner::up(const Observed& main) const {
    if (!main.running && model::restart_pulls(record_)) {
        const bool goes_on = status_.run_ended < status_.run_started;
        return goes_on ? start(main, status_.run_started, start_cause()) : std::nullopt;
    }
    if (!main.running) {
        return start(main, record_.run_wanted, start_cause());
    }
    if (status_.ports_pending) {
        return step(on(Kind::read_ports, main, "the engine chose its ports"));
    }
    return unhealthy(main);
}

/// Its probes say that it does not work (contract 2, healthcheck).
Next Planner::unhealthy(const Observed& main) const {
    const domain::Period* facts = model::find_period(record_, main.docker_id);
    if (facts == nullptr || facts->health != "unhealthy") {
        return std::nullopt;
    }
    if (!facts->warned) {
        return step(on(Kind::read_health, main, "it became unhealthy"));
    }
    const bool restarts = record_.active_spec().healthcheck->on_unhealthy ==
                          domain::OnUnhealthy::restart;
    return restarts ? stop(main, Purpose::unhealthy, "it is unhealthy") : std::nullopt;
}

std::string Planner::start_cause() const {
    const auto run = status_.backoff.find(BackoffKind::run);
    if (run != status_.backoff.end() && status_.run_started >= record_.run_wanted) {
        const std::string code =
            status_.last_exit ? " with code " + std::to_string(status_.last_exit->code) : "";
        return "it ended" + code + ", try " + std::to_string(run->second.tries);
    }
    if (!status_.ended_by.empty()) {
        return status_.ended_by;
    }
    return status_.run_started < record_.run_wanted
               ? "run " + std::to_string(record_.run_wanted) + " is wanted"
               : "it should run";
}

Next Planner::start(const Observed& container, Run run, std::string cause) const {
    if (status_.need_ping != Time{} && in_.last_ping <= status_.need_ping) {
        return make(Kind::ping, "it ended from outside; is the engine on its way down?");
    }
    if (!status_.waiting_for.empty() || status_.queued) {
        return std::nullopt;
    }
    Action action = on(Kind::start, container, std::move(cause));
    action.run = run;
    action.started_seen = container.started_at;
    Next waits = after_backoff(BackoffKind::run, action);
    if (waits->kind == Kind::wait) {
        return waits;
    }
    Next switched = link(model::code_generation(record_));
    return switched ? switched : step(std::move(action));
}

Next Planner::stop(const Observed& container, Purpose purpose, std::string cause) const {
    Action action = on(Kind::stop, container, std::move(cause));
    action.purpose = purpose;
    return step(std::move(action));
}

std::optional<Action> plan_next(const PlanInput& input) { return Planner{input}.next(); }

}  // namespace flow::reconciler
