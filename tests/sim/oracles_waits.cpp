// What a row may wait for besides its own steps: other rows (depends_on), and its turn among jobs.
#include <algorithm>

#include "domain/model/model.hpp"
#include "reconciler/services.hpp"
#include "sim/simulation.hpp"

namespace flow::sim {

namespace model = domain::model;
using Condition = domain::DependencyCondition;

bool Simulation::waits_honestly(const domain::Record& record) const {
    return waits_for_another(record) || waits_for_turn(record);
}

/// What it waits for does not run, or has not completed.
bool Simulation::waits_for_another(const domain::Record& record) const {
    const std::string& name = record.status.waiting_for;
    for (const domain::Dependency& dependency : record.active_spec().depends_on) {
        if (dependency.name != name) {
            continue;
        }
        const domain::Record* other = daemon.store().find_name(name);
        if (other != nullptr) {
            return !model::meets(*other, dependency.condition);
        }
        return dependency.condition != Condition::completed ||
               daemon.store().meta(reconciler::completed_job_key(name)) != "1";
    }
    return false;
}

/// As many jobs as may run do run, by the engine's word.
bool Simulation::waits_for_turn(const domain::Record& record) const {
    int running = 0;
    for (const auto& [id, container] : engine.containers) {
        const domain::Record* other = row(container->container_id);
        const bool job = other != nullptr && other->spec().kind == domain::Kind::job;
        running += job && container->running && container->container_id != record.container_id ? 1 : 0;
    }
    return record.status.queued && running >= daemon.max_running_jobs;
}

/// Asked at a start of ours: how many other jobs have a process.
void Simulation::judge_turn(const Container& container) {
    const domain::Record* record = row(container.container_id);
    if (daemon.max_running_jobs == 0 || record->spec().kind != domain::Kind::job) {
        return;
    }
    int running = 0;
    std::string who;
    for (const auto& [id, other] : engine.containers) {
        const domain::Record* its = row(other->container_id);
        const bool counts = its != nullptr && its->spec().kind == domain::Kind::job && other->running &&
                            other->container_id != container.container_id &&
                            !other->process->outside_start;
        if (counts) {
            ++running;
            who += " " + other->container_id;
        }
    }
    if (running >= daemon.max_running_jobs) {
        bad("job " + container.container_id + " is started beside" + who + ", at most " +
            std::to_string(daemon.max_running_jobs) + " may run");
    }
}

/// Asked at a start of ours. What ends at this moment the daemon need not know yet; but it must have run.
void Simulation::judge_dependencies(const domain::Record& record) {
    for (const domain::Dependency& dependency : record.active_spec().depends_on) {
        const bool completed = dependency.condition == Condition::completed;
        const bool seen = std::any_of(engine.processes.begin(), engine.processes.end(), [&](const ProcessPtr& process) {
            const auto names = names_.find(process->container_id);
            const bool its = names != names_.end() && names->second.contains(dependency.name);
            return its && (!completed || (process->end != Time{} && process->code == 0));
        });
        if (!seen) {
            bad(record.container_id + " is started before " + dependency.name +
                (completed ? " has completed" : " has run"));
        }
    }
}

}  // namespace flow::sim
