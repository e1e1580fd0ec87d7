#include "reconciler/planner.hpp"

#include <algorithm>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/spec_canonical.hpp"

namespace flow::reconciler {
namespace {

using domain::BackoffKind;
using domain::ChangeKind;
using domain::DesiredState;
using domain::Generation;
using domain::Observed;
using domain::Purpose;
using domain::Record;
using domain::Role;
using domain::Run;
using domain::Status;
using domain::Step;
using domain::Time;
using domain::Verdict;
namespace model = domain::model;
using Kind = Action::Kind;
using Next = std::optional<Action>;

/// One decision about one row. Each method answers the next action of its part, or nothing.
class Planner {
public:
    explicit Planner(const PlanInput& input)
        : in_(input), record_(input.record), status_(input.record.status) {}

    Next next() {
        if (Next action = in_hand(); action || waits_) {
            return action;
        }
        Next action = record_.deleted ? deletion() : living();
        if (action) {
            return action;
        }
        if (status_.intention) {
            return make(Kind::nothing_in_hand, "what was in hand is over");
        }
        if (status_.observed_generation != record_.generation) {
            return make(Kind::observe_generation, "nothing to do for this generation");
        }
        return std::nullopt;
    }

private:
    static Action make(Kind kind, std::string cause) {
        Action action;
        action.kind = kind;
        action.cause = std::move(cause);
        return action;
    }
    static Action on(Kind kind, const Observed& container, std::string cause) {
        Action action = make(kind, std::move(cause));
        action.docker_id = container.docker_id;
        return action;
    }

