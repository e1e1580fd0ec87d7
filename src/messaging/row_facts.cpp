#include "messaging/row_facts.hpp"

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::messaging {

using domain::Record;

namespace {

/// Other code was asked for, and nothing stands in its way: the process that has the old code is ended for it.
bool is_code_due(const Record& record) {
    const domain::Status& status = record.status;
    return record.generation != status.active_generation && record.generation != status.trial &&
           record.generation != status.failed_generation && status.trouble.empty() &&
           domain::change_between(record.active_spec(), record.spec()) == domain::ChangeKind::code;
}

}  // namespace

bool is_going(const Record& record) { return record.deleted && !record.status.cleanup->volumes.empty(); }

const domain::Messaging& settings_of(const Record& record) {
    const domain::Status& status = record.status;
    const bool kept = status.verdict != domain::Verdict::roll_back;
    domain::Generation generation = status.active_generation;
    if (status.trial != 0 && kept) {
        generation = status.trial;
    } else if (!status.next_id.empty() && kept && !domain::model::runs(record)) {
        generation = status.next_generation;
    }
    const auto spec = record.specs.find(generation);
    return spec == record.specs.end() ? record.active_spec().messaging : spec->second.messaging;
}

bool is_being_ended(const Record& record) {
    const auto& intention = record.status.intention;
    const bool stop_in_hand = intention && intention->step == domain::Step::stop;
    const bool restart_due = record.desired == domain::DesiredState::running &&
                             record.status.run_started < record.restart_run &&
                             !domain::model::restart_pulls(record);
    const bool code_due = record.desired == domain::DesiredState::running && is_code_due(record);
    return stop_in_hand || restart_due || code_due;
}

}  // namespace flow::messaging
