// What an accepted request writes, and its target (model 1 and 2).
#include "domain/model/drift.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/spec_canonical.hpp"

namespace flow::domain::model {

void raise_run(Record& record) {
    ++record.run_wanted;
    record.status.backoff.clear();
    record.status.trouble.clear();
    record.status.first_started = Time{};       // a job that is started anew has all its time again
}

Record create_record(const Request& request, std::string container_id, const Moment& moment) {
    Record record;
    record.container_id = std::move(container_id);
    record.created = moment.now;
    record.source = request.source;
    record.actor = request.actor;
    record.generation = 1;
    record.specs[1] = *request.spec;
    record.desired = request.desired;
    record.run_wanted = request.desired == DesiredState::running ? 1 : 0;
    return record;
}

namespace {

Error conflict(std::string message) {
    Error error;
    error.type = ErrorType::conflict_error;
    error.message = std::move(message);
    return error;
}

/// A start changes nothing while the wanted run goes on (model 1).
bool start_is_new(const Record& record) {
    return record.desired != DesiredState::running ||
           record.status.run_ended == record.run_wanted ||
           (!runs(record) && !record.status.backoff.empty());
}

bool accept_start(Record& record, const Request& request, Seq seq) {
    const bool restart = request.operation == Operation::restart;
    const bool changed = restart || start_is_new(record);
    forget_drift(record);
    if (changed) {
        raise_run(record);
    }
    if (restart) {
        record.restart_run = record.run_wanted;
        record.stop_timeout = request.timeout;
    } else if (changed) {
        record.status.pulled_run = record.restart_run;      // a start never pulls: the restart before it is overtaken
    }
    record.desired = DesiredState::running;
    record.desired_seq = seq;
    return changed;
}

bool accept_stop(Record& record, const Request& request, Seq seq) {
    const bool changed = record.desired != DesiredState::stopped;
    record.desired = DesiredState::stopped;
    clear_drift_reason(record);
    record.desired_seq = seq;
    record.stop_timeout = request.timeout;
    return changed;
}

bool accept_delete(Record& record, const Request& request, Seq seq) {
    const bool changed = !record.deleted;
    record.deleted = true;
    record.force = record.force || request.force;
    if (changed) {
        record.remove_volumes = request.remove_volumes;
        record.delete_seq = seq;
        record.status.backoff.erase(BackoffKind::step);
        record.status.trouble.clear();
    }
    return changed;
}

/// The spec of an update or a manifest. An update that changes nothing while its generation is UpdateFailed is
/// a new generation too: tried again (model 5).
bool accept_spec(Record& record, const Spec& spec, Seq seq) {
    Status& status = record.status;
    const bool differs = spec != record.spec();
    // Where a restart brought a bad image it is a restart that tries again.
    const bool again = !differs && status.failed_generation == record.generation &&
                       status.active_generation != record.generation;
    if (!differs && !again) {
        return false;
    }
    const ChangeKind change = change_between(record.spec(), spec);
    const bool recreate = change == ChangeKind::recreate || change == ChangeKind::code;
    forget_drift(record);
    record.specs[record.generation + 1] = spec;
    ++record.generation;
    record.generation_seq = seq;
    status.backoff.erase(BackoffKind::change);
    if (recreate || again) {
        status.backoff.erase(BackoffKind::pull);
        status.backoff.erase(BackoffKind::step);
        status.trouble.clear();
    }
    return true;
}

/// A document with new content: an update, and a start when it says `running` (model 1). What waits in backoff is
/// started too, whatever the difference is. One that is applied by hand has no digest: it does nothing where the row
/// is as it says, so that what has ended stays as it is.
bool accept_manifest(Record& record, const Request& request, Seq seq) {
    const bool starts = request.desired == DesiredState::running;
    const bool start = starts && start_is_new(record);     // as it was: a new spec clears backoffs
    bool changed = accept_spec(record, *request.spec, seq);
    const bool is_new = changed || !request.document_digest.empty();
    if (request.desired != record.desired || (start && is_new)) {
        if (starts) {
            raise_run(record);
        }
        forget_drift(record);
        record.desired = request.desired;
        record.desired_seq = seq;
        changed = true;
    }
    return changed;
}

/// Writes the wish; answers whether it changed anything.
bool write_wish(Record& record, const Request& request, Seq seq) {
    switch (request.operation) {
        case Operation::start:
        case Operation::restart: return accept_start(record, request, seq);
        case Operation::stop: return accept_stop(record, request, seq);
        case Operation::remove: return accept_delete(record, request, seq);
        case Operation::update:
        case Operation::rollback: return accept_spec(record, *request.spec, seq);
        case Operation::manifest:
            if (record.generation_seq != 0) {
                return accept_manifest(record, request, seq);
            }
            break;
        case Operation::create: break;
    }
    record.generation_seq = record.desired_seq = seq;   // a new row: the spec is in it already
    return true;
}

Target target_of(const Record& record, const Request& request, bool is_new) {
    Target target;
    target.run = record.run_wanted;
    target.generation = record.generation;
    if (is_new) {
        target.kind = record.desired == DesiredState::running ? Target::Kind::run_started
                                                              : Target::Kind::exists;
        return target;
    }
    switch (request.operation) {
        case Operation::start:
        case Operation::restart: target.kind = Target::Kind::run_started; break;
        case Operation::stop: target.kind = Target::Kind::stopped; break;
        case Operation::remove: target.kind = Target::Kind::gone; break;
        default:
            target.kind = record.desired == DesiredState::stopped &&
                                  record.status.active_generation == record.generation
                              ? Target::Kind::stopped
                              : Target::Kind::active;
            break;
    }
    return target;
}

/// What an accepted request did, for the audit and for subscribers.
struct Acceptance {
    bool changed = false;
    std::vector<std::string> changed_fields;    ///< of the spec
    Json diff = Json::array();                  ///< Accepted::diff
    std::string changed_by;                     ///< who had changed it before, when that was somebody else
};

std::string summary_of(const Record& record, const Request& request, const Acceptance& made) {
    std::string text{to_string(request.operation)};
    text += " " + record.spec().name + " accepted";
    if (!made.changed) {
        return text + ": it is so already";
    }
    for (std::size_t i = 0; i < made.changed_fields.size(); ++i) {
        text += (i == 0 ? ": " : ", ") + made.changed_fields[i];
    }
    if (request.operation == Operation::manifest && !made.changed_by.empty()) {
        text += " (" + made.changed_by + " had changed it in between)";
    }
    return text;
}

void log_acceptance(Record& record, const Request& request, const Acceptance& made, Changes& out) {
    const std::string operation{to_string(request.operation)};
    EventDraft draft;
    draft.type = "activity_log";
    draft.container_id = record.container_id;
    draft.name = record.spec().name;
    draft.request_id = request.request_id;
    draft.actor = request.actor;
    draft.generation = record.generation;
    draft.summary = summary_of(record, request, made);
    draft.payload = event_base(record);
    Json& payload = draft.payload;
    payload["activity_type"] = "request_accepted";
    payload["message"] = draft.summary;
    payload["actor"] = request.actor;
    payload["request_id"] = request.request_id;
    Json& details = payload["details"];
    details["operation"] = operation;
    details["container_id"] = record.container_id;
    details["name"] = record.spec().name;
    details["generation"] = record.generation;
    details["desired_state"] = to_string(record.desired);
    details["changed"] = made.changed;
    details["changed_fields"] = made.changed_fields;
    if (!made.changed_by.empty()) {
        details["changed_by"] = made.changed_by;
    }
    if (!request.source.empty()) {
        details["source"] = request.source;
    }
    out.add(std::move(draft));
}

bool brings_a_spec(Operation operation) {
    return operation == Operation::update || operation == Operation::rollback ||
           operation == Operation::manifest;
}

void add_desired_state(Json& diff, DesiredState from, DesiredState to) {
    if (from != to) {
        Json entry;
        entry["field"] = "desired_state";
        entry["from"] = to_string(from);
        entry["to"] = to_string(to);
        diff.push_back(std::move(entry));
    }
}

Acceptance write_and_note(Record& record, const Request& request, Seq seq) {
    Acceptance made;
    const Generation before = record.generation;
    const DesiredState desired = record.desired;
    const bool is_new = record.generation_seq == 0;
    made.changed = write_wish(record, request, seq);
    if (record.generation != before) {
        made.changed_fields = changed_fields(record.specs.at(before), record.spec());
    }
    if (brings_a_spec(request.operation)) {
        made.diff = is_new ? spec_diff(record.spec())
                           : spec_diff(record.specs.at(before), record.spec());
        add_desired_state(made.diff, desired, record.desired);
    }
    std::string& last = record.status.changed_by;
    if (last != request.actor) {
        made.changed_by = last;
    }
    if (made.changed) {
        last = request.actor;
    }
    return made;
}

Result<void> check(const Record& record, const Request& request) {
    if (record.deleted && request.operation != Operation::remove) {
        return conflict("container " + record.spec().name + " (" + record.container_id +
                        ") is being deleted; declare a new one under its name");
    }
    const bool new_row = record.generation_seq == 0;
    if (!new_row && request.spec && request.spec->kind != record.spec().kind) {
        return conflict(record.spec().name + " is a " + std::string{to_string(record.spec().kind)} +
                        ", and its kind cannot change; delete it and create it anew");
    }
    if (record.spec().kind == Kind::job && !new_row && request.spec && *request.spec != record.spec()) {
        return conflict("the spec of job " + record.spec().name +
                        " does not change; delete it and create it anew");
    }
    if (request.expected_generation && *request.expected_generation != record.generation) {
        Error error = conflict("expected generation " +
                               std::to_string(*request.expected_generation) + " of " +
                               record.spec().name + ", but it is at " +
                               std::to_string(record.generation) + "; read it again");
        error.details["expected_generation"] = *request.expected_generation;
        error.details["generation"] = record.generation;
        return error;
    }
    return {};
}

}  // namespace

Result<Accepted> accept(Record& record, const Request& request, Changes& out,
                        const Moment& moment) {
    if (auto allowed = check(record, request); !allowed) {
        return allowed.error();
    }
    const Seq seq = out.next_seq();
    const bool is_new = record.generation_seq == 0;
    const Acceptance made = write_and_note(record, request, seq);
    if (!request.request_id.empty()) {
        record.request_id = request.request_id;
    }
    log_acceptance(record, request, made, out);

    OpenRequest open;
    open.actor = request.actor;
    open.request_id = request.request_id;
    open.operation = to_string(request.operation);
    open.target = target_of(record, request, is_new);
    open.seq = seq;
    open.at = moment.now;
    record.open.push_back(std::move(open));

    Accepted accepted;
    accepted.container_id = record.container_id;
    accepted.name = record.spec().name;
    accepted.generation = record.generation;
    accepted.seq = seq;
    accepted.changed = made.changed;
    accepted.created = is_new;
    accepted.diff = made.diff;
    accepted.request_id = request.request_id;
    return accepted;
}

}  // namespace flow::domain::model
