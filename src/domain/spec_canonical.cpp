#include "domain/spec_canonical.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

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

std::string_view to_string(Kind kind) { return kind == Kind::job ? "job" : "container"; }

std::string_view to_string(SecurityProfile profile) {
    return profile == SecurityProfile::restricted ? "restricted" : "baseline";
}

std::string_view to_string(DependencyCondition condition) {
    switch (condition) {
        case DependencyCondition::started: return "started";
        case DependencyCondition::healthy: return "healthy";
        case DependencyCondition::completed: return "completed";
    }
    return "started";
}

std::string to_string(const Restart& restart) {
    switch (restart.policy) {
        case Restart::Policy::always: return "always";
        case Restart::Policy::no: return "no";
        case Restart::Policy::on_failure: break;
    }
    return restart.max_retries < 0 ? "on-failure"
                                   : "on-failure:" + std::to_string(restart.max_retries);
}

std::string to_text(Duration duration) {
    struct Unit {
        std::int64_t nanos;
        const char* name;
    };
    constexpr std::array<Unit, 6> kUnits{{{3'600'000'000'000, "h"},
                                          {60'000'000'000, "m"},
                                          {1'000'000'000, "s"},
                                          {1'000'000, "ms"},
                                          {1'000, "us"},
                                          {1, "ns"}}};
    std::int64_t left = duration.count();
    std::string text;
    for (const Unit& unit : kUnits) {
        if (left >= unit.nanos) {
            text += std::to_string(left / unit.nanos) + unit.name;
            left %= unit.nanos;
        }
    }
    return text.empty() ? "0s" : text;
}

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) !=
        1) {
        throw std::logic_error("OpenSSL cannot compute SHA-256");
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    for (unsigned int i = 0; i < length; ++i) {
        text += kHex[digest[i] >> 4];
        text += kHex[digest[i] & 15];
    }
    return text;
}

}  // namespace flow::domain
