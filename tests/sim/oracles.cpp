// The oracles: is an answer honest when it is given, is a start, and is everything right at the end.
#include <algorithm>

#include "domain/model/drift.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "sim/simulation.hpp"

namespace flow::sim {
namespace {

using domain::DesiredState;
using domain::Operation;
using domain::Outcome;
using domain::State;
using Kind = domain::Target::Kind;
namespace model = domain::model;

bool any_after(const std::vector<Time>& times, Time from) {
    return std::any_of(times.begin(), times.end(), [&](Time time) { return time >= from; });
}

domain::Moment with_contact() {
    domain::Moment moment;
    moment.contact = true;
    return moment;
}

std::string op(const Wish& wish) {
    return wish.request_id + " " + std::string{to_string(wish.operation)};
}

}  // namespace

bool Simulation::away_near(Time time, double distance) const {
    return std::any_of(engine.away_times.begin(), engine.away_times.end(), [&](Time away) {
        return away - time < seconds(distance) && time - away < seconds(distance);
    });
}

bool Simulation::intends(const std::string& container_id, const std::string& docker_id) const {
    const domain::Record* record = row(container_id);
    if (record == nullptr || record->deleted) {
        return true;
    }
    const auto& intention = record->status.intention;
    return intention && intention->docker_id == docker_id &&
           (intention->step == domain::Step::stop || intention->step == domain::Step::remove);
}

void Simulation::judge(const Wish& wish) {
    if (*wish.outcome == Outcome::done) {
        return judge_done(wish);
    }
    if (*wish.outcome == Outcome::failed) {
        if (!failure_seen(wish)) {
            bad(op(wish) + " failed without a failure (" + wish.why + ")");
        }
        return;
    }
    const bool overtaken = std::any_of(wishes.begin(), wishes.end(), [&](const auto& other) {
        // Its own stamp is a few ns later than the moment.
        const bool later = other->seq > wish.seq ||
                           (other->seq == 0 && other->at >= wish.at - seconds(0.001));
        return other->container_id == wish.container_id && later &&
               (other->operation == Operation::stop || other->operation == Operation::remove ||
                other->operation == Operation::update || other->operation == Operation::manifest);
    });
    if (!overtaken) {
        bad(op(wish) + " superseded by nothing");
    }
}

void Simulation::judge_done(const Wish& wish) {
    std::vector<ContainerPtr> mine;
    for (const auto& [id, container] : engine.containers) {
        if (container->container_id == wish.container_id) {
            mine.push_back(container);
        }
    }
    if (wish.operation == Operation::remove && !mine.empty()) {
        bad(op(wish) + " done with containers left");
    }
    for (const ContainerPtr& container : mine) {
        if (wish.operation == Operation::stop && container->running &&
            container->process->start < wish.at && !container->process->outside_start) {
            bad(op(wish) + " done while an old process runs");
        }
    }
    if (!wish.target) {
        return;
    }
    if (wish.target->kind == Kind::run_started && wish.target->run > wish.had) {
        const Time from = wish.at - seconds(daemon.kills > 0 ? 60 : 0.5);
        const bool began = std::any_of(
            engine.processes.begin(), engine.processes.end(), [&](const ProcessPtr& process) {
                return process->container_id == wish.container_id && process->start > from;
            });
        if (!began) {
            bad(op(wish) + " done without a new process");
        }
    }
    if (wish.target->kind == Kind::active && row(wish.container_id) != nullptr && !mine.empty() &&
        !with_outsiders()) {
        const auto& versions = versions_[wish.container_id];
        const bool there = std::any_of(mine.begin(), mine.end(), [&](const ContainerPtr& seen) {
            return std::any_of(versions.lower_bound(wish.target->generation), versions.end(),
                               [&](const auto& entry) {
                                   return entry.second.image == seen->image &&
                                          entry.second.command == seen->command &&
                                          (!seen->running || entry.second.code == seen->process->digest);
                               });
        });
        if (!there) {
            bad(op(wish) + " done, its spec is not there");
        }
    }
}

bool Simulation::failure_seen(const Wish& wish) const {
    if (wish.why.find("active_deadline") != std::string::npos) {
        return true;
    }
    const Time from = wish.at - seconds(1.0);
    const auto of_row = engine.failed.find(wish.container_id);
    if (of_row != engine.failed.end() && any_after(of_row->second, from)) {
        return true;
    }
    const auto versions = versions_.find(wish.container_id);
    if (versions != versions_.end()) {
        for (const auto& [generation, version] : versions->second) {
            for (const std::string& what : {version.image, version.code}) {
                const auto of_it = engine.failed.find(what);
                if (of_it != engine.failed.end() && any_after(of_it->second, from)) {
                    return true;
                }
            }
        }
    }
    if (!daemon.contact() || any_after(engine.away_times, wish.at - seconds(12))) {
        return true;
    }
    const bool of_spec = wish.target && wish.target->kind == Kind::active;
    const Time exit_from = wish.at - seconds(daemon.kills > 0 ? 60 : 1.0);
    return of_spec && std::any_of(engine.processes.begin(), engine.processes.end(),
                                  [&](const ProcessPtr& process) {
                                      return process->container_id == wish.container_id &&
                                             process->end >= exit_from && process->code != 0;
                                  });
}

void Simulation::judge_start(const Container& container, bool by_outside) {
    for (const auto& [id, other] : engine.containers) {
        const bool beside = other->container_id == container.container_id && other->running &&
                            !other->process->outside_start;
        if (beside && !by_outside && !with_outsiders()) {
            bad("two processes of " + container.container_id + ": " + container.docker_id +
                " beside " + id);
        }
    }
    const domain::Record* record = row(container.container_id);
    if (record == nullptr || record->deleted || !record->status.intention) {
        return;
    }
    const domain::Intention& intention = *record->status.intention;
    if (intention.step != domain::Step::start || intention.docker_id != container.docker_id) {
        return;
    }
    if (!by_outside) {
        judge_code(*record, container);
        judge_dependencies(*record);
        judge_turn(container);
    }
    if (with_outsiders()) {
        return;
    }
    const Wish* last = nullptr;
    for (const auto& wish : wishes) {
        const bool about_running = wish->operation != Operation::update &&
                                   wish->operation != Operation::remove;
        if (wish->container_id != container.container_id || wish->seq == 0 ||
            wish->answer == Wish::Answer::refused) {
            continue;
        }
        if (about_running && (last == nullptr || wish->seq > last->seq)) {
            last = wish.get();
        }
        if (wish->outcome == Outcome::superseded && wish->target &&
            wish->target->run == intention.run &&
            (wish->operation == Operation::start || wish->operation == Operation::restart)) {
            bad(container.container_id + " started for " + wish->request_id +
                ", which was superseded");
        }
    }
    if (last != nullptr && last->operation == Operation::stop && last->outcome == Outcome::done) {
        bad(container.container_id + " started after " + last->request_id + " (stop) was done");
    }
}

bool Simulation::waits_for_image(const domain::Record& record) const {
    return record.spec().image == "none" &&
           (record.status.active_generation == 0 || model::replacing(record));
}

void Simulation::judge_container(const Container& container) {
    const domain::Record* record = row(container.container_id);
    const std::string who = container.docker_id + " (" + container.name + ") of " +
                            container.container_id;
    if (record == nullptr || record->deleted) {
        bad("leftover container " + who);
    } else if (container.docker_id != record->status.docker_id) {
        const bool next = container.docker_id == record->status.next_id;
        bad(std::string{next ? "stuck next" : "orphan"} + " container " + who);
    } else if (container.name != "flow-" + record->spec().name) {
        bad("container " + who + " should have the name " + record->spec().name);
    }
}

void Simulation::judge_row(const domain::Record& record) {
    const domain::Status& status = record.status;
    const std::string& id = record.container_id;
    if (record.deleted) {
        return bad(id + " marked but not gone");
    }
    const ContainerPtr main = engine.find(status.docker_id);
    const auto flaps = [](const domain::Spec& spec) {
        const std::string& command = spec.command->front();
        return command == "crash" || spec.code->digest == "crash" ||
               (command == "job" && spec.restart.policy == domain::Restart::Policy::always);
    };
    const bool flapping = flaps(record.spec()) || flaps(record.active_spec());
    const auto intends = [&status](domain::Step step) {
        return status.intention && status.intention->step == step;
    };
    // A create whose answer was lost stands until its image can be had: then it is looked for and made.
    const bool goes_on = (intends(domain::Step::start) && flapping) ||
                         (intends(domain::Step::create) && waits_for_image(record));
    if ((status.verdict != domain::Verdict::none || status.intention) && !goes_on) {
        bad(id + " ends with a verdict or an intention");
    }
    const State state = model::state_of(record, with_contact());
    if (state != status.state) {
        bad(id + " state told " + std::string{to_string(status.state)} + " is " +
            std::string{to_string(state)});
    }
    const bool waits = waits_for_image(record);
    if (waits && status.active_generation == 0) {
        if (state != State::creating) {
            bad(id + " waits for its image in state " + std::string{to_string(state)});
        }
        return;
    }
    const bool failed = status.failed_generation == record.generation;
    const auto& versions = versions_[id];
    const auto wanted = versions.find(waits || failed ? status.active_generation : record.generation);
    if (main && wanted != versions.end()) {
        if (wanted->second.image != main->image || wanted->second.command != main->command) {
            bad(id + " has an old spec, generation " + std::to_string(record.generation) +
                " active " + std::to_string(status.active_generation));
        }
        if (main->running && main->process->digest != wanted->second.code) {
            bad(id + " runs code " + main->process->digest + ", not " + wanted->second.code);
        }
        if (status.trial != 0 && !flapping) {
            bad(id + " ends with code that is still tried");
        }
        if (!failed && !waits) {
            judge_drift(record, *main, wanted->second.memory);
            judge_image(record, *main);
        }
    }
    judge_running(record, main, flapping);
}

/// pull_policy always: a restart that was done has brought what the registry had by then.
void Simulation::judge_image(const domain::Record& record, const Container& main) {
    if (record.spec().pull_policy != domain::PullPolicy::always) {
        return;
    }
    const Time pushed_at = engine.pushed_at[main.image];
    const Wish* last = nullptr;     // a start overtakes the pull of the restart before it
    for (const auto& wish : wishes) {
        const bool runs = wish->operation == Operation::start || wish->operation == Operation::restart ||
                          wish->operation == Operation::manifest;
        if (wish->container_id == record.container_id && runs && wish->seq != 0 &&
            wish->answer != Wish::Answer::refused && (last == nullptr || wish->seq > last->seq)) {
            last = wish.get();
        }
    }
    const bool pulled = last != nullptr && last->operation == Operation::restart &&
                        last->outcome == Outcome::done && last->target && last->at > pushed_at;
    if (pulled && main.version != engine.pushed[main.image]) {
        bad(record.container_id + " was restarted, and has version " + std::to_string(main.version) +
            " of " + main.image + ", not " + std::to_string(engine.pushed[main.image]));
    }
}

/// What others changed is as declared again, but for what came again and again.
void Simulation::judge_drift(const domain::Record& record, const Container& main, int memory) {
    const std::string& id = record.container_id;
    bool given_up = false;
    for (const auto& [field, repair] : record.status.drift->repairs) {
        given_up = given_up || repair.given_up;
    }
    if (given_up && engine.changed[id] <= model::kRepairs) {
        bad(id + " is given up, though it was changed " + std::to_string(engine.changed[id]) +
            " times only");
    }
    const bool as_declared = main.memory == memory * (8 << 20) && main.cpus == 0 &&
                             main.networks == std::set<std::string>{"net"};
    // To take a limit away it would be made anew, and run a second time: put off until it has ended.
    const bool put_off = main.cpus != 0 && main.running &&
                         record.active_spec().restart.policy == domain::Restart::Policy::no;
    if (!as_declared && !given_up && !put_off) {
        bad(id + " has memory " + std::to_string(main.memory) + ", cpus " +
            std::to_string(main.cpus) + ", " + std::to_string(main.networks.size()) + " networks");
    }
}

void Simulation::judge_running(const domain::Record& record, const ContainerPtr& main, bool flapping) {
    const std::string& id = record.container_id;
    const bool running = main && main->running;
    const State state = record.status.state;
    const std::string text{to_string(state)};
    const bool hears_all = profile == "calm" || profile == "kill" || profile == "outside";
    if (running && main->sick && model::should_run(record) && hears_all &&
        record.active_spec().healthcheck->on_unhealthy == domain::OnUnhealthy::restart) {
        bad(id + " is unhealthy and was not restarted");
    }
    if (model::should_run(record)) {
        if (waits_honestly(record)) {
            return;
        }
        if (!running && !flapping) {
            bad(id + " should run, does not; state " + text + " reason " + record.status.reason);
        }
        if (running && state != State::running && !flapping) {
            bad(id + " runs in state " + text);
        }
        if (running && main->paused) {
            bad(id + " is paused");
        }
    } else if (running) {
        bad(id + " runs though it should not");
    } else if (record.desired == DesiredState::running) {
        const bool outside = model::ended_from_outside(record) &&
                             record.spec().kind != domain::Kind::job;
        if (state != State::completed && state != (outside ? State::stopped : State::error)) {
            bad(id + " ended in state " + text);
        }
    } else if (state != State::stopped && state != State::created && state != State::completed) {
        bad(id + " desired " + std::string{to_string(record.desired)} + " in state " + text);
    }
    if (!flapping) {
        judge_told(record, running);
    }
}

/// The last lifecycle event tells what is.
void Simulation::judge_told(const domain::Record& record, bool running) {
    std::string last;
    for (const std::string& type : lifecycle_[record.container_id]) {
        if (type != "container_updated") {
            last = type;
        }
    }
    const bool told_running = last == "container_started" || last == "container_restarted";
    if (running && !told_running) {
        bad(record.container_id + " runs, last told " + last);
    }
    if (!running && told_running) {
        bad(record.container_id + " does not run, last told " + last);
    }
}

}  // namespace flow::sim
