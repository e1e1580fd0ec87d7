#include "reconciler/foresee.hpp"

#include <algorithm>

#include "domain/model/drift.hpp"
#include "domain/model/facts.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"
#include "reconciler/record_only.hpp"

namespace flow::reconciler {
namespace {

using domain::Step;
using Kind = Action::Kind;
namespace model = domain::model;

/// What a call takes here: facts in a row need different times.
constexpr domain::Duration kTick = std::chrono::milliseconds{1};

Action waits(std::string cause) {
    Action action;
    action.kind = Kind::wait;
    action.cause = std::move(cause);
    return action;
}

bool is_backoff(const domain::Record& record, domain::Time until) {
    const auto& backoffs = record.status.backoff;
    return std::any_of(backoffs.begin(), backoffs.end(),
                       [&](const auto& entry) { return entry.second.next == until; });
}

}  // namespace

Foresight::Foresight(const PlanInput& input)
    : record_(input.record),
      containers_(input.containers),
      missing_images_(input.missing_images),
      known_networks_(input.known_networks),
      name_prefix_(input.name_prefix),
      monitor_(input.monitor),
      name_wait_(input.name_wait),
      now_(input.now),
      last_ping_(input.last_ping),
      stop_in_hand_(input.stop_in_hand),
      pulling_(input.pulling) {}

PlanInput Foresight::input() const {
    return PlanInput{record_,         containers_,     now_,         stop_in_hand_,
                     pulling_,        last_ping_,      missing_images_, known_networks_,
                     name_prefix_,    monitor_,        name_wait_};
}

domain::Moment Foresight::moment() const {
    domain::Moment moment;
    moment.now = now_;
    moment.contact = true;
    return moment;
}

domain::Observed* Foresight::container(const std::string& docker_id) {
    const auto found = containers_.find(docker_id);
    return found == containers_.end() ? nullptr : &found->second;
}

std::optional<Action> Foresight::step() {
    if (over_ || gone()) {
        return std::nullopt;
    }
    std::optional<Action> action = plan_next(input());
    if (!action) {
        return what_is_in_hand();
    }
    now_ += kTick;
    apply(*action);
    if (!gone()) {
        model::settle(record_, out_, moment());
    }
    return action;
}

bool Foresight::meet_dependency() {
    domain::Status& status = record_.status;
    if (!over_ || (status.waiting_for.empty() && !status.queued)) {
        return false;
    }
    status.waiting_for.clear();
    status.queued = false;
    over_ = false;
    return true;
}

/// The plan is silent because something is on its way: it is taken to arrive.
std::optional<Action> Foresight::what_is_in_hand() {
    const domain::Status& status = record_.status;
    if (stop_in_hand_ && status.intention) {
        stop_in_hand_ = false;
        end_process(status.intention->docker_id, 0);
        return waits("a stop is in hand");
    }
    if (pulling_ != 0) {
        pulling_ = 0;
        for (const auto& [generation, spec] : record_.specs) {
            missing_images_.erase(spec.image);
        }
        return waits("its image is being pulled");
    }
    if ((!status.next_id.empty() || status.trial != 0) && !status.pending.empty()) {
        now_ = std::max(now_, model::crash_due(record_));
        model::tell_crashes(record_, {}, true, out_, moment());
        return waits("it ended; was that somebody's doing?");
    }
    over_ = true;
    if (!status.waiting_for.empty() && model::should_run(record_) && !model::runs(record_)) {
        return waits(status.waiting_for + " does not run yet");
    }
    if (status.queued) {
        return waits("other jobs have their turn");
    }
    return std::nullopt;
}

void Foresight::apply(const Action& action) {
    switch (action.kind) {
        case Kind::pull_image: return pull(action);
        case Kind::create: return create(action);
        case Kind::start: return start(action);
        case Kind::stop:
        case Kind::cut_short: return stop(action);
        case Kind::remove: return remove(action);
        case Kind::rename:
        case Kind::update:
        case Kind::unpause: return simple_call(action);
        case Kind::repair:
        case Kind::connect_network:
        case Kind::disconnect_network: return repair(action);
        case Kind::take_baseline:
        case Kind::recreate:
        case Kind::give_up: return record_drift(action);
        case Kind::ensure_network:
        case Kind::ping:
        case Kind::read_ports:
        case Kind::read_health: return look(action);
        case Kind::no_image: over_ = true; return;      // looked for again after its backoff
        case Kind::clean_volumes:
        case Kind::clean_socket:
        case Kind::clean_code:
        case Kind::clean_workspace:
        case Kind::gone: return clean(action);
        case Kind::switch_code: return switch_code(action);
        case Kind::wait: return wait(action);
        case Kind::adopt:
            return record_only(action, containers_.at(action.docker_id), record_, out_, moment());
        default: return record_only(action, {}, record_, out_, moment());
    }
}

void Foresight::intend(const Action& action, Step step) {
    domain::Intention intention;
    intention.step = step;
    intention.docker_id = action.docker_id;
    intention.cause = action.cause;
    intention.purpose = action.purpose;
    intention.run = action.run;
    intention.started_seen = action.started_seen;
    const bool of_its_own = step == Step::create || step == Step::link;
    intention.generation = of_its_own ? action.generation : record_.generation;
    intention.role = action.role;
    intention.cut_short = action.kind == Kind::cut_short;
    intention.repairs = action.differences;
    if (step == Step::create) {
        domain::Spec spec = record_.specs.at(action.generation);
        spec.name = record_.spec().name;
        intention.hash = spec_hash(spec);
    }
    model::intend(record_, std::move(intention), out_, moment());
    now_ += kTick;
}

void Foresight::pull(const Action& action) {
    missing_images_.erase(action.subject);
    const model::Pulled pulled{action.generation, action.run, record_.status.image_id};
    model::record_pulled(record_, pulled, nullptr, out_, moment());
}

std::string Foresight::unused_id() const {
    int number = 1;
    const auto id = [&] { return "new-" + std::to_string(number); };
    while (containers_.contains(id()) || record_.status.periods.contains(id())) {
        ++number;
    }
    return id();
}

void Foresight::create(const Action& action) {
    intend(action, Step::create);
    domain::Observed made;
    made.docker_id = unused_id();
    made.name = action.engine_name;
    made.container_id = record_.container_id;
    made.generation = action.generation;
    made.spec_hash = record_.status.intention->hash;
    containers_[made.docker_id] = made;
    model::record_created(record_, made, out_, moment());
}

void Foresight::start(const Action& action) {
    intend(action, Step::start);
    model::record_start_answered(record_);
    domain::Observed* started = container(action.docker_id);
    if (started == nullptr) {
        return;
    }
    const domain::Period* facts = model::find_period(record_, action.docker_id);
    const domain::Time last = facts == nullptr ? domain::Time{} : facts->last;
    now_ = std::max({now_, last + kTick, action.started_seen + kTick});
    started->running = true;
    started->started_at = now_;
    model::record_start_seen(record_, action.docker_id, now_, out_, moment());
    if (record_.status.docker_id == action.docker_id) {
        model::record_ports(record_, started->ports);
    }
}

void Foresight::stop(const Action& action) {
    intend(action, Step::stop);
    end_process(action.docker_id, action.kind == Kind::cut_short ? 137 : 0);
}

void Foresight::end_process(const std::string& docker_id, int code) {
    domain::Observed* ended = container(docker_id);
    if (ended == nullptr) {
        return;
    }
    now_ += kTick;
    ended->running = ended->paused = false;
    ended->finished_at = now_;
    ended->exit_code = code;
    domain::EngineEvent die;
    die.type = domain::EngineEvent::Type::die;
    die.docker_id = docker_id;
    die.container_id = record_.container_id;
    die.time = now_;
    die.exit_code = code;
    model::record_event(record_, die, out_, moment());
}

void Foresight::remove(const Action& action) {
    intend(action, Step::remove);
    containers_.erase(action.docker_id);
    model::record_step_done(record_, action.docker_id, out_, moment());
    if (record_.deleted) {
        model::record_cleanup(record_, model::CleanupPart::container, "removed");
    }
}

void Foresight::simple_call(const Action& action) {
    domain::Observed* target = container(action.docker_id);
    const bool updates = action.kind == Kind::update;
    intend(action, action.kind == Kind::rename ? Step::rename
                   : updates                   ? Step::update
                                               : Step::unpause);
    if (action.kind == Kind::rename && target != nullptr) {
        target->name = action.engine_name;
        model::record_name(record_, action.docker_id, action.engine_name);
    }
    if (action.kind == Kind::unpause && target != nullptr) {
        target->paused = false;
        model::period(record_, action.docker_id).paused = false;
    }
    if (updates) {
        model::clear_intention(record_);
        model::record_active(record_, out_);
        if (target != nullptr && !target->settings.empty()) {
            target->settings = baseline_of(target->settings, record_.active_spec());
            model::record_baseline(record_, *target);
        }
    } else {
        model::record_step_done(record_, "", out_, moment());
    }
}

/// Settings become what they should be where this step is about them.
void Foresight::repair(const Action& action) {
    intend(action, Step::repair);
    domain::Observed* target = container(action.docker_id);
    const auto baseline = record_.status.baselines.find(action.docker_id);
    if (target != nullptr && baseline != record_.status.baselines.end()) {
        const domain::Settings should = domain::Settings::parse(baseline->second.settings.str());
        domain::Settings is = domain::Settings::parse(target->settings.str());
        for (const domain::Difference& difference : action.differences) {
            is.erase(difference.field);
            if (should.contains(difference.field)) {
                is[difference.field] = should.at(difference.field);
            }
        }
        target->settings = domain::settings_text(is);
    }
    model::record_step_done(record_, "", out_, moment());
}

void Foresight::record_drift(const Action& action) {
    if (action.kind == Kind::take_baseline) {
        model::record_baseline(record_, containers_.at(action.docker_id));
    } else if (action.kind == Kind::recreate) {
        model::record_recreate(record_, action.differences, out_);
    } else {
        model::record_unresolvable(record_, action.differences, "it came back", out_);
    }
}

void Foresight::switch_code(const Action& action) {
    intend(action, Step::link);
    model::record_linked(record_, action.generation, out_);
}

void Foresight::look(const Action& action) {
    if (action.kind == Kind::ensure_network) {
        known_networks_.insert(action.subject);
    } else if (action.kind == Kind::ping) {
        last_ping_ = std::max(now_, record_.status.need_ping + kTick);
    } else if (action.kind == Kind::read_health) {
        if (const domain::Observed* seen = container(action.docker_id)) {
            model::record_health_warning(record_, *seen, out_);
        }
    } else if (const domain::Observed* seen = container(action.docker_id)) {
        model::record_ports(record_, seen->ports);
    }
}

void Foresight::clean(const Action& action) {
    if (action.kind == Kind::clean_volumes) {
        model::record_cleanup(record_, model::CleanupPart::volumes, "removed");
    } else if (action.kind == Kind::clean_socket) {
        model::record_cleanup(record_, model::CleanupPart::socket, "removed");
    } else if (action.kind == Kind::clean_code) {
        model::record_cleanup(record_, model::CleanupPart::code, "removed");
    } else if (action.kind == Kind::clean_workspace) {
        model::record_cleanup(record_, model::CleanupPart::workspace, "removed");
    } else {
        model::record_gone(record_, {}, out_, moment());
    }
}

void Foresight::wait(const Action& action) {
    const auto timer = model::job_timer(record_);
    over_ = is_backoff(record_, action.until) || action.until == name_wait_ ||
            (timer && timer->due == action.until);
    if (!over_) {
        now_ = std::max(now_, action.until);
    }
}

std::vector<Action> plan_all(const PlanInput& input, int limit) {
    Foresight foresight{input};
    std::vector<Action> plan;
    while (static_cast<int>(plan.size()) < limit) {
        std::optional<Action> action = foresight.step();
        if (!action) {
            break;
        }
        plan.push_back(std::move(*action));
    }
    return plan;
}

std::string render(const std::vector<Action>& plan, const std::string& name) {
    std::string text;
    int number = 0;
    for (const Action& action : plan) {
        text += render(action, name, ++number) + "\n";
    }
    return text;
}

}  // namespace flow::reconciler
