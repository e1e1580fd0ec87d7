// Replace and its verdict, changes without a new container, and the end of a row (model 5 and 7).
#include <algorithm>
#include <utility>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"
#include "domain/model/volumes.hpp"
#include "domain/spec_canonical.hpp"

namespace flow::domain::model {

void tell_updated(Record& record, Generation before, bool recreated, Changes& out) {
    Status& status = record.status;
    status.updated_fields.clear();
    const auto old = record.specs.find(before);
    const auto now = record.specs.find(status.active_generation);
    if (old != record.specs.end() && now != record.specs.end()) {
        status.updated_fields = changed_fields(old->second, now->second);
    }
    status.updated_recreated = recreated;
    Json further;
    add_updated_fields(record, further);
    tell(record, "container_updated", further, out);
}

void tell_start_by_update(Record& record) {
    Status& status = record.status;
    const Period* main = find_period(record, status.docker_id);
    const bool restart_asked = record.restart_run != 0 && main != nullptr &&
                               main->run >= record.restart_run;
    if (main != nullptr && status.running_told && !restart_asked) {
        status.start_told = main->start;
    }
}

void activate(Record& record, Generation generation) {
    Status& status = record.status;
    const bool other = status.active_generation != 0 && status.active_generation != generation;
    if (other && !status.way_back) {
        status.backoff.clear();
        const bool ended_in_error = status.run_ended == record.run_wanted && status.ended_code &&
                                    *status.ended_code != 0 && !ended_from_outside(record);
        if (record.desired == DesiredState::running && ended_in_error) {
            ++record.run_wanted;
        }
    }
    status.active_generation = generation;
    status.observed_generation = std::max(status.observed_generation, generation);
}

namespace {

/// The engine containers change places: the new one counts.
void swap_in(Status& status) {
    status.verdict = Verdict::keep;
    status.prev_id = std::exchange(status.docker_id, std::exchange(status.next_id, ""));
    status.image_id = std::exchange(status.next_image_id, "");
    status.renew = status.pinned = false;
    keep_volumes(status);
}

/// The image's name may stand for the one that has failed by now: what is gone back to keeps its own.
bool name_has_moved(const Record& record) {
    const Status& status = record.status;
    const auto failed = record.specs.find(status.next_generation);
    return failed != record.specs.end() && failed->second.image == record.active_spec().image &&
           status.next_image_id != status.image_id;
}

}  // namespace

void commit_keep(Record& record, Changes& out) {
    Status& status = record.status;
    const Generation before = status.active_generation;
    swap_in(status);
    if (status.failed_generation == status.next_generation) {
        status.failed_generation = 0;       // a restart has brought an image that works
    }
    activate(record, status.next_generation);
    const bool windowed = status.way_back;
    status.way_back = false;
    if (windowed) {
        tell_start_by_update(record);
    }
    if (!status.created_told) {
        tell_created(record, out);
    }
    tell_updated(record, before, true, out);
}

namespace {

/// The new one counts and stays as it is, until somebody asks for something else.
void leave_failed(Record& record) {
    Status& status = record.status;
    const Generation tried = status.trial != 0 ? status.trial : status.next_generation;
    if (status.trial == 0) {
        swap_in(status);
    }
    end_trial(record);
    status.active_generation = tried;
    status.observed_generation = std::max(status.observed_generation, status.active_generation);
    if (!runs(record)) {
        // A restart that was asked for since is a run of its own.
        const Period* facts = find_period(record, status.docker_id);
        status.run_ended = facts != nullptr && facts->run != 0 ? facts->run : record.run_wanted;
        status.ended_code = status.last_exit && status.last_exit->code != 0 ? status.last_exit->code : 1;
    }
}

}  // namespace

void commit_failed_update(Record& record, const Error& error, Changes& out) {
    Status& status = record.status;
    const Generation tried = status.trial != 0 ? status.trial : status.next_generation;
    const auto spec = record.specs.find(tried);
    const bool pause = spec != record.specs.end() &&
                       spec->second.update.on_failure == OnFailure::pause;
    // A restart that brings a bad image does not make a newer generation that has failed any better.
    status.failed_generation = std::max(status.failed_generation, tried);
    status.renew = false;
    status.message = error.message;
    Error failed = error;
    failed.message = "update of " + record.spec().name + " to generation " +
                     std::to_string(tried) + " failed and was " +
                     (pause ? "left as it is (update.on_failure: pause): " : "rolled back: ") +
                     error.message;
    failed.details["reason"] = "UpdateFailed";
    Failure failure;
    failure.part = Failure::Part::verdict;
    failure.generation = tried;
    note(record, LogKind::outcome, pause ? "PauseUpdate" : "RollBack", failed.message, out);
    fail_requests(record, failure, failed, out);
    if (pause) {
        leave_failed(record);
    } else {
        status.pinned = status.pinned || (status.trial == 0 && name_has_moved(record));
        status.verdict = Verdict::roll_back;
    }
}

void record_keep(Record& record, Changes& out) {
    if (record.status.verdict == Verdict::none && !record.status.next_id.empty()) {
        commit_keep(record, out);
        record.status.intention.reset();
    }
}

void record_kept(Record& record) {
    record.status.verdict = Verdict::none;
    record.status.prev_id.clear();
}

void record_rolled_back(Record& record) {
    record.status.verdict = Verdict::none;
    record.status.next_id.clear();
    record.status.next_image_id.clear();
    record.status.way_back = false;
}

void record_active(Record& record, Changes& out, Generation generation) {
    Status& status = record.status;
    const Generation before = status.active_generation;
    status.intention.reset();
    status.backoff.erase(BackoffKind::step);
    status.backoff.erase(BackoffKind::change);
    const bool pulled = status.pulled_generation >= before;
    activate(record, generation == 0 ? record.generation : generation);
    if (status.next_id.empty() && status.trial == 0) {
        status.way_back = false;    // of an update that was taken back before it came to anything
    }
    if (pulled) {
        status.pulled_generation = std::max(status.pulled_generation, status.active_generation);
    }
    tell_updated(record, before, false, out);
}

void record_gone_containers(Record& record, const std::vector<std::string>& docker_ids,
                            Changes& out, const Moment& moment) {
    Status& status = record.status;
    for (const std::string& gone : docker_ids) {
        record_vanished(record, gone, out, moment);
        for (std::string* id : {&status.docker_id, &status.next_id, &status.prev_id}) {
            if (*id == gone) {
                id->clear();
            }
        }
        if (status.intention && status.intention->docker_id == gone) {
            status.intention.reset();
        }
    }
}

void record_observed_generation(Record& record) {
    record.status.observed_generation = record.generation;
}

namespace {

struct CleanupMember {
    CleanupPart part;
    const char* name;
    std::string Cleanup::*value;
};
constexpr CleanupMember kCleanup[] = {
    {CleanupPart::container, "container", &Cleanup::container},
    {CleanupPart::volumes, "volumes", &Cleanup::volumes},
    {CleanupPart::socket, "socket", &Cleanup::socket},
    {CleanupPart::code, "code", &Cleanup::code},
    {CleanupPart::workspace, "workspace", &Cleanup::workspace},
};

void set(Cleanup& cleanup, CleanupPart part, const std::string& value) {
    for (const CleanupMember& member : kCleanup) {
        if (member.part == part) {
            cleanup.*member.value = value;
        }
    }
}

}  // namespace

void record_cleanup(Record& record, CleanupPart part, const std::string& value) {
    set(record.status.cleanup.edit(), part, value);
}

Json cleanup_json(const Cleanup& cleanup) {
    Json json = Json::object();
    for (const CleanupMember& member : kCleanup) {
        if (const std::string& value = cleanup.*member.value; !value.empty()) {
            json[member.name] = value;
        }
    }
    return json;
}

Error with_cleanup(const Record& record, CleanupPart failed, Error error) {
    Cleanup cleanup = *record.status.cleanup;
    set(cleanup, failed, "failed");
    error.details["cleanup"] = cleanup_json(cleanup);
    return error;
}

void record_gone(Record& record, const CrashLogs& logs, Changes& out, const Moment& moment) {
    const std::vector<PendingExit> pending = record.status.pending;
    for (const PendingExit& exit : pending) {
        if (killed(record, exit.docker_id, exit.at)) {
            std::erase(record.status.pending, exit);
        }
    }
    tell_crashes(record, logs, true, out, moment);
    Cleanup& cleanup = record.status.cleanup.edit();
    for (const CleanupMember& member : kCleanup) {
        if (std::string& value = cleanup.*member.value; value.empty()) {
            value = "none";
        }
    }
    Json further;
    further["status"] = "deleted";
    further["cleanup"] = cleanup_json(cleanup);
    record.status.state = State::removed;
    tell(record, "container_deleted", further, out);
    end_requests_of_gone(record, out);
    out.remove_record = true;
}

}  // namespace flow::domain::model
