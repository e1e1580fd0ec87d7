#include "store/spec_json.hpp"

#include "store/enum_text.hpp"
#include "store/json_fields.hpp"
#include "store/spec_rules_json.hpp"

namespace flow::store {
namespace {

using domain::DependencyCondition;
using domain::Kind;
using domain::Mount;
using domain::Resources;
using domain::Restart;
using domain::Security;
using domain::SecurityProfile;
using domain::Spec;

constexpr Word<Kind> kKinds[] = {{Kind::container, "container"}, {Kind::job, "job"}};
constexpr Word<Mount::Type> kMountTypes[] = {{Mount::Type::bind, "bind"},
                                             {Mount::Type::volume, "volume"}};
constexpr Word<SecurityProfile> kProfiles[] = {{SecurityProfile::baseline, "baseline"},
                                               {SecurityProfile::restricted, "restricted"}};
constexpr Word<Restart::Policy> kPolicies[] = {{Restart::Policy::on_failure, "on-failure"},
                                               {Restart::Policy::always, "always"},
                                               {Restart::Policy::no, "no"}};
constexpr Word<DependencyCondition> kConditions[] = {
    {DependencyCondition::started, "started"},
    {DependencyCondition::healthy, "healthy"},
    {DependencyCondition::completed, "completed"}};

/// The word in `key`, or `fallback` when it is absent.
template <class E, std::size_t N>
E word(const Json& json, const char* key, const Word<E> (&table)[N], E fallback) {
    const Json* value = field(json, key);
    return value ? value_of(table, value->get<std::string>()) : fallback;
}

Json mounts_to_json(const std::vector<Mount>& mounts) {
    Json list = Json::array();
    for (const Mount& mount : mounts) {
        Json entry = Json::object();
        entry["type"] = word_of(kMountTypes, mount.type);
        entry["source"] = mount.source;
        entry["target"] = mount.target;
        entry["read_only"] = mount.read_only;
        list.push_back(std::move(entry));
    }
    return list;
}

void read_mounts(const Json& json, std::vector<Mount>& out) {
    for (const Json& entry : json) {
        Mount mount;
        mount.type = word(entry, "type", kMountTypes, mount.type);
        read(entry, "source", mount.source);
        read(entry, "target", mount.target);
        read(entry, "read_only", mount.read_only);
        out.push_back(std::move(mount));
    }
}

Json ports_to_json(const std::vector<domain::Port>& ports) {
    Json list = Json::array();
    for (const domain::Port& port : ports) {
        Json entry = Json::object();
        entry["container"] = port.container;
        entry["protocol"] = port.protocol;
        entry["host"] = port.host;
        entry["host_ip"] = port.host_ip;
        list.push_back(std::move(entry));
    }
    return list;
}

void read_ports(const Json& json, std::vector<domain::Port>& out) {
    for (const Json& entry : json) {
        domain::Port port;
        read(entry, "container", port.container);
        read(entry, "protocol", port.protocol);
        read(entry, "host", port.host);
        read(entry, "host_ip", port.host_ip);
        out.push_back(std::move(port));
    }
}

Json resources_to_json(const Resources& resources) {
    Json json = Json::object();
    json["cpus"] = resources.cpus;
    json["cpu_shares"] = resources.cpu_shares;
    json["memory"] = resources.memory;
    json["memory_reservation"] = resources.memory_reservation;
    json["pids"] = resources.pids;
    json["ulimits"] = Json::object();
    for (const auto& [name, limit] : resources.ulimits) {
        json["ulimits"][name]["soft"] = limit.soft;
        json["ulimits"][name]["hard"] = limit.hard;
    }
    json["shm_size"] = resources.shm_size;
    return json;
}

void read_resources(const Json& json, Resources& out) {
    read(json, "cpus", out.cpus);
    read(json, "cpu_shares", out.cpu_shares);
    read(json, "memory", out.memory);
    read(json, "memory_reservation", out.memory_reservation);
    read(json, "pids", out.pids);
    if (const Json* limits = field(json, "ulimits")) {
        for (const auto& [name, value] : limits->items()) {
            domain::Ulimit& limit = out.ulimits[name];
            read(value, "soft", limit.soft);
            read(value, "hard", limit.hard);
        }
    }
    read(json, "shm_size", out.shm_size);
}

Json security_to_json(const Security& security) {
    Json json = Json::object();
    json["profile"] = word_of(kProfiles, security.profile);
    json["cap_drop"] = security.cap_drop;
    json["cap_add"] = security.cap_add;
    json["no_new_privileges"] = security.no_new_privileges;
    json["seccomp"] = security.seccomp;
    json["apparmor"] = security.apparmor;
    json["userns"] = security.userns;
    json["privileged"] = security.privileged;
    return json;
}

void read_security(const Json& json, Security& out) {
    out.profile = word(json, "profile", kProfiles, out.profile);
    read(json, "cap_drop", out.cap_drop);
    read(json, "cap_add", out.cap_add);
    read(json, "no_new_privileges", out.no_new_privileges);
    read(json, "seccomp", out.seccomp);
    read(json, "apparmor", out.apparmor);
    read(json, "userns", out.userns);
    read(json, "privileged", out.privileged);
}

Json dependencies_to_json(const std::vector<domain::Dependency>& dependencies) {
    Json list = Json::array();
    for (const domain::Dependency& dependency : dependencies) {
        Json entry = Json::object();
        entry["name"] = dependency.name;
        entry["condition"] = word_of(kConditions, dependency.condition);
        list.push_back(std::move(entry));
    }
    return list;
}

void read_dependencies(const Json& json, std::vector<domain::Dependency>& out) {
    for (const Json& entry : json) {
        domain::Dependency dependency;
        read(entry, "name", dependency.name);
        dependency.condition = word(entry, "condition", kConditions, dependency.condition);
        out.push_back(std::move(dependency));
    }
}

/// The parts of a Spec that are objects or lists of objects.
void parts_to_json(const Spec& spec, Json& json) {
    json["volumes"] = mounts_to_json(spec.volumes);
    json["ports"] = ports_to_json(spec.ports);
    json["networking"] = Json::object();
    json["networking"]["mode"] = spec.networking.mode;
    json["networking"]["networks"] = spec.networking.networks;
    json["resources"] = resources_to_json(spec.resources);
    json["security"] = security_to_json(spec.security);
    json["restart"] = Json::object();
    json["restart"]["policy"] = word_of(kPolicies, spec.restart.policy);
    json["restart"]["max_retries"] = spec.restart.max_retries;
    json["depends_on"] = dependencies_to_json(spec.depends_on);
}

void read_parts(const Json& json, Spec& spec) {
    static const Json kNone = Json::object();
    const auto part = [&json](const char* key) -> const Json& {
        const Json* found = field(json, key);
        return found ? *found : kNone;
    };
    read_mounts(part("volumes"), spec.volumes);
    read_ports(part("ports"), spec.ports);
    read(part("networking"), "mode", spec.networking.mode);
    read(part("networking"), "networks", spec.networking.networks);
    read_resources(part("resources"), spec.resources);
    read_security(part("security"), spec.security);
    spec.restart.policy = word(part("restart"), "policy", kPolicies, spec.restart.policy);
    read(part("restart"), "max_retries", spec.restart.max_retries);
    read_dependencies(part("depends_on"), spec.depends_on);
}

}  // namespace

Json spec_to_json(const Spec& spec) {
    Json json = Json::object();
    json["image"] = spec.image;
    json["kind"] = word_of(kKinds, spec.kind);
    json["name"] = spec.name;
    json["labels"] = spec.labels;
    json["task_id"] = spec.task_id;
    json["runner_id"] = spec.runner_id;
    put(json, "command", spec.command);
    put(json, "entrypoint", spec.entrypoint);
    json["environment"] = spec.environment;
    json["tmpfs"] = spec.tmpfs;
    json["read_only"] = spec.read_only;
    json["user"] = spec.user;
    json["working_dir"] = spec.working_dir;
    json["hostname"] = spec.hostname;
    put(json, "init", spec.init);
    json["stop_signal"] = spec.stop_signal;
    json["stop_grace_period"] = spec.stop_grace_period.count();
    parts_to_json(spec, json);
    rules_to_json(spec, json);
    return json;
}

Spec spec_from_json(const Json& json) {
    Spec spec;
    read(json, "image", spec.image);
    spec.kind = word(json, "kind", kKinds, spec.kind);
    read(json, "name", spec.name);
    read(json, "labels", spec.labels);
    read(json, "task_id", spec.task_id);
    read(json, "runner_id", spec.runner_id);
    read(json, "command", spec.command);
    read(json, "entrypoint", spec.entrypoint);
    read(json, "environment", spec.environment);
    read(json, "tmpfs", spec.tmpfs);
    read(json, "read_only", spec.read_only);
    read(json, "user", spec.user);
    read(json, "working_dir", spec.working_dir);
    read(json, "hostname", spec.hostname);
    read(json, "init", spec.init);
    read(json, "stop_signal", spec.stop_signal);
    read(json, "stop_grace_period", spec.stop_grace_period);
    read_parts(json, spec);
    read_rules(json, spec);
    return spec;
}

}  // namespace flow::store
