#include "domain/model/drift.hpp"

#include <utility>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {
namespace {

const Spec& spec_of(const Record& record, const std::string& docker_id) {
    const Status& status = record.status;
    const auto next = record.specs.find(status.next_generation);
    const bool is_next = docker_id == status.next_id && next != record.specs.end();
    return is_next ? next->second : record.active_spec();
}

/// For people and programs: what was found, field by field.
void log_drift(Record& record, std::string type, const std::vector<Difference>& differences,
               std::string message, Changes& out) {
    EventDraft draft = activity_of(record, std::move(type), std::move(message));
    draft.payload.erase("request_id");      // no request brought it about
    Json& details = draft.payload["details"];
    details["container_id"] = record.container_id;
    details["name"] = record.spec().name;
    Json list = Json::array();
    for (const Difference& difference : differences) {
        Json entry;
        entry["field"] = difference.field;
        entry["is"] = difference.is;
        entry["should"] = difference.should;
        list.push_back(std::move(entry));
    }
    details["differences"] = std::move(list);
    out.add(std::move(draft));
}

bool same(const Repair& repair, const Difference& difference) {
    return repair.is == difference.is && repair.should == difference.should;
}

}  // namespace

void record_baseline(Record& record, const Observed& seen) {
    if (seen.settings.empty()) {
        record.status.baselines.erase(seen.docker_id);
        return;
    }
    Baseline& baseline = record.status.baselines[seen.docker_id];
    const SharedText should = baseline_of(seen.settings, spec_of(record, seen.docker_id));
    baseline.settings = should == seen.settings ? seen.settings : should;
    baseline.engine = seen.engine;
    baseline.name = baseline.name.empty() ? seen.name : baseline.name;
}

void record_name(Record& record, const std::string& docker_id, const std::string& name) {
    const auto known = record.status.baselines.find(docker_id);
    if (known != record.status.baselines.end()) {
        known->second.name = name;
    }
}

bool given_up(const Record& record, const Difference& difference) {
    const auto& repairs = record.status.drift->repairs;
    const auto found = repairs.find(difference.field);
    return found != repairs.end() && found->second.given_up;
}

bool comes_again(const Record& record, const Difference& difference, Time now) {
    const auto& repairs = record.status.drift->repairs;
    const auto found = repairs.find(difference.field);
    return found != repairs.end() && same(found->second, difference) &&
           found->second.times >= kRepairs && now - found->second.last < kRepairsForgotten;
}

void record_recreate(Record& record, std::vector<Difference> differences, Changes& out) {
    note(record, LogKind::action, "RecreateContainer",
         "RecreateContainer " + record.spec().name + ": " + to_text(differences), out);
    record.status.recreate = true;
    record.status.drift.edit().recreating = std::move(differences);
}

void record_repaired(Record& record, const std::vector<Difference>& differences, Changes& out,
                     const Moment& moment) {
    Drift& drift = record.status.drift.edit();
    for (const Difference& difference : differences) {
        Repair& repair = drift.repairs[difference.field];
        const bool again = same(repair, difference) &&
                           moment.now - repair.last < kRepairsForgotten;
        repair.times = again ? repair.times + 1 : 1;
        repair.is = difference.is;
        repair.should = difference.should;
        repair.last = moment.now;
        repair.given_up = false;
    }
    drift.reason = "DriftRepaired";
    const std::string text = to_text(differences) + ": put back";
    out.retell = text;
    log_drift(record, "drift_repaired", differences, record.spec().name + ": " + text, out);
}

void record_unresolvable(Record& record, const std::vector<Difference>& differences,
                         const std::string& why, Changes& out) {
    for (const Difference& difference : differences) {
        Repair& repair = record.status.drift.edit().repairs[difference.field];
        repair.is = difference.is;
        repair.should = difference.should;
        repair.given_up = true;
    }
    const std::string text = to_text(differences) + ": " + why +
                             "; left as it is until the next change, start or restart";
    record.status.message = text;
    out.retell = text;
    log_drift(record, "drift_unresolvable", differences, record.spec().name + ": " + text, out);
}

void clear_drift_reason(Record& record) {
    if (!record.status.drift->reason.empty()) {
        record.status.drift.edit().reason.clear();
    }
}

void forget_drift(Record& record) {
    Status& status = record.status;
    if (!status.drift->recreating.empty()) {
        status.recreate = false;    // found anew, if it is still so
    }
    status.drift = Drift{};
}

}  // namespace flow::domain::model
