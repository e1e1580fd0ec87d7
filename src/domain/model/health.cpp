// Health as the engine's probes tell it: of the process that runs now (contract 3, model 5 and 9).
#include "domain/model/facts.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {
namespace {

/// Within the window the new one has to stay healthy; what it says is not asked for: its log has it (model 5).
void judge_unhealthy(Record& record, const std::string& docker_id, Changes& out) {
    if (!in_window(record, docker_id)) {
        return;
    }
    Error error;
    error.type = ErrorType::docker_api_error;
    error.message = "the new one became unhealthy";
    commit_failed_update(record, error, out);
}

}  // namespace

void record_health(Record& record, const HealthSeen& seen, Changes& out) {
    const std::string& docker_id = seen.docker_id;
    const std::string& health = seen.health;
    Period& facts = period(record, docker_id);
    if (!facts.open || facts.health == health || health.empty() || seen.at < facts.health_at) {
        return;
    }
    facts.health = health;
    facts.health_at = seen.at;
    facts.warned = false;
    if (health == "unhealthy") {
        judge_unhealthy(record, docker_id, out);
    }
}

void record_health_warning(Record& record, const Observed& seen, Changes& out) {
    Period& facts = period(record, seen.docker_id);
    if (!facts.open || facts.health != "unhealthy" || facts.warned) {
        return;
    }
    facts.warned = true;
    Json further;
    further["health"] = facts.health;
    further["failing_streak"] = seen.failing_streak;
    further["output"] = seen.health_output;
    tell(record, "container_health_warning", further, out);
}

std::string health_of(const Record& record) {
    const Period* main = find_period(record, record.status.docker_id);
    return main != nullptr && main->open ? main->health : "none";
}

bool unhealthy_end(const Record& record, const std::string& docker_id) {
    const auto& intention = record.status.intention;
    return intention && intention->step == Step::stop &&
           intention->purpose == Purpose::unhealthy && intention->docker_id == docker_id &&
           docker_id == record.status.docker_id && should_run(record) &&
           record.status.run_started == record.run_wanted;
}

}  // namespace flow::domain::model
