#include "domain/model/steps.hpp"

#include <algorithm>
#include <utility>

#include "domain/model/drift.hpp"
#include "domain/model/exits.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/volumes.hpp"

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
    const bool other_code = step == Step::link &&
                            (!intention || intention->generation != status.active_generation);
    if (step == Step::update || step == Step::repair || other_code ||
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
        case Step::link: return "CodeSwitchFailed";
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

}  // namespace

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
    record_volumes(record, made, intention.generation, intention.role);
    if (intention.role == Role::next) {
        status.next_id = made.docker_id;
        status.next_image_id = made.image_id;
        status.next_generation = intention.generation;
        status.way_back = status.way_back || has_way_back(record);
        record_baseline(record, made);
        return;
    }
    status.docker_id = made.docker_id;
    status.image_id = made.image_id;
    status.renew = false;
    status.pinned = status.pinned && intention.generation == status.active_generation;
    activate(record, intention.generation);
    record_baseline(record, made);
    if (!status.drift->recreating.empty()) {
        const std::vector<Difference> repaired = std::exchange(status.drift.edit().recreating, {});
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
    if (in_window(record, start.docker_id)) {
        commit_failed_update(record, error, out);      // first: an update is told that it was rolled back
        fail_requests(record, failure, error, out);
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
    const auto repairs = status.intention ? status.intention->repairs : std::vector<Difference>{};
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
    if (record.deleted && step == Step::remove && !error.details.contains("cleanup")) {
        Error told = with_cleanup(record, CleanupPart::container, error);
        return record_step_failed(record, step, told, out, moment);
    }
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

void record_unseen(Record& record, const Error& error, Changes& out, const Moment& moment) {
    Status& status = record.status;
    if (status.trouble != kInspectFailed) {
        note(record, LogKind::outcome, "Inspect",
             "Inspect " + record.spec().name + " failed: " + error.message, out);
        status.backoff.erase(BackoffKind::step);
    }
    bump(record, BackoffKind::step, kUnansweredDelays, moment.now);
    status.trouble = kInspectFailed;
    status.message = error.message;
    if (status.backoff.at(BackoffKind::step).tries > 1) {
        Failure failure;
        failure.part = Failure::Part::away;
        fail_requests(record, failure, error, out);
    }
}

void record_seen(Record& record) {
    if (record.status.trouble == kInspectFailed) {
        record.status.trouble.clear();
        record.status.message.clear();
        record.status.backoff.erase(BackoffKind::step);
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

namespace {

void restart_has_pulled(Record& record, const Pulled& pulled) {
    Status& status = record.status;
    status.renew = !pulled.image_id.empty() && pulled.image_id != status.image_id;
    if (!status.renew) {        // the name stands for the good one again
        status.pinned = false;
        if (status.failed_generation == status.active_generation) {
            status.failed_generation = 0;
        }
    }
    status.backoff.erase(BackoffKind::run);     // of the run that is over now
}

}  // namespace

void record_pulled(Record& record, const Pulled& pulled, const Error* error, Changes& out,
                   const Moment& moment) {
    Status& status = record.status;
    if (error == nullptr) {
        status.pulled_generation = std::max(status.pulled_generation, pulled.generation);
        if (restart_pulls(record) && pulled.run >= record.restart_run &&
            pulled.generation == status.active_generation) {
            restart_has_pulled(record, pulled);
        }
        status.pulled_run = std::max(status.pulled_run, pulled.run);
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
    if (!broke_off && can_be_undone(record, pulled.generation)) {
        undo(record, *error, "ImagePullBackOff", out);
        return;
    }
    bump(record, BackoffKind::pull, kPullDelays, moment.now);
    status.trouble = "ImagePullBackOff";
    status.message = error->message;
    if (!broke_off && (pulled.run != 0 || pulled.generation == record.generation)) {
        Failure failure;
        failure.part = Failure::Part::pull;
        failure.generation = pulled.generation;
        failure.run = pulled.run;
        fail_requests(record, failure, *error, out);
    }
}

}  // namespace flow::domain::model
