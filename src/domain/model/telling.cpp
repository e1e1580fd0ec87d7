// What is told: payloads of events and answers (contract 3).
#include <map>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {

Json event_base(const Record& record) {
    const Spec& spec = record.spec();
    Json base;
    base["container_id"] = record.container_id;
    base["name"] = spec.name;
    base["docker_id"] = nullptr;
    if (!record.status.docker_id.empty()) {
        base["docker_id"] = record.status.docker_id;
    }
    base["generation"] = record.generation;
    if (!spec.task_id.empty()) {
        base["task_id"] = spec.task_id;
    }
    if (!spec.runner_id.empty()) {
        base["runner_id"] = spec.runner_id;
    }
    if (!record.request_id.empty()) {
        base["request_id"] = record.request_id;
    }
    return base;
}

Json ports_json(const std::vector<BoundPort>& ports) {
    Json json = Json::object();
    for (const BoundPort& port : ports) {
        const std::string key = std::to_string(port.container) + "/" + port.protocol;
        Json binding;
        binding["host_ip"] = port.host_ip;
        binding["host_port"] = port.host;
        json[key].push_back(std::move(binding));
    }
    return json;
}

void add_updated_fields(const Record& record, Json& payload) {
    payload["status"] = "updated";
    payload["changed_fields"] = record.status.updated_fields;
    const Code& code = *record.active_spec().code;
    payload["code_path"] = code.path.empty() ? Json(nullptr) : Json(code.path);
    payload["recreated"] = record.status.updated_recreated;
}

std::string signal_name(int signal) {
    static const std::map<int, std::string> kNames = {
        {1, "SIGHUP"},   {2, "SIGINT"},   {3, "SIGQUIT"},  {4, "SIGILL"},  {6, "SIGABRT"},
        {7, "SIGBUS"},   {8, "SIGFPE"},   {9, "SIGKILL"},  {10, "SIGUSR1"}, {11, "SIGSEGV"},
        {12, "SIGUSR2"}, {13, "SIGPIPE"}, {14, "SIGALRM"}, {15, "SIGTERM"}, {28, "SIGWINCH"}};
    const auto found = kNames.find(signal);
    return found == kNames.end() ? "signal " + std::to_string(signal) : found->second;
}

namespace {

/// One line for who reads the audit: the fields that say most.
std::string summary_of(const std::string& type, const std::string& name, const Json& payload) {
    if (type == "status_changed") {
        const std::string reason = payload.at("reason");
        return name + ": " + payload.at("old_state").get<std::string>() + " -> " +
               payload.at("new_state").get<std::string>() +
               (reason.empty() ? "" : " (" + reason + ")");
    }
    if (type == "container_crashed") {
        return name + ": " + payload.at("crash_details").at("error").get<std::string>();
    }
    if (type == "container_stopped") {
        return name + " stopped with code " + payload.at("exit_code").dump();
    }
    if (type == "container_updated") {
        return name + " updated: " + payload.at("changed_fields").dump() +
               (payload.at("recreated") == true ? ", recreated" : "");
    }
    return type + " " + name;
}

}  // namespace

void tell(Record& record, std::string type, const Json& further, Changes& out) {
    EventDraft draft;
    draft.kind = LogKind::event;
    draft.container_id = record.container_id;
    draft.name = record.spec().name;
    draft.request_id = record.request_id;
    draft.actor = "flow-manager";
    draft.generation = record.generation;
    draft.payload = event_base(record);
    draft.payload.update(further);
    draft.summary = summary_of(type, draft.name, draft.payload);
    draft.type = type;
    const Seq seq = out.add(std::move(draft));
    record.status.result_seq[std::move(type)] = seq;
}

EventDraft activity_of(const Record& record, std::string type, std::string message) {
    EventDraft draft;
    draft.type = "activity_log";
    draft.container_id = record.container_id;
    draft.name = record.spec().name;
    draft.actor = "flow-manager";
    draft.generation = record.generation;
    draft.payload = event_base(record);
    draft.payload["activity_type"] = std::move(type);
    draft.payload["message"] = message;
    draft.payload["actor"] = draft.actor;
    draft.summary = std::move(message);
    return draft;
}

