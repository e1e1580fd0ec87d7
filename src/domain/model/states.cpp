// The state table of model 9 and the reason words.
#include <algorithm>

#include "domain/model/facts.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {

Period& period(Record& record, const std::string& docker_id) {
    return record.status.periods[docker_id];
}

const Period* find_period(const Record& record, const std::string& docker_id) {
    const auto found = record.status.periods.find(docker_id);
    return found == record.status.periods.end() ? nullptr : &found->second;
}

bool runs(const Record& record) {
    const Period* main = find_period(record, record.status.docker_id);
    return main != nullptr && main->open;
}

bool should_run(const Record& record) {
    return !record.deleted && record.desired == DesiredState::running &&
           record.status.run_ended < record.run_wanted;
}

bool replacing(const Record& record) {
    const Status& status = record.status;
    if (!status.next_id.empty() || status.renew) {
        return true;
    }
    return status.active_generation != 0 && status.active_generation != record.generation &&
           status.failed_generation != record.generation &&
           change_between(record.active_spec(), record.spec()) == ChangeKind::recreate;
}

bool ended_from_outside(const Record& record) {
    const auto& last = record.status.last_exit;
    const std::string& why = record.status.ended_by;    // another one when a start was refused since
    const bool outside = why == "StoppedOutside" || why == "RemovedOutside" || why == "EngineRestarted";
    return last && last->by == ExitClass::outside && outside;
}

bool has_way_back(const Record& record) {
    const Status& status = record.status;
    return should_run(record) && status.run_ended < status.run_started &&
           !status.backoff.contains(BackoffKind::run) && status.active_generation != 0;
}

Generation wanted_generation(const Record& record) {
    const bool failed = record.status.active_generation != 0 &&
                        record.status.failed_generation == record.generation;
    return failed ? record.status.active_generation : record.generation;
}

/// While a newer generation waits, a restart is one of the old one as it is: the newer one pulls for itself.
bool restart_pulls(const Record& record) {
    const Run asked = record.restart_run;
    return asked > record.status.run_started && asked > record.status.pulled_run &&
           should_run(record) && record.status.active_generation != 0 &&
           wanted_generation(record) == record.status.active_generation &&
           record.active_spec().pull_policy == PullPolicy::always;
}

Duration stop_grace(const Record& record) {
    return record.stop_timeout.value_or(record.active_spec().stop_grace_period);
}

namespace {

/// From step 2 of a replace with a window until its verdict is carried out (model 5, 9).
bool in_update(const Record& record) {
    const Status& status = record.status;
    if (status.verdict == Verdict::roll_back) {
        return true;
    }
    if (!status.way_back) {
        return false;
    }
    if (status.trial != 0) {
        return true;
    }
    const bool stops_old = status.intention && status.intention->step == Step::stop &&
                           status.intention->purpose == Purpose::update;
    return (!status.next_id.empty() || code_changes(record)) && (stops_old || !runs(record));
}

/// Its end by KILL is not judged yet: for 250 ms it may turn out as somebody's `docker rm -f`, and then it is no error.
bool may_be_outside(const Record& record) {
    const Status& status = record.status;
    return std::any_of(status.pending.begin(), status.pending.end(), [&](const PendingExit& exit) {
        return exit.docker_id == status.docker_id && killed(record, exit.docker_id, exit.at);
    });
}

State idle_state(const Record& record) {
    const Status& status = record.status;
    if (status.run_ended != 0 && status.run_ended == record.run_wanted) {
        if (status.ended_code == 0) {
            return State::completed;
        }
        const bool excused = ended_from_outside(record) && record.spec().kind != Kind::job;
        if (record.desired == DesiredState::running && !excused) {
            return may_be_outside(record) ? State::stopping : State::error;
        }
    }
    if (status.active_generation == 0) {
        return State::creating;
    }
    return status.run_started == 0 ? State::created : State::stopped;
}

State running_state(const Record& record) {
    const Status& status = record.status;
    const bool wanted = should_run(record);
    if (status.intention && status.intention->step == Step::stop) {
        return wanted ? State::restarting : State::stopping;
    }
    if (!wanted) {
        return State::stopping;
    }
    if (status.run_started < record.run_wanted) {
        return State::restarting;
    }
    return status.ports_pending ? State::starting : State::running;
}

/// What others did, as long as nothing newer is to be said.
std::string drift_reason(const Status& status) {
    const auto& repairs = status.drift->repairs;
    const bool left = std::any_of(repairs.begin(), repairs.end(),
                                  [](const auto& entry) { return entry.second.given_up; });
    if (left) {
        return "DriftUnresolvable";
    }
    return status.ended_by.empty() ? status.drift->reason : status.ended_by;
}

}  // namespace

State state_of(const Record& record, const Moment& moment) {
    const Status& status = record.status;
    if (record.deleted) {
        return State::removing;
    }
    if (moment.unknown) {
        return State::unknown;
    }
    if (in_update(record)) {
        return State::updating;
    }
    if (runs(record)) {
        return running_state(record);
    }
    if (should_run(record) && status.active_generation != 0) {
        const bool again = status.backoff.contains(BackoffKind::run) || record.restart_run != 0;
        return again && status.run_started != 0 ? State::restarting : State::starting;
    }
    return idle_state(record);
}

std::string reason_of(const Record& record, State state) {
    const Status& status = record.status;
    if (state == State::unknown) {
        return "EngineUnavailable";
    }
    if (status.trouble == kInspectFailed) {
        return status.trouble;
    }
    const Period* main = find_period(record, status.docker_id);
    if (state == State::running && main != nullptr && main->paused) {
        return "PausedOutside";
    }
    if (state == State::removing || (state == State::stopping && status.trouble == "StopFailed")) {
        return status.trouble;
    }
    const bool waits = state == State::creating || state == State::starting ||
                       state == State::restarting || replacing(record) ||
                       status.backoff.contains(BackoffKind::change) || status.trouble == "NameConflict";
    if (waits && status.queued) {
        return "Queued";
    }
    if (waits && !status.trouble.empty()) {
        return status.trouble;
    }
    if (waits && !status.waiting_for.empty()) {
        return "WaitingForDependency";
    }
    if (state == State::running && health_of(record) == "unhealthy") {
        return "Unhealthy";
    }
    const auto run = status.backoff.find(BackoffKind::run);
    if (state == State::restarting && run != status.backoff.end() && run->second.tries > 1) {
        return "CrashLoopBackOff";
    }
    if (status.failed_generation == record.generation && status.failed_generation != 0) {
        return "UpdateFailed";
    }
    return drift_reason(status);
}

}  // namespace flow::domain::model
