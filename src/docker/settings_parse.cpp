#include "docker/settings_parse.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "domain/spec_canonical.hpp"

namespace flow::docker {
namespace {

using domain::Settings;

constexpr const char* kConfigFields[] = {"Cmd",        "Entrypoint", "User",  "WorkingDir",
                                         "StopSignal", "Healthcheck", "Labels"};
constexpr const char* kHostFields[] = {
    "Memory",      "MemorySwap",     "MemoryReservation", "NanoCpus",           "CpuShares",
    "CpuPeriod",   "CpuQuota",       "CpuRealtimePeriod", "CpuRealtimeRuntime", "CpusetCpus",
    "CpusetMems",  "BlkioWeight",    "KernelMemory",      "ReadonlyRootfs",     "Privileged",
    "Init",        "ShmSize",        "LogConfig",         "NetworkMode",        "UsernsMode",
    "Tmpfs",       "Dns",            "DnsSearch"};

/// Texts of a list whose order means nothing.
std::vector<std::string> texts(const EngineJson& list) {
    std::vector<std::string> out;
    for (const EngineJson& entry : list) {
        if (entry.is_string()) {
            out.push_back(entry.get<std::string>());
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// The engine keeps capabilities as they were written: with CAP_ or without, in any case.
std::vector<std::string> capabilities(const EngineJson& list) {
    std::vector<std::string> out = texts(list);
    for (std::string& name : out) {
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        name = name.starts_with("CAP_") ? name.substr(4) : name;
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// Without the labels that the engine adds for SELinux.
std::vector<std::string> security_options(const EngineJson& list) {
    std::vector<std::string> out = texts(list);
    std::erase_if(out, [](const std::string& option) { return option.starts_with("label"); });
    return out;
}

std::string restart_policy(const EngineJson& policy) {
    const std::string name = text_of(policy, "Name");
    const std::int64_t count = integer_of(policy, "MaximumRetryCount");
    if (name.empty() || name == "no") {
        return "";
    }
    return count == 0 ? name : name + ":" + std::to_string(count);
}

/// A limit that is not there: null, 0 or -1.
std::int64_t limit_of(const EngineJson& host, const char* key) {
    return std::max<std::int64_t>(integer_of(host, key), 0);
}

/// `{"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}` with the bindings of a port in any order; only exposed ports (null,
/// or an empty list that some versions fill in) are none.
EngineJson port_bindings(const EngineJson& ports) {
    EngineJson out = EngineJson::object();
    if (!ports.is_object()) {
        return out;
    }
    for (const auto& [port, bindings] : ports.items()) {
        std::vector<std::string> list;
        for (const EngineJson& binding : bindings) {
            const std::string host = text_of(binding, "HostPort");
            list.push_back(text_of(binding, "HostIp") + ":" + (host == "0" ? "" : host));
        }
        std::sort(list.begin(), list.end());
        if (!list.empty()) {
            out[port] = list;
        }
    }
    return out;
}

void add_mounts(const EngineJson& mounts, Settings& out) {
    for (const EngineJson& mount : mounts) {
        const std::string name = text_of(mount, "Name");
        const std::string what = name.empty() ? text_of(mount, "Source") : name;
        const bool writable = flag_of(mount, "RW");
        out["Mounts." + text_of(mount, "Destination")] =
            text_of(mount, "Type") + " " + what + (writable ? "" : " ro");
    }
}

void add_ulimits(const EngineJson& ulimits, Settings& out) {
    for (const EngineJson& limit : ulimits) {
        out[domain::kUlimitsPrefix + text_of(limit, "Name")] =
            std::to_string(integer_of(limit, "Soft")) + ":" +
            std::to_string(integer_of(limit, "Hard"));
    }
}

}  // namespace

domain::Settings settings_of(const EngineJson& container) {
    const EngineJson& config = member(container, "Config");
    const EngineJson& host = member(container, "HostConfig");
    Settings out = Settings::object();
    for (const char* key : kConfigFields) {
        out[std::string{"Config."} + key] = member(config, key);
    }
    // Never told in clear: it holds secrets, and nobody can change it by hand.
    const std::vector<std::string> environment = texts(member(config, "Env"));
    if (!environment.empty()) {
        out["Config.Env"] = "sha256:" + domain::sha256_hex(EngineJson(environment).dump(
                                            -1, ' ', false,
                                            EngineJson::error_handler_t::replace)).substr(0, 16);
    }
    for (const char* key : kHostFields) {
        out[std::string{"HostConfig."} + key] = member(host, key);
    }
    out["HostConfig.PidsLimit"] = limit_of(host, "PidsLimit");
    out["HostConfig.RestartPolicy"] = restart_policy(member(host, "RestartPolicy"));
    out["HostConfig.CapAdd"] = capabilities(member(host, "CapAdd"));
    out["HostConfig.CapDrop"] = capabilities(member(host, "CapDrop"));
    out["HostConfig.SecurityOpt"] = security_options(member(host, "SecurityOpt"));
    out["HostConfig.DnsOptions"] = texts(member(host, "DnsOptions"));
    out["HostConfig.PortBindings"] = port_bindings(member(host, "PortBindings"));
    add_ulimits(member(host, "Ulimits"), out);
    add_mounts(member(container, "Mounts"), out);
    const EngineJson& networks = member(container, "NetworkSettings", "Networks");
    if (networks.is_object()) {
        for (const auto& [name, endpoint] : networks.items()) {
            out[domain::kNetworksPrefix + name] = domain::kConnected;
        }
    }
    return out;
}

}  // namespace flow::docker
