// The end of every transaction: what changed is told, and requests end (model 9, 10, 2).
#include <algorithm>
#include <utility>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {
namespace {

/// Why the state is what it is now, in words for people.
std::string cause_of(const Record& record, State state, const std::string& retold) {
    const Status& status = record.status;
    if (state == State::unknown) {
        return "the Docker Engine does not answer";
    }
    if (!retold.empty()) {
        return retold;
    }
    const bool about_now = status.intention && status.intention->step != Step::remove;
    if (about_now && !status.intention->cause.empty()) {
        return status.intention->cause;
    }
    if (!status.trouble.empty() && !status.message.empty()) {
        return status.message;
    }
    if (status.queued) {
        return "waits until fewer jobs run";
    }
    if (!status.waiting_for.empty() && (state == State::creating || state == State::starting)) {
        return waiting_text(record);
    }
    if (state == State::running) {
        return "its process runs";
    }
    if (state == State::removing) {
        return "deletion was asked for";
    }
    if (state == State::stopping) {
        return "a stop was asked for";
    }
    if (state == State::restarting && record.restart_run != 0) {
        return "a restart was asked for";
    }
    if (status.last_exit && !runs(record)) {
        const LastExit& last = *status.last_exit;
        const std::string who = last.by == ExitClass::ours ? "ended by flow-manager"
                                : last.by == ExitClass::own ? "ended by itself"
                                                            : "ended from outside";
        return who + " with code " + std::to_string(last.code);
    }
    return "as declared";
}

void tell_state(Record& record, State state, Changes& out) {
    Status& status = record.status;
    std::string reason = reason_of(record, state);
    std::string health = health_of(record);
    const std::string retold = std::exchange(out.retell, {});
    const bool same = state == status.state && reason == status.reason && health == status.health;
    if (same && retold.empty()) {
        return;
    }
    status.health = std::move(health);
    Json further;
    further["old_state"] = to_string(status.state);
    further["new_state"] = to_string(state);
    further["reason"] = reason;
    further["health"] = status.health;
    further["cause"] = cause_of(record, state, retold);
    status.state = state;
    status.reason = std::move(reason);
    tell(record, "status_changed", further, out);
}

void tell_start(Record& record, const Period& main, Changes& out) {
    Status& status = record.status;
    const bool restarted = record.restart_run != 0 && main.run >= record.restart_run;
    status.start_told = main.start;
    status.running_told = true;
    Json further;
    further["status"] = "running";
    further["ports"] = ports_json(status.ports);
    further["started_at"] = to_rfc3339(status.started_at);
    if (restarted) {
        record.restart_run = 0;
    }
    tell(record, restarted ? "container_restarted" : "container_started", further, out);
}

void tell_lifecycle(Record& record, State state, Changes& out) {
    Status& status = record.status;
    if (state == State::running) {
        const Period* main = find_period(record, status.docker_id);
        if (main != nullptr && main->start != status.start_told) {
            tell_start(record, *main, out);
        }
        return;
    }
    const bool ended = state == State::stopped || state == State::completed ||
                       state == State::error;
    if (ended && status.running_told) {
        status.running_told = false;
        Json further;
        further["status"] = to_string(state);
        further["ports"] = Json::object();
        further["exit_code"] = status.last_exit ? status.last_exit->code : 0;
        tell(record, "container_stopped", further, out);
    }
}

/// Specs, periods and facts that nothing can ask for any more.
void forget(Record& record) {
    const Status& status = record.status;
    std::erase_if(record.specs, [&](const auto& entry) {
        const bool being_made = status.intention && status.intention->generation == entry.first;
        return entry.first != record.generation && entry.first != status.active_generation &&
               entry.first != status.next_generation && entry.first != status.trial && !being_made;
    });
    std::erase_if(record.status.baselines, [&](const auto& entry) {
        const std::string& id = entry.first;
        return id != status.docker_id && id != status.next_id && id != status.prev_id;
    });
    if (status.intention && status.intention->step == Step::create) {
        return;     // facts may be about what is being made: nobody knows its id yet
    }
    std::erase_if(record.status.periods, [&](const auto& entry) {
        const std::string& id = entry.first;
        const bool pending = std::any_of(status.pending.begin(), status.pending.end(),
                                         [&](const auto& exit) { return exit.docker_id == id; });
        return !entry.second.open && id != status.docker_id && id != status.next_id &&
               id != status.prev_id && !pending;
    });
}

}  // namespace

void settle(Record& record, Changes& out, const Moment& moment) {
    Status& status = record.status;
    const Period* next = find_period(record, status.next_id);
    if (!runs(record) && (next == nullptr || !next->open)) {
        status.ports.clear();
        status.ports_pending = false;
    }
    const State state = state_of(record, moment);
    tell_state(record, state, out);
    tell_lifecycle(record, state, out);
    settle_job(record, state, moment);
    end_requests(record, out, moment);
    forget(record);
}

}  // namespace flow::domain::model
