#include "store/drift_json.hpp"

#include <utility>

namespace flow::store {

using domain::Baseline;
using domain::Difference;
using domain::Repair;

void put_differences(Json& json, const char* key, const std::vector<Difference>& list) {
    for (const Difference& difference : list) {
        Json entry = Json::object();
        entry["field"] = difference.field;
        put(entry, "is", difference.is);
        put(entry, "should", difference.should);
        json[key].push_back(std::move(entry));
    }
}

void read_differences(const Json& json, const char* key, std::vector<Difference>& out) {
    const Json* list = field(json, key);
    if (!list) {
        return;
    }
    for (const Json& entry : *list) {
        Difference difference;
        read(entry, "field", difference.field);
        read(entry, "is", difference.is);
        read(entry, "should", difference.should);
        out.push_back(std::move(difference));
    }
}

void put_drift(Json& json, const domain::Status& status) {
    for (const auto& [docker_id, baseline] : status.baselines) {
        Json& entry = json["baselines"][docker_id];
        entry["settings"] = baseline.settings.str();
        put(entry, "engine", baseline.engine);
        put(entry, "name", baseline.name);
    }
    for (const auto& [name, repair] : status.drift->repairs) {
        Json& entry = json["repairs"][name];
        entry["is"] = repair.is;
        put(entry, "should", repair.should);
        put(entry, "times", repair.times);
        put(entry, "last", repair.last);
        put(entry, "given_up", repair.given_up);
    }
    put_differences(json, "recreating", status.drift->recreating);
    put(json, "drift_reason", status.drift->reason);
}

void read_drift(const Json& json, domain::Status& status) {
    if (const Json* baselines = field(json, "baselines")) {
        for (const auto& [docker_id, entry] : baselines->items()) {
            Baseline& baseline = status.baselines[docker_id];
            std::string settings;
            read(entry, "settings", settings);
            baseline.settings = std::move(settings);
            read(entry, "engine", baseline.engine);
            read(entry, "name", baseline.name);
        }
    }
    domain::Drift drift;
    if (const Json* repairs = field(json, "repairs")) {
        for (const auto& [name, entry] : repairs->items()) {
            Repair& repair = drift.repairs[name];
            read(entry, "is", repair.is);
            read(entry, "should", repair.should);
            read(entry, "times", repair.times);
            read(entry, "last", repair.last);
            read(entry, "given_up", repair.given_up);
        }
    }
    read_differences(json, "recreating", drift.recreating);
    read(json, "drift_reason", drift.reason);
    status.drift = std::move(drift);
}

}  // namespace flow::store
