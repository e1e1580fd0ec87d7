// What a row waits for besides its own steps: other rows (depends_on) and its turn among jobs (contract 2, model 8).
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/spec_canonical.hpp"
#include "reconciler/awaits.hpp"
#include "reconciler/reconciler.hpp"
#include "reconciler/spawn.hpp"

namespace flow::reconciler {

namespace model = domain::model;

std::string completed_job_key(const std::string& name) {
    return "completed_job:" + domain::name_key(name);
}

std::string Reconciler::unmet_dependency(const domain::Record& record) const {
    if (!model::should_run(record) || model::runs(record)) {
        return "";
    }
    for (const domain::Dependency& dependency : record.active_spec().depends_on) {
        const domain::Record* other = services_.store.find_name(dependency.name);
        const bool met = other != nullptr
                             ? model::meets(*other, dependency.condition)
                             : dependency.condition == domain::DependencyCondition::completed &&
                                   services_.store.meta(completed_job_key(dependency.name)) == "1";
        if (!met) {
            return dependency.name;
        }
    }
    return "";
}

namespace {

/// It could begin if it were its turn: one that waits for something else keeps nobody from theirs.
bool can_begin(const domain::Record& record) {
    const domain::Status& status = record.status;
    return record.spec().kind == domain::Kind::job && model::should_run(record) &&
           status.waiting_for.empty() && status.trouble.empty() && status.backoff.empty();
}

}  // namespace

/// By the order of their wishes; a job in the backoff of its run keeps its turn.
bool Reconciler::is_queued(const domain::Record& record) const {
    const bool waits = record.spec().kind == domain::Kind::job && model::should_run(record) &&
                       !model::holds_slot(record);
    if (!waits || config_.max_running_jobs == 0) {
        return false;
    }
    int before = 0;
    services_.store.for_each([&](const domain::Record& other) {
        const bool first = can_begin(other) && other.desired_seq < record.desired_seq;
        before += model::holds_slot(other) || first ? 1 : 0;
    });
    return before >= config_.max_running_jobs;
}

boost::asio::awaitable<void> Reconciler::note_waits(std::string container_id) {
    const domain::Record* record = services_.store.find(container_id);
    const std::string unmet = unmet_dependency(*record);
    const bool queued = is_queued(*record);
    if (unmet.empty() && !queued) {
        waiting_.erase(container_id);
    } else {
        waiting_.insert(container_id);
    }
    if (record->status.waiting_for == unmet && record->status.queued == queued) {
        co_return;
    }
    domain::Store::Change change = [unmet, queued](domain::Record& row, domain::Changes&,
                                                   const domain::Moment&) {
        row.status.waiting_for = unmet;
        row.status.queued = queued;
    };
    co_await commit(services_.store, container_id, std::move(change));
}

void Reconciler::mark_those_who_wait(const domain::Record* changed) {
    const bool turn = changed == nullptr || changed->spec().kind == domain::Kind::job;
    const std::set<std::string> waiting = waiting_;     // marking changes nothing, a gone row does
    for (const std::string& container_id : waiting) {
        const domain::Record* other = services_.store.find(container_id);
        if (other == nullptr) {
            waiting_.erase(container_id);
            continue;
        }
        const std::string& name = other->status.waiting_for;
        const bool waited = !name.empty() &&
                            (changed == nullptr ||
                             domain::name_key(name) == domain::name_key(changed->spec().name));
        if (waited || (turn && other->status.queued)) {
            mark(container_id);
        }
    }
}

}  // namespace flow::reconciler
