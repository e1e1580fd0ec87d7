#include "domain/model/steps.hpp"

#include <algorithm>
#include <utility>

#include "domain/model/drift.hpp"
#include "domain/model/exits.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Delays {
    Duration first;
    Duration max;
};
constexpr Delays kStepDelays{seconds{1}, seconds{30}};
constexpr Delays kUnansweredDelays{milliseconds{200}, seconds{30}};
constexpr Delays kPullDelays{seconds{10}, seconds{300}};

void bump(Record& record, BackoffKind kind, const Delays& delays, Time now) {
    Backoff& backoff = record.status.backoff[kind];
    Duration delay = delays.first;
    for (int i = 0; i < backoff.tries && delay < delays.max; ++i) {
        delay *= 2;
    }
    ++backoff.tries;
    backoff.last = now;
    backoff.next = now + std::min(delay, delays.max);
}

/// What waits after it failed: what serves a change alone, or the name alone, holds up nothing else (model 5).
BackoffKind waits_for(const Record& record, Step step) {
    const Status& status = record.status;
    const auto& intention = status.intention;
    if (step == Step::update || step == Step::repair ||
        (step == Step::create && intention && intention->role == Role::next)) {
        return BackoffKind::change;
    }
    const bool own_name = step == Step::rename && status.next_id.empty() && intention &&
                          intention->docker_id == status.docker_id;
    return own_name ? BackoffKind::name : BackoffKind::step;
}

/// The reason word of a failed step.
std::string trouble_of(Step step, const Error& error) {
    if (error.engine == EngineFailure::name_taken) {
        return "NameConflict";
    }
    const auto field = error.details.find("field");
    if (field != error.details.end() && *field == "ports") {
        return "PortConflict";
    }
    switch (step) {
        case Step::create: return "CreateFailed";
        case Step::start: return "StartFailed";
        case Step::stop: return "StopFailed";
        case Step::remove: return "RemoveFailed";
        case Step::rename: return "RenameFailed";
        case Step::update: return "UpdateFailed";
        case Step::unpause: return "UnpauseFailed";
        case Step::repair: return "RepairFailed";
    }
    return "StepFailed";
}

void in_trouble(Record& record, Step step, const Error& error) {
    record.status.trouble = trouble_of(step, error);
    record.status.message = error.message;
}

/// Only a client's create, while its first generation is the latest, is undone (contract 3, model 2).
bool can_be_undone(const Record& record, Generation generation) {
    return record.source.empty() && record.generation == 1 && generation == 1 &&
           record.status.active_generation == 0 && !record.deleted;
}

void undo(Record& record, const Error& error, std::string reason, Changes& out) {
    Json further;
    further["old_state"] = to_string(record.status.state);
    further["new_state"] = to_string(State::removed);
    further["reason"] = reason;
    further["health"] = record.status.health;
    further["cause"] = error.message;
    record.status.state = State::removed;
    record.status.reason = std::move(reason);
    tell(record, "status_changed", further, out);
    fail_all_requests(record, error, out);
    out.remove_record = true;
}

/// The first recreate for a network that is gone is made at once; where that does not help, the next ones wait.
void recreated_before(Record& record, const Moment& moment) {
    if (record.status.backoff.contains(BackoffKind::run)) {
        bump(record, BackoffKind::run, {moment.restart.first, moment.restart.max}, moment.now);
        return;
    }
    record.status.backoff[BackoffKind::run] = Backoff{1, moment.now, moment.now};
}

void note_failure(Record& record, Step step, const Error& error, Changes& out) {
    note(record, LogKind::outcome, std::string{to_string(step)},
         std::string{to_string(step)} + " " + record.spec().name + " failed: " + error.message,
         out);
}

std::vector<Difference> repairs_of(const Status& status) {
    return status.intention ? status.intention->repairs : std::vector<Difference>{};
}

}  // namespace

void intend(Record& record, Intention intention, Changes& out, const Moment& moment) {
    intention.at = moment.now;
    const auto ends_it = [](Step step) { return step == Step::stop || step == Step::remove; };
    const auto& before = record.status.intention;
    if (before && ends_it(before->step) && ends_it(intention.step) &&
        before->docker_id == intention.docker_id) {
        intention.at = before->at;      // an exit on its way was brought about by the first of them
    }
    note(record, LogKind::action, std::string{to_string(intention.step)},
         std::string{to_string(intention.step)} + " " + record.spec().name + ": " +
             intention.cause,
         out);
    if (intention.step == Step::stop && intention.purpose == Purpose::update) {
        record.status.way_back = record.status.way_back || should_run(record);
    }
    record.status.intention = std::move(intention);
}