    const Observed* get(const std::string& docker_id) const {
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
    Action rename(const Observed& container, std::string name, std::string cause) const {
        Action action = on(Kind::rename, container, std::move(cause));
        action.engine_name = std::move(name);
        return action;
    }

    Next after_backoff(BackoffKind kind, Next action) const {
        const auto backoff = status_.backoff.find(kind);
        if (backoff == status_.backoff.end() || backoff->second.next <= in_.now) {
            return action;
        }
        Action wait = make(Kind::wait, "backoff");
        wait.until = backoff->second.next;
        return wait;
    }
    Next step(Action action) const { return after_backoff(BackoffKind::step, std::move(action)); }
    bool name_held() const { return in_.now < in_.name_wait; }
    Next named(Action action) const {
        if (!name_held()) {
            return step(std::move(action));
        }
        Action wait = make(Kind::wait, "another one of ours has the name");
        wait.until = in_.name_wait;
        return wait;
    }

    Next in_hand();
    Next stop_in_hand(const domain::Intention& stop);
    Next deletion() const;
    Next living() const;
    Next verdict(const Observed* next, const Observed* prev) const;
    Next create(Generation generation, Role role, std::string cause) const;
    Next replace(const Observed* main, const Observed* next) const;
    Next replace_or_old(const Observed* main, const Observed* next) const;
    Next swap(const Observed* main, const Observed& next) const;
    Next start_next(const Observed& next) const;
    Next in_place(const Observed* main) const;
    Next missing_main() const;
    Next run(const Observed& main) const;
    Next start(const Observed& container, Run run, std::string cause) const;
    Next stop(const Observed& container, Purpose purpose, std::string cause) const;
    bool ended() const {
        domain::Moment moment;
        const domain::State state = model::state_of(record_, moment);
        return state == domain::State::completed || state == domain::State::error;
    }
    std::string spec_changed() const;
    std::string start_cause() const;

    const PlanInput& in_;
    const Record& record_;
    const Status& status_;
    bool waits_ = false;    ///< a call in hand: nothing else is done meanwhile
};

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
    if (record_.deleted && record_.force && !intention.cut_short) {
        return on(Kind::cut_short, *container, "deletion with force");
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
    if (status_.cleanup.volumes.empty()) {
        return step(make(Kind::clean_volumes, "deletion was asked for"));
    }
    if (status_.cleanup.socket.empty()) {
        return step(make(Kind::clean_socket, "deletion was asked for"));
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
    if (main != nullptr && next == nullptr && status_.verdict == Verdict::none &&
        main->name != main_name() && !name_held()) {
        return step(rename(*main, main_name(), "its name is " + main->name));
    }
    if (status_.verdict != Verdict::none) {
        return verdict(next, prev);
    }
    if (model::replacing(record_)) {
        return replace_or_old(main, next);
    }
    const bool newer = status_.active_generation != 0 &&
                       status_.active_generation != record_.generation &&
                       status_.failed_generation != record_.generation;
    if (newer) {
        return in_place(main);
    }
    return main == nullptr ? missing_main() : run(*main);
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

std::string Planner::spec_changed() const {
    std::string fields;
    for (const std::string& field : domain::changed_fields(record_.active_spec(), record_.spec())) {
        fields += fields.empty() ? field : ", " + field;
    }
    return "spec changed (" + fields + ")";
}

Next Planner::create(Generation generation, Role role, std::string cause) const {
    if (in_.pull_in_hand) {
        return std::nullopt;
    }
    const domain::Spec& spec = record_.specs.at(generation);
    if (in_.missing_images.contains(spec.image)) {
        Action pull = make(Kind::pull_image, "the engine does not have it");
        pull.subject = spec.image;
        pull.generation = generation;
        return after_backoff(BackoffKind::pull, std::move(pull));
    }
    for (const std::string& network : spec.networking.networks) {
        if (!in_.known_networks.contains(network)) {
            Action ensure = make(Kind::ensure_network, "the spec names it");
            ensure.subject = network;
            return step(std::move(ensure));
        }
    }
    Action action = make(Kind::create, std::move(cause));
    action.generation = generation;
    action.role = role;
    action.engine_name = role == Role::main ? main_name() : helper_name(".next");
    return role == Role::main ? named(std::move(action)) : step(std::move(action));
}

/// While a replace waits for its image or a backoff, the old one lives by the usual rules (model 5).
Next Planner::replace_or_old(const Observed* main, const Observed* next) const {
    Next wanted = replace(main, next);
    if (next != nullptr || (wanted && wanted->kind != Kind::wait)) {
        return wanted;
    }
    Next old;
    if (main != nullptr) {
        old = run(*main);
    } else if (!in_.missing_images.contains(record_.active_spec().image) && !ended()) {
        old = create(status_.active_generation, Role::main, "the old one is gone");
    }
    if (!old || !wanted) {
        return old ? old : wanted;
    }
    const bool old_first = old->kind != Kind::wait || old->until <= wanted->until;
    return old_first ? old : wanted;
}

Next Planner::replace(const Observed* main, const Observed* next) const {
    if (next == nullptr) {
        const bool as_next = main != nullptr || model::has_way_back(record_);
        return create(record_.generation, as_next ? Role::next : Role::main, spec_changed());
    }
    const bool outdated = change_between(record_.specs.at(status_.next_generation),
                                         record_.spec()) == ChangeKind::recreate;
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
        return stop(*main, Purpose::update, spec_changed());
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
    Action action = on(Kind::start, next, spec_changed());
    action.started_seen = next.started_at;
    action.run = record_.run_wanted;
    return step(std::move(action));
}

Next Planner::in_place(const Observed* main) const {
    const ChangeKind change = change_between(record_.active_spec(), record_.spec());
    const bool unsure = status_.intention && status_.intention->step == Step::update;
    if (main != nullptr && (change == ChangeKind::in_place || unsure)) {
        Action action = on(Kind::update, *main, spec_changed());
        action.generation = record_.generation;
        return step(std::move(action));
    }
    return make(Kind::activate, spec_changed());
}

Next Planner::missing_main() const {
    if (ended()) {
        return std::nullopt;    // completed, error: left until the next start (model 11)
    }
    const bool failed = status_.active_generation != 0 &&
                        status_.failed_generation == record_.generation;
    const Generation generation = failed ? status_.active_generation : record_.generation;
    return create(generation, Role::main,
                  status_.active_generation == 0 ? "declared" : "its engine container is gone");
}

Next Planner::run(const Observed& main) const {
    if (main.name != main_name() && !name_held()) {
        return step(rename(main, main_name(), "its name is " + main.name));
    }
    if (!model::should_run(record_)) {
        return main.running ? stop(main, Purpose::stop, "it should not run") : std::nullopt;
    }
    if (main.running) {
        if (status_.run_started < record_.run_wanted) {
            return stop(main, Purpose::restart, "a restart was asked for");
        }
        if (main.paused) {
            return step(on(Kind::unpause, main, "somebody paused it"));
        }
        if (status_.ports_pending) {
            return step(on(Kind::read_ports, main, "the engine chose its ports"));
        }
        return std::nullopt;
    }
    if (status_.recreate) {
        return step(on(Kind::remove, main, "it cannot be started any more: its network is gone"));
    }
    return start(main, record_.run_wanted, start_cause());
}

std::string Planner::start_cause() const {
    const auto run = status_.backoff.find(BackoffKind::run);
    if (run != status_.backoff.end()) {
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
    if (!status_.waiting_for.empty()) {
        return std::nullopt;
    }
    Action action = on(Kind::start, container, std::move(cause));
    action.run = run;
    action.started_seen = container.started_at;
    Next waits = after_backoff(BackoffKind::run, action);
    return waits->kind == Kind::wait ? waits : step(std::move(action));
}

Next Planner::stop(const Observed& container, Purpose purpose, std::string cause) const {
    Action action = on(Kind::stop, container, std::move(cause));
    action.purpose = purpose;
    return step(std::move(action));
}

}  // namespace

std::optional<Action> plan_next(const PlanInput& input) { return Planner{input}.next(); }

}  // namespace flow::reconciler
