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
    for (const std::string& id : jobs_) {
        const domain::Record* other = services_.store.find(id);
        if (other == nullptr) {
            continue;
        }
        const bool first = can_begin(*other) && other->desired_seq < record.desired_seq;
        before += model::holds_slot(*other) || first ? 1 : 0;
    }
    return before >= config_.max_running_jobs;
}

boost::asio::awaitable<void> Reconciler::note_waits(std::string container_id) {
    const domain::Record* record = services_.store.find(container_id);
    const std::string unmet = unmet_dependency(*record);
    const bool queued = is_queued(*record);
    waits_.set(container_id, domain::name_key(unmet),
               queued ? std::optional{record->desired_seq} : std::nullopt);
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

void Reconciler::mark_those_who_wait(const std::string& container_id, const domain::Record* changed) {
    const bool was_job = jobs_.contains(container_id);
    if (changed == nullptr) {
        jobs_.erase(container_id);
        waits_.erase(container_id);
    } else if (changed->spec().kind == domain::Kind::job) {
        jobs_.insert(container_id);
    }
    // Which name a row had that is gone nobody knows any more.
    for (const std::string& id : changed != nullptr
                                     ? waits_.for_name(domain::name_key(changed->spec().name))
                                     : waits_.for_any_name()) {
        mark(id);
    }
    if (was_job || jobs_.contains(container_id)) {
        for (const std::string& id :
             waits_.first_in_turn(static_cast<std::size_t>(config_.max_running_jobs))) {
            mark(id);
        }
    }
}

}  // namespace flow::reconciler