void note(Record& record, LogKind kind, std::string type, std::string summary, Changes& out) {
    EventDraft draft;
    draft.kind = kind;
    draft.type = std::move(type);
    draft.container_id = record.container_id;
    draft.name = record.spec().name;
    draft.request_id = record.request_id;
    draft.actor = "flow-manager";
    draft.generation = record.generation;
    draft.summary = std::move(summary);
    out.add(std::move(draft));
}

void tell_created(Record& record, Changes& out) {
    record.status.created_told = true;
    Json further;
    further["image"] = record.spec().image;
    further["status"] = "created";
    further["socket_path"] = record.socket_folder + "/" + record.container_id + ".sock";
    further["ports"] = Json::object();
    tell(record, "container_created", further, out);
}

namespace {

Json last_exit_json(const Record& record) {
    if (!record.status.last_exit) {
        return nullptr;
    }
    const LastExit& last = *record.status.last_exit;
    Json json;
    json["exit_code"] = last.code;
    json["signal"] = nullptr;
    if (last.signal != 0) {
        json["signal"] = signal_name(last.signal);
    }
    json["oom_killed"] = last.oom;
    json["finished_at"] = to_rfc3339(last.at);
    json["by"] = last.by == ExitClass::ours ? "flow-manager"
                 : last.by == ExitClass::own ? "itself" : "outside";
    return json;
}

Json next_retry_json(const Record& record, Time now) {
    Time next;
    for (const auto& [kind, backoff] : record.status.backoff) {
        if (kind == BackoffKind::run && !should_run(record)) {
            continue;
        }
        if (backoff.next > now && (next == Time{} || backoff.next < next)) {
            next = backoff.next;
        }
    }
    return next == Time{} ? Json(nullptr) : Json(to_rfc3339(next));
}

}  // namespace

Json status_json(const Record& record, const Moment& moment) {
    const Status& status = record.status;
    const State state = state_of(record, moment);
    Json json = event_base(record);
    json["state"] = to_string(state);
    json["status"] = to_string(state);
    json["reason"] = reason_of(record, state);
    json["message"] = status.message;
    json["image"] = record.spec().image;
    json["desired_state"] = to_string(record.desired);
    json["observed_generation"] = status.observed_generation;
    json["active_generation"] = status.active_generation;
    json["health"] = status.health;
    const bool up = runs(record) && state != State::unknown;
    json["uptime"] = up ? std::chrono::duration_cast<std::chrono::milliseconds>(
                              moment.now - status.started_at).count() / 1000.0
                        : 0.0;
    json["started_at"] = up ? Json(to_rfc3339(status.started_at)) : Json(nullptr);
    json["restart_count"] = status.restart_count;
    json["next_retry_at"] = next_retry_json(record, moment.now);
    json["last_exit"] = last_exit_json(record);
    json["ports"] = ports_json(status.ports);
    json["socket_path"] = record.socket_folder + "/" + record.container_id + ".sock";
    return json;
}

Json list_entry(const Record& record, const Moment& moment) {
    const State state = state_of(record, moment);
    Json json;
    json["container_id"] = record.container_id;
    json["id"] = record.container_id;
    json["name"] = record.spec().name;
    json["status"] = to_string(state);
    json["reason"] = reason_of(record, state);
    json["image"] = record.spec().image;
    json["created"] = to_rfc3339(record.created);
    json["socket_path"] = record.socket_folder + "/" + record.container_id + ".sock";
    json["ports"] = ports_json(record.status.ports);
    json["labels"] = record.spec().labels;
    json["health"] = record.status.health;
    json["desired_state"] = to_string(record.desired);
    json["generation"] = record.generation;
    json["docker_id"] = nullptr;
    if (!record.status.docker_id.empty()) {
        json["docker_id"] = record.status.docker_id;
    }
    return json;
}

}  // namespace flow::domain::model
