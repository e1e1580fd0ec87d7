// Other code in the same engine container: tried from the switch of its link on, kept or taken back (model 6).
#include <algorithm>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"

namespace flow::domain::model {

bool code_changes(const Record& record) {
    const Status& status = record.status;
    return status.next_id.empty() && !status.renew && status.active_generation != 0 &&
           status.active_generation != record.generation &&
           status.failed_generation != record.generation &&
           change_between(record.active_spec(), record.spec()) == ChangeKind::code;
}

Generation code_generation(const Record& record) {
    const bool tried = record.status.trial != 0 && record.status.verdict == Verdict::none;
    return tried ? record.status.trial : record.status.active_generation;
}

bool in_window(const Record& record, const std::string& docker_id) {
    const Status& status = record.status;
    const bool tried = status.trial != 0 ? docker_id == status.docker_id : docker_id == status.next_id;
    return tried && !docker_id.empty() && status.way_back && status.verdict == Verdict::none;
}

void end_trial(Record& record) {
    record.status.trial = 0;
    record.status.trial_run = 0;
    record.status.way_back = false;
}

namespace {

/// New code is a new run, where the wanted one has begun and is not over (model 1).
void want_new_run(Record& record, bool goes_on) {
    if (goes_on && record.status.run_started >= record.run_wanted) {
        ++record.run_wanted;
    }
}

/// Other code is no other image: what was pulled for the generation before will do.
void take_over_pull(Status& status, Generation before) {
    if (status.pulled_generation >= before) {
        status.pulled_generation = std::max(status.pulled_generation, status.active_generation);
    }
}

/// No process that could be gone back to: the new code is what counts from now on.
void take_at_once(Record& record, Generation generation, Changes& out) {
    Status& status = record.status;
    const Generation before = status.active_generation;
    const bool goes_on = should_run(record);
    status.way_back = false;
    activate(record, generation);
    take_over_pull(status, before);
    want_new_run(record, goes_on);
    tell_updated(record, before, false, out);
}

}  // namespace

void record_linked(Record& record, Generation generation, Changes& out) {
    Status& status = record.status;
    status.intention.reset();
    if (generation == status.active_generation) {
        status.backoff.erase(BackoffKind::step);        // what waits for other code goes on waiting
    } else {
        status.backoff.erase(BackoffKind::change);
        status.trouble.clear();
        status.message.clear();
    }
    const auto spec = record.specs.find(generation);
    if (spec == record.specs.end()) {
        return;
    }
    status.linked = spec->second.code->digest;
    const bool of_what_counts = status.active_generation == 0 || generation <= status.active_generation ||
                                status.trial != 0 || status.verdict != Verdict::none ||
                                !status.next_id.empty() || record.deleted;
    if (of_what_counts ||
        change_between(record.active_spec(), spec->second) != ChangeKind::code) {
        return;
    }
    const bool way_back = should_run(record) && (status.way_back || has_way_back(record));
    if (!way_back) {
        take_at_once(record, generation, out);
        return;
    }
    want_new_run(record, true);
    status.trial = generation;
    status.trial_run = record.run_wanted;
    status.way_back = true;
}

void record_code_kept(Record& record, Changes& out) {
    Status& status = record.status;
    if (status.trial == 0 || status.verdict != Verdict::none) {
        return;
    }
    const Generation before = status.active_generation;
    activate(record, status.trial);     // with its window: backoffs stay
    take_over_pull(status, before);
    end_trial(record);
    tell_start_by_update(record);
    tell_updated(record, before, false, out);
}

void record_code_dropped(Record& record) {
    if (record.status.verdict == Verdict::none) {
        end_trial(record);
    }
}

void record_code_rolled_back(Record& record) {
    record.status.verdict = Verdict::none;
    end_trial(record);
}

}  // namespace flow::domain::model
