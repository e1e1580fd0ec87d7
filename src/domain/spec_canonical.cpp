#include "domain/spec_canonical.hpp"

namespace flow::domain {
namespace {

Json to_json(const Mount& mount) {
    Json json;
    json["type"] = mount.type == Mount::Type::bind ? "bind" : "volume";
    if (!mount.source.empty()) {
        json["source"] = mount.source;
    }
    json["target"] = mount.target;
    json["read_only"] = mount.read_only;
    return json;
}

Json to_json(const Port& port) {
    Json json;
    json["target"] = port.container;
    json["published"] = port.host;
    if (!port.host_ip.empty()) {
        json["host_ip"] = port.host_ip;
    }
    json["protocol"] = port.protocol;
    return json;
}

template <class Item>
Json to_list(const std::vector<Item>& items) {
    Json list = Json::array();
    for (const Item& item : items) {
        list.push_back(to_json(item));
    }
    return list;
}

Json to_map(const std::map<std::string, std::string>& pairs) {
    Json map = Json::object();
    for (const auto& [key, value] : pairs) {
        map[key] = value;
    }
    return map;
}

/// Limits that are not set are left out; pids always stands there.
Json to_json(const Resources& resources) {
    Json json = Json::object();
    if (resources.cpus != 0) {
        json["cpus"] = resources.cpus;
    }
    const auto set = [&json](const char* name, std::int64_t value) {
        if (value != 0) {
            json[name] = value;
        }
    };
    set("cpu_shares", resources.cpu_shares);
    set("memory", resources.memory);
    set("memory_reservation", resources.memory_reservation);
    json["pids"] = resources.pids;
    for (const auto& [name, limit] : resources.ulimits) {
        json["ulimits"][name]["soft"] = limit.soft;
        json["ulimits"][name]["hard"] = limit.hard;
    }
    set("shm_size", resources.shm_size);
    return json;
}

/// What the profile says anyway is left out, so that a patch of the profile alone means what it
/// says.
Json to_json(const Security& security) {
    Json json;
    json["profile"] = to_string(security.profile);
    if (security.profile == SecurityProfile::baseline && !security.cap_drop.empty()) {
        json["cap_drop"] = security.cap_drop;
    }
    if (!security.cap_add.empty()) {
        json["cap_add"] = security.cap_add;
    }
    if (!security.no_new_privileges) {
        json["no_new_privileges"] = false;
    }
    const auto set = [&json](const char* name, const std::string& value) {
        if (!value.empty()) {
            json[name] = value;
        }
    };
    set("seccomp", security.seccomp);
    set("apparmor", security.apparmor);
    set("userns", security.userns);
    if (security.privileged) {
        json["privileged"] = true;
    }
    return json;
}

Json to_json(const Dependency& dependency) {
    Json json;
    json["condition"] = to_string(dependency.condition);
    return json;
}

void add_text(Json& json, const char* name, const std::string& value) {
    if (!value.empty()) {
        json[name] = value;
    }
}

void add_identity(Json& json, const Spec& spec) {
    json["image"] = spec.image;
    json["kind"] = to_string(spec.kind);
    add_text(json, "name", spec.name);
    json["labels"] = to_map(spec.labels);
    add_text(json, "task_id", spec.task_id);
    add_text(json, "runner_id", spec.runner_id);
}

void add_process(Json& json, const Spec& spec) {
    if (spec.command) {
        json["command"] = *spec.command;
    }
    if (spec.entrypoint) {
        json["entrypoint"] = *spec.entrypoint;
    }
    json["environment"] = to_map(spec.environment);
    json["volumes"] = to_list(spec.volumes);
    json["tmpfs"] = spec.tmpfs;
    json["read_only"] = spec.read_only;
    add_text(json, "user", spec.user);
    add_text(json, "working_dir", spec.working_dir);
    add_text(json, "hostname", spec.hostname);
    if (spec.init) {
        json["init"] = *spec.init;
    }
}

void add_surroundings(Json& json, const Spec& spec) {
    json["ports"] = to_list(spec.ports);
    if (spec.networking.mode.empty()) {
        json["networks"] = spec.networking.networks;
    } else {
        json["network_mode"] = spec.networking.mode;
    }
    json["resources"] = to_json(spec.resources);
    json["security"] = to_json(spec.security);
}

void add_duration(Json& json, const char* name, Duration value) {
    if (value != Duration{0}) {
        json[name] = to_text(value);
    }
}

/// Left out where it says nothing.
void add_healthcheck(Json& json, const Healthcheck& healthcheck) {
    Json form = Json::object();
    if (!healthcheck.test.empty()) {
        form["test"] = healthcheck.test;
    }
    add_duration(form, "interval", healthcheck.interval);
    add_duration(form, "timeout", healthcheck.timeout);
    if (healthcheck.retries != 0) {
        form["retries"] = healthcheck.retries;
    }
    add_duration(form, "start_period", healthcheck.start_period);
    if (healthcheck.on_unhealthy == OnUnhealthy::restart) {
        form["on_unhealthy"] = "restart";
    }
    if (!form.empty()) {
        json["healthcheck"] = std::move(form);
    }
}

void add_update(Json& json, const Update& update) {
    Json form = Json::object();
    if (update.monitor) {
        form["monitor"] = to_text(*update.monitor);
    }
    if (update.on_failure == OnFailure::pause) {
        form["on_failure"] = "pause";
    }
    if (!form.empty()) {
        json["update"] = std::move(form);
    }
}

void add_logging(Json& json, const Logging& logging) {
    Json form = Json::object();
    add_text(form, "driver", logging.driver);
    if (!logging.options.empty()) {
        form["options"] = to_map(logging.options);
    }
    if (!form.empty()) {
        json["logging"] = std::move(form);
    }
}

/// What is as it is without being said is left out.
void add_messaging(Json& json, const Messaging& messaging) {
    const Messaging usual;
    Json form = Json::object();
    const auto add_flag = [&](const char* name, bool value, bool default_value) {
        if (value != default_value) {
            form[name] = value;
        }
    };
    add_flag("enabled", messaging.enabled, usual.enabled);
    if (messaging.framing != usual.framing) {
        form["framing"] = to_string(messaging.framing);
    }
    if (messaging.max_message != usual.max_message) {
        form["max_message"] = messaging.max_message;
    }
    add_flag("durable", messaging.durable, usual.durable);
    add_duration(form, "queue_ttl", messaging.queue_ttl);
    add_flag("record_payload", messaging.record_payload, usual.record_payload);
    add_flag("inject", messaging.inject, usual.inject);
    if (!form.empty()) {
        json["messaging"] = std::move(form);
    }
}

/// What it was copied to, never what is in it.
void add_code(Json& json, const Code& code) {
    if (!code.wanted()) {
        return;
    }
    Json form = Json::object();
    add_text(form, "digest", code.digest);
    add_text(form, "path", code.path);
    form["target"] = code.target;
    if (!code.digest.empty()) {
        form["file_count"] = code.file_count;
        form["bytes"] = code.bytes;
    }
    for (const auto& [name, size] : code.contents) {
        form["contents"][name] = size;
    }
    json["code"] = std::move(form);
}

void add_workspace(Json& json, const Workspace& workspace) {
    if (workspace.enabled) {
        json["workspace"] = workspace.size == 0 ? Json(true) : Json(workspace.size);
    }
}

/// The limit of tries stands in backoff_limit, as jobs are declared.
void add_job(Json& json, const Spec& spec) {
    if (spec.restart.policy == Restart::Policy::on_failure && spec.restart.max_retries >= 0) {
        json["restart"] = "on-failure";
        json["backoff_limit"] = spec.restart.max_retries;
    }
    add_duration(json, "active_deadline", spec.job.active_deadline);
    json["ttl_after_finished"] = to_text(spec.job.ttl_after_finished);
    json["keep_failed"] = to_text(spec.job.keep_failed);
}

void add_rollout(Json& json, const Spec& spec) {
    add_healthcheck(json, *spec.healthcheck);
    add_update(json, spec.update);
    if (spec.pull_policy != PullPolicy::missing) {
        json["pull_policy"] = to_string(spec.pull_policy);
    }
    add_text(json, "registry_auth", spec.registry_auth);
    add_logging(json, *spec.logging);
    add_code(json, *spec.code);
    add_messaging(json, spec.messaging);
    add_workspace(json, spec.workspace);
    if (spec.kind == Kind::job) {
        add_job(json, spec);
    }
}

void add_lifecycle(Json& json, const Spec& spec) {
    json["restart"] = to_string(spec.restart);
    add_text(json, "stop_signal", spec.stop_signal);
    json["stop_grace_period"] = to_text(spec.stop_grace_period);
    json["depends_on"] = Json::object();
    for (const Dependency& dependency : spec.depends_on) {
        json["depends_on"][dependency.name] = to_json(dependency);
    }
}

}  // namespace

Json to_canonical(const Spec& spec) {
    Json json = Json::object();
    add_identity(json, spec);
    add_process(json, spec);
    add_surroundings(json, spec);
    add_lifecycle(json, spec);
    add_rollout(json, spec);
    return json;
}

Json to_public(const Spec& spec) {
    Json json = to_canonical(spec);
    for (auto& [key, value] : json["environment"].items()) {
        if (is_secret_key(key)) {
            value = kMask;
        }
    }
    return json;
}

}  // namespace flow::domain