void clear_intention(Record& record) { record.status.intention.reset(); }

void record_created(Record& record, const Observed& made, Changes& out, const Moment& moment) {
    Status& status = record.status;
    if (!status.intention || status.intention->step != Step::create) {
        return;
    }
    const Intention intention = std::move(*status.intention);
    status.intention.reset();
    status.backoff.erase(BackoffKind::step);
    status.backoff.erase(BackoffKind::pull);
    status.backoff.erase(BackoffKind::change);
    status.trouble.clear();
    status.message.clear();
    status.recreate = false;
    status.stop_signal = made.stop_signal;
    for (const ObservedMount& mount : made.mounts) {
        const bool anonymous = mount.type == "volume" && mount.name.size() == 64;
        if (anonymous) {
            status.anonymous_volumes[mount.target] = mount.name;
        }
    }
    if (intention.role == Role::next) {
        status.next_id = made.docker_id;
        status.next_generation = intention.generation;
        status.way_back = status.way_back || has_way_back(record);
        record_baseline(record, made);
        return;
    }
    status.docker_id = made.docker_id;
    activate(record, intention.generation);
    record_baseline(record, made);
    if (!status.drift.recreating.empty()) {
        const std::vector<Difference> repaired = std::exchange(status.drift.recreating, {});
        record_repaired(record, repaired, out, moment);
    }
    if (!status.created_told) {
        tell_created(record, out);
    }
}

void record_start_answered(Record& record) { record.status.backoff.erase(BackoffKind::step); }

void record_start_failed(Record& record, const Intention& start, const Error& error, Changes& out,
                         const Moment& moment) {
    Status& status = record.status;
    const auto& now = status.intention;
    const bool in_hand = now && now->step == Step::start && now->docker_id == start.docker_id &&
                         now->started_seen == start.started_seen;
    if (!in_hand) {
        return;     // its start event came first
    }
    note_failure(record, Step::start, error, out);
    if (error.engine == EngineFailure::unanswered || error.engine == EngineFailure::in_progress) {
        bump(record, BackoffKind::step, kUnansweredDelays, moment.now);
        return;
    }
    status.intention.reset();
    if (error.engine == EngineFailure::no_such_container) {
        return;
    }
    Failure failure{Failure::Part::start, 0, start.run};
    if (start.docker_id == status.next_id && status.way_back) {
        fail_requests(record, failure, error, out);
        commit_failed_update(record, error, out);
        return;
    }
    if (error.engine == EngineFailure::no_such_network) {
        status.recreate = true;
        recreated_before(record, moment);
    } else if (error.engine == EngineFailure::refused) {
        status.run_ended = start.run;
        status.ended_code = 127;
        status.ended_by = trouble_of(Step::start, error);
        status.message = error.message;
    } else {
        bump(record, BackoffKind::run, {moment.restart.first, moment.restart.max}, moment.now);
        in_trouble(record, Step::start, error);
    }
    fail_requests(record, failure, error, out);
}

void record_step_failed(Record& record, Step step, const Error& error, Changes& out,
                        const Moment& moment) {
    Status& status = record.status;
    const Generation generation = status.intention ? status.intention->generation : 0;
    const std::vector<Difference> repairs = repairs_of(status);
    const BackoffKind kind = waits_for(record, step);
    const bool unsure = error.engine == EngineFailure::unanswered || step == Step::stop ||
                        step == Step::remove;
    if (!unsure) {
        status.intention.reset();
    }
    if (error.engine == EngineFailure::away ||
        error.engine == EngineFailure::no_such_container) {
        return;     // what is there is observed anew
    }
    note_failure(record, step, error, out);
    if (step == Step::create && error.engine == EngineFailure::refused &&
        can_be_undone(record, generation)) {
        undo(record, error, trouble_of(step, error), out);
        return;
    }
    if (!repairs.empty() && error.engine == EngineFailure::refused) {
        record_unresolvable(record, repairs, error.message, out);
        return;
    }
    bump(record, kind, kStepDelays, moment.now);
    in_trouble(record, step, error);
    if (!repairs.empty()) {
        return;     // nobody asked for it
    }
    Failure failure;
    failure.generation = generation;
    failure.part = step == Step::create ? Failure::Part::create
                   : kind != BackoffKind::step ? Failure::Part::change
                   : step == Step::stop ? Failure::Part::stop
                                        : Failure::Part::other;
    fail_requests(record, failure, error, out);
}

