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

/// By the order of their wishes; a job in its backoff keeps its turn.
bool Reconciler::is_queued(const domain::Record& record) const {
    const bool waits = record.spec().kind == domain::Kind::job && model::should_run(record) &&
                       !model::holds_slot(record);
    if (!waits || config_.max_running_jobs == 0) {
        return false;
    }
    int before = 0;
    services_.store.for_each([&](const domain::Record& other) {
        const bool first = other.spec().kind == domain::Kind::job && model::should_run(other) &&
                           other.desired_seq < record.desired_seq;
        before += model::holds_slot(other) || first ? 1 : 0;
    });
    return before >= config_.max_running_jobs;
}

boost::asio::awaitable<void> Reconciler::note_waits(std::string container_id) {
    const domain::Record* record = services_.store.find(container_id);
    const std::string unmet = unmet_dependency(*record);
    const bool queued = is_queued(*record);
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
    services_.store.for_each([&](const domain::Record& other) {
        const bool waited = changed != nullptr && !other.status.waiting_for.empty() &&
                            domain::name_key(other.status.waiting_for) ==
                                domain::name_key(changed->spec().name);
        if (waited || (turn && other.status.queued)) {
            mark(other.container_id);
        }
    });
}

}  // namespace flow::reconciler
