#include "store/drift_json.hpp"
#include "store/enum_text.hpp"
#include "store/json_fields.hpp"
#include "store/record_json.hpp"
#include "store/status_parts.hpp"
#include "store/words.hpp"

namespace flow::store {
namespace {

using domain::PendingExit;
using domain::Status;

/// The loop's part: what is in hand and what is believed (model 1).
void believed_to_json(const Status& status, Json& json) {
    put(json, "observed_generation", status.observed_generation);
    put(json, "active_generation", status.active_generation);
    put(json, "run_started", status.run_started);
    put(json, "run_ended", status.run_ended);
    put(json, "ended_code", status.ended_code);
    if (status.intention) {
        json["intention"] = intention_to_json(*status.intention);
    }
    put(json, "docker_id", status.docker_id);
    put(json, "next_id", status.next_id);
    put(json, "prev_id", status.prev_id);
    put(json, "next_generation", status.next_generation);
    put(json, "way_back", status.way_back);
    put_word(json, "verdict", kVerdicts, status.verdict);
    put(json, "failed_generation", status.failed_generation);
    put(json, "linked", status.linked);
    put(json, "trial", status.trial);
    put(json, "trial_run", status.trial_run);
    put(json, "pulled_generation", status.pulled_generation);
    put(json, "pulled_run", status.pulled_run);
    put(json, "renew", status.renew);
    put(json, "pinned", status.pinned);
    put(json, "image_id", status.image_id);
    put(json, "next_image_id", status.next_image_id);
    if (!status.backoff.empty()) {
        json["backoff"] = backoffs_to_json(status.backoff);
    }
    for (const PendingExit& exit : status.pending) {
        json["pending"].push_back(pending_to_json(exit));
    }
    put(json, "need_ping", status.need_ping);
    for (const auto& [docker_id, period] : status.periods) {
        json["periods"][docker_id] = period_to_json(period);
    }
}

void read_believed(const Json& json, Status& status) {
    read(json, "observed_generation", status.observed_generation);
    read(json, "active_generation", status.active_generation);
    read(json, "run_started", status.run_started);
    read(json, "run_ended", status.run_ended);
    read(json, "ended_code", status.ended_code);
    if (const Json* intention = field(json, "intention")) {
        status.intention = intention_from_json(*intention);
    }
    read(json, "docker_id", status.docker_id);
    read(json, "next_id", status.next_id);
    read(json, "prev_id", status.prev_id);
    read(json, "next_generation", status.next_generation);
    read(json, "way_back", status.way_back);
    read_word(json, "verdict", kVerdicts, status.verdict);
    read(json, "failed_generation", status.failed_generation);
    read(json, "linked", status.linked);
    read(json, "trial", status.trial);
    read(json, "trial_run", status.trial_run);
    read(json, "pulled_generation", status.pulled_generation);
    read(json, "pulled_run", status.pulled_run);
    read(json, "renew", status.renew);
    read(json, "pinned", status.pinned);
    read(json, "image_id", status.image_id);
    read(json, "next_image_id", status.next_image_id);
    read_backoffs(json, "backoff", status.backoff);
    if (const Json* pending = field(json, "pending")) {
        for (const Json& entry : *pending) {
            status.pending.push_back(pending_from_json(entry));
        }
    }
    read(json, "need_ping", status.need_ping);
    if (const Json* periods = field(json, "periods")) {
        for (const auto& [docker_id, entry] : periods->items()) {
            status.periods[docker_id] = period_from_json(entry);
        }
    }
}

/// What people are told.
void told_to_json(const Status& status, Json& json) {
    put_word(json, "state", kStates, status.state);
    put(json, "reason", status.reason);
    put(json, "message", status.message);
    put(json, "health", status.health, std::string{"none"});
    put(json, "trouble", status.trouble);
    put(json, "ended_by", status.ended_by);
    put(json, "waiting_for", status.waiting_for);
    put(json, "queued", status.queued);
    put(json, "first_started", status.first_started);
    put(json, "finished_at", status.finished_at);
    put(json, "recreate", status.recreate);
    put(json, "created_told", status.created_told);
    put(json, "running_told", status.running_told);
    put(json, "start_told", status.start_told);
    put(json, "ports_pending", status.ports_pending);
    put(json, "started_at", status.started_at);
    put(json, "restart_count", status.restart_count);
    if (status.last_exit) {
        json["last_exit"] = last_exit_to_json(*status.last_exit);
    }
    if (!status.ports.empty()) {
        json["ports"] = ports_to_json(status.ports);
    }
    put(json, "stop_signal", status.stop_signal, 15);
    put(json, "anonymous_volumes", status.anonymous_volumes);
    if (!status.next_id.empty() || !status.spare_volumes->next.empty()) {
        json["next_volumes"] = status.spare_volumes->next;
    }
    put(json, "left_volumes", status.spare_volumes->left);
    put(json, "cleanup_container", status.cleanup->container);
    put(json, "cleanup_volumes", status.cleanup->volumes);
    put(json, "workspaces", status.workspaces);
    put(json, "cleanup_socket", status.cleanup->socket);
    put(json, "cleanup_code", status.cleanup->code);
    put(json, "cleanup_workspace", status.cleanup->workspace);
    put(json, "result_seq", status.result_seq);
    put(json, "updated_fields", status.updated_fields);
    put(json, "updated_recreated", status.updated_recreated);
    put(json, "changed_by", status.changed_by);
}

domain::SpareVolumes spare_volumes_from_json(const Json& json) {
    domain::SpareVolumes volumes;
    read(json, "next_volumes", volumes.next);
    read(json, "left_volumes", volumes.left);
    return volumes;
}

domain::Cleanup cleanup_from_json(const Json& json) {
    domain::Cleanup cleanup;
    read(json, "cleanup_container", cleanup.container);
    read(json, "cleanup_volumes", cleanup.volumes);
    read(json, "cleanup_socket", cleanup.socket);
    read(json, "cleanup_code", cleanup.code);
    read(json, "cleanup_workspace", cleanup.workspace);
    return cleanup;
}

void read_told(const Json& json, Status& status) {
    read_word(json, "state", kStates, status.state);
    read(json, "reason", status.reason);
    read(json, "message", status.message);
    read(json, "health", status.health);
    read(json, "trouble", status.trouble);
    read(json, "ended_by", status.ended_by);
    read(json, "waiting_for", status.waiting_for);
    read(json, "queued", status.queued);
    read(json, "first_started", status.first_started);
    read(json, "finished_at", status.finished_at);
    read(json, "recreate", status.recreate);
    read(json, "created_told", status.created_told);
    read(json, "running_told", status.running_told);
    read(json, "start_told", status.start_told);
    read(json, "ports_pending", status.ports_pending);
    read(json, "started_at", status.started_at);
    read(json, "restart_count", status.restart_count);
    if (const Json* exit = field(json, "last_exit")) {
        status.last_exit = last_exit_from_json(*exit);
    }
    if (const Json* ports = field(json, "ports")) {
        for (const Json& entry : *ports) {
            status.ports.push_back(port_from_json(entry));
        }
    }
    read(json, "stop_signal", status.stop_signal);
    read(json, "anonymous_volumes", status.anonymous_volumes);
    domain::SpareVolumes spare = spare_volumes_from_json(json);
    if (!status.next_id.empty() && field(json, "next_volumes") == nullptr) {
        spare.next = status.anonymous_volumes;      // as it was written before there were two of them
    }
    status.spare_volumes = std::move(spare);
    read(json, "workspaces", status.workspaces);
    status.cleanup = cleanup_from_json(json);
    read(json, "result_seq", status.result_seq);
    read(json, "updated_fields", status.updated_fields);
    read(json, "updated_recreated", status.updated_recreated);
    read(json, "changed_by", status.changed_by);
}

}  // namespace

Json status_to_json(const Status& status) {
    Json json = Json::object();
    believed_to_json(status, json);
    told_to_json(status, json);
    put_drift(json, status);
    return json;
}

Status status_from_json(const Json& json) {
    Status status;
    read_believed(json, status);
    read_told(json, status);
    read_drift(json, status);
    return status;
}

}  // namespace flow::store