void record_step_done(Record& record, const std::string& removed, Changes& out,
                      const Moment& moment) {
    Status& status = record.status;
    const std::vector<Difference> repairs = repairs_of(status);
    status.backoff.erase(BackoffKind::step);
    status.backoff.erase(BackoffKind::name);
    status.trouble.clear();
    if (!removed.empty()) {
        if (period(record, removed).open) {
            ExitFact exit;
            exit.docker_id = removed;
            exit.at = moment.now;
            exit.code = 137;
            exit.by = ExitClass::ours;
            close_period(record, exit, out, moment);
        }
        for (std::string* id : {&status.docker_id, &status.next_id, &status.prev_id}) {
            if (*id == removed) {
                id->clear();
            }
        }
    }
    status.intention.reset();
    if (!repairs.empty()) {
        record_repaired(record, repairs, out, moment);
    }
}

void record_nothing_in_hand(Record& record, Changes& out, const Moment& moment) {
    const std::vector<Difference> repairs = repairs_of(record.status);
    record.status.intention.reset();
    if (!repairs.empty()) {     // it was put back, and the answer was lost
        record.status.backoff.erase(BackoffKind::change);
        record.status.trouble.clear();
        record_repaired(record, repairs, out, moment);
    }
}

void record_name_conflict(Record& record, const NameHolder& holder, const Error& error,
                          Changes& out, const Moment& moment) {
    Status& status = record.status;
    const BackoffKind kind =
        waits_for(record, status.intention ? status.intention->step : Step::create);
    status.intention.reset();
    if (!holder.ours && can_be_undone(record, holder.generation)) {
        Error foreign = error;
        foreign.type = ErrorType::name_conflict;
        undo(record, foreign, "NameConflict", out);
        return;
    }
    status.trouble = holder.marked ? "WaitingForDeletion" : "NameConflict";
    status.message = error.message;
    if (holder.ours) {
        return;     // tried again when that row changes, and by time
    }
    bump(record, kind, kStepDelays, moment.now);
    Failure failure;
    failure.part = Failure::Part::create;
    failure.generation = holder.generation;
    fail_requests(record, failure, error, out);
}

void record_pulled(Record& record, Generation generation, const Error* error, Changes& out,
                   const Moment& moment) {
    Status& status = record.status;
    if (error == nullptr) {
        status.pulled_generation = std::max(status.pulled_generation, generation);
        status.backoff.erase(BackoffKind::pull);
        status.trouble.clear();
        status.message.clear();
        return;
    }
    if (error->engine == EngineFailure::away) {
        return;
    }
    note(record, LogKind::outcome, "PullImage",
         "PullImage " + record.spec().name + " failed: " + error->message, out);
    const bool broke_off = error->engine == EngineFailure::unanswered;    // says nothing about the image
    if (!broke_off && can_be_undone(record, generation)) {
        undo(record, *error, "ImagePullBackOff", out);
        return;
    }
    bump(record, BackoffKind::pull, kPullDelays, moment.now);
    status.trouble = "ImagePullBackOff";
    status.message = error->message;
    if (!broke_off && generation == record.generation) {
        Failure failure;
        failure.part = Failure::Part::pull;
        failure.generation = generation;
        fail_requests(record, failure, *error, out);
    }
}

void record_ports(Record& record, std::vector<BoundPort> ports) {
    record.status.ports = std::move(ports);
    record.status.ports_pending = false;
}

void record_away(Record& record, Time tried_at, const Error& error, Changes& out) {
    std::vector<OpenRequest> later;
    for (OpenRequest& request : record.open) {
        if (request.at > tried_at) {
            later.push_back(request);
        }
    }
    std::erase_if(record.open, [&](const OpenRequest& request) { return request.at > tried_at; });
    Failure failure;
    failure.part = Failure::Part::away;
    fail_requests(record, failure, error, out);
    record.open.insert(record.open.end(), later.begin(), later.end());
}

}  // namespace flow::domain::model
