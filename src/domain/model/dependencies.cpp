// depends_on: what a container waits for before it is started (contract 2).
#include <algorithm>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {

bool completed(const Record& record) {
    const Status& status = record.status;
    return status.run_ended != 0 && status.run_ended == record.run_wanted && status.ended_code == 0;
}

bool meets(const Record& record, DependencyCondition condition) {
    if (record.deleted) {
        return false;
    }
    switch (condition) {
        case DependencyCondition::started: return runs(record) || completed(record);
        case DependencyCondition::healthy: return health_of(record) == "healthy";
        case DependencyCondition::completed: return !runs(record) && completed(record);
    }
    return false;
}

std::string waiting_text(const Record& record) {
    const std::string& name = record.status.waiting_for;
    const auto& all = record.active_spec().depends_on;
    const auto found = std::find_if(all.begin(), all.end(), [&](const Dependency& dependency) {
        return dependency.name == name;
    });
    const auto condition = found == all.end() ? DependencyCondition::started : found->condition;
    switch (condition) {
        case DependencyCondition::started: return "waits for " + name + " to run";
        case DependencyCondition::healthy: return "waits for " + name + " to be healthy";
        case DependencyCondition::completed: return "waits for " + name + " to complete";
    }
    return "waits for " + name;
}

}  // namespace flow::domain::model
