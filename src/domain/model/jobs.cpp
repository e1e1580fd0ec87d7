// Jobs: their deadline, and how long they are kept when they are over (model 8); rows that nobody has used for long.
#include <algorithm>
#include <utility>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"
#include "domain/spec_canonical.hpp"

namespace flow::domain::model {
namespace {

constexpr int kCodeOfTerm = 143;

/// One that was stopped before it ever ran is over as well.
bool is_over(const Record& record, State state) {
    const bool never = state == State::created && record.desired == DesiredState::stopped;
    return state == State::completed || state == State::error || state == State::stopped || never;
}

Duration kept_for(const Record& record) {
    const JobRules& job = record.spec().job;
    return record.status.state == State::error ? job.keep_failed : job.ttl_after_finished;
}

/// Time{}: none.
Time deadline_of(const Record& record) {
    const Duration limit = record.spec().job.active_deadline;
    const bool counts = should_run(record) && limit != Duration{0} &&
                        record.status.first_started != Time{};
    return counts ? record.status.first_started + limit : Time{};
}

}  // namespace

void settle_job(Record& record, State state, const Moment& moment) {
    if (record.spec().kind != Kind::job || state == State::unknown) {
        return;
    }
    Time& finished = record.status.finished_at;
    if (!is_over(record, state)) {
        finished = Time{};
    } else if (finished == Time{}) {
        finished = moment.now;
    }
}

std::optional<JobTimer> job_timer(const Record& record) {
    if (record.spec().kind != Kind::job || record.deleted) {
        return std::nullopt;
    }
    if (const Time deadline = deadline_of(record); deadline != Time{}) {
        return JobTimer{JobTimer::What::deadline, deadline};
    }
    if (record.status.finished_at != Time{}) {
        return JobTimer{JobTimer::What::expiry, record.status.finished_at + kept_for(record)};
    }
    return std::nullopt;
}

bool holds_slot(const Record& record) {
    return record.spec().kind == Kind::job &&
           (runs(record) || (should_run(record) && record.status.run_started == record.run_wanted));
}

void record_deadline(Record& record, Changes& out) {
    Status& status = record.status;
    if (!should_run(record)) {
        return;
    }
    status.run_ended = record.run_wanted;
    status.ended_code = kCodeOfTerm;
    status.ended_by = "DeadlineExceeded";
    status.message = "it was not done within its active_deadline of " +
                     to_text(record.spec().job.active_deadline);
    note(record, LogKind::outcome, "DeadlineExceeded", record.spec().name + ": " + status.message,
         out);
    Error error;
    error.type = ErrorType::timeout;
    error.message = "job " + record.spec().name + ": " + status.message;
    error.details["reason"] = "DeadlineExceeded";
    fail_all_requests(record, error, out);
}

namespace {

/// Marked for deletion by us, as an `activity_log` says.
void clean_away(Record& record, std::string why, Json details, Changes& out) {
    EventDraft draft = activity_of(record, "cleanup", std::move(why));
    draft.payload["details"] = std::move(details);
    record.deleted = true;
    record.remove_volumes = false;      // nobody asked for that
    record.delete_seq = out.add(std::move(draft));
    record.status.changed_by = "flow-manager";
    record.status.backoff.erase(BackoffKind::step);
    record.status.trouble.clear();
}

std::string state_text(const Record& record) {
    return "(" + std::string{to_string(record.status.state)} + ")";
}

}  // namespace

void record_expired(Record& record, Changes& out) {
    if (record.deleted) {
        return;
    }
    const bool failed = record.status.state == State::error;
    Json details;
    details["finished_at"] = to_rfc3339(record.status.finished_at);
    clean_away(record,
               "job " + record.spec().name + " is removed: it is over " + state_text(record) +
                   " and was kept for " + to_text(kept_for(record)) +
                   (failed ? " (keep_failed)" : " (ttl_after_finished)"),
               std::move(details), out);
}

void record_unused(Record& record, Duration limit, Changes& out) {
    if (record.deleted || !record.status.last_exit) {
        return;
    }
    Json details;
    details["last_ran"] = to_rfc3339(record.status.last_exit->at);
    clean_away(record,
               record.spec().name + " is removed: it has not run " + state_text(record) + " for " +
                   to_text(limit) + " (keep-stopped)",
               std::move(details), out);
}

}  // namespace flow::domain::model
