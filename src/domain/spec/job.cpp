// What jobs alone have: backoff_limit, active_deadline, ttl_after_finished, keep_failed (model 8).
#include "domain/spec/draft.hpp"

namespace flow::domain {
namespace {

constexpr int kDefaultBackoffLimit = 3;
constexpr int kMaxBackoffLimit = 1000;

void read_time(const Field& field, const char* name, Duration& out, SpecDraft& draft) {
    draft.job_fields.emplace_back(name);
    out = read_duration(field).value_or(out);
}

void settle_retries(SpecDraft& draft, FieldErrors& errors) {
    Restart& restart = draft.spec.restart;
    if (restart.policy == Restart::Policy::always) {
        errors.add("restart", "cannot be always in a job: a job ends when it has completed; use "
                              "on-failure:N or no");
        return;
    }
    const bool counted = restart.max_retries >= 0;
    if (draft.backoff_limit && (counted || restart.policy == Restart::Policy::no)) {
        errors.add("backoff_limit", "stands beside a restart that says how often already; give "
                                    "one of both");
        return;
    }
    if (restart.policy == Restart::Policy::on_failure && !counted) {
        restart.max_retries = draft.backoff_limit.value_or(kDefaultBackoffLimit);
    }
}

}  // namespace

void read_backoff_limit(const Field& field, SpecDraft& draft) {
    draft.job_fields.emplace_back("backoff_limit");
    const auto limit = read_integer(field);
    if (limit && (*limit < 0 || *limit > kMaxBackoffLimit)) {
        field.wrong("must be from 0 to " + std::to_string(kMaxBackoffLimit));
    } else if (limit) {
        draft.backoff_limit = static_cast<int>(*limit);
    }
}

void read_active_deadline(const Field& field, SpecDraft& draft) {
    read_time(field, "active_deadline", draft.spec.job.active_deadline, draft);
}

void read_ttl_after_finished(const Field& field, SpecDraft& draft) {
    read_time(field, "ttl_after_finished", draft.spec.job.ttl_after_finished, draft);
}

void read_keep_failed(const Field& field, SpecDraft& draft) {
    read_time(field, "keep_failed", draft.spec.job.keep_failed, draft);
}

void settle_job(SpecDraft& draft, FieldErrors& errors) {
    if (draft.spec.kind == Kind::job) {
        settle_retries(draft, errors);
        return;
    }
    for (const std::string& name : draft.job_fields) {
        errors.add(name, "belongs to jobs only; write kind: job, or leave it out");
    }
}

}  // namespace flow::domain
