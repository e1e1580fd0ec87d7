#include "docker/spec_to_create.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>
#include <utility>

#include "docker/create_parts.hpp"

namespace flow::docker {
namespace {

using domain::Json;
using domain::Spec;
using reconciler::CreateCall;

/// From this API version on, create takes all networks at once.
constexpr int kManyEndpointsMinor = 44;

/// Letters, digits, '-' and '.', no empty part, no '-' at the edge of one (RFC 1123).
bool is_host_name(std::string_view name) {
    char before = '.';
    for (const char c : name) {
        const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0;
        const bool edge = c == '.' && before == '-';
        if ((!word && c != '-' && c != '.') || (before == '.' && !word) || edge) {
            return false;
        }
        before = c;
    }
    return !name.empty() && name.size() <= 63 && before != '.' && before != '-';
}

Json labels_of(const CreateCall& call, const EngineConfig& config) {
    std::map<std::string, std::string> labels = call.spec.labels;
    labels[domain::kLabelManager] = config.manager;
    labels[domain::kLabelContainerId] = call.container_id;
    labels[domain::kLabelName] = call.spec.name;
    labels[domain::kLabelGeneration] = std::to_string(call.generation);
    labels[domain::kLabelSpecHash] = domain::spec_hash(call.spec);
    if (!call.spec.task_id.empty()) {
        labels[domain::kLabelTaskId] = call.spec.task_id;
    }
    if (!call.spec.runner_id.empty()) {
        labels[domain::kLabelRunnerId] = call.spec.runner_id;
    }
    return labels;
}

/// The user's variables, and ours over them (contract 6).
Json environment_of(const CreateCall& call) {
    std::map<std::string, std::string> all = call.spec.environment;
    // Without it flow-runtime leaves the program's input and output alone.
    all.erase("FLOW_SOCKET");
    if (call.spec.messaging.enabled) {
        all["FLOW_SOCKET"] = std::string{kSocketFolder} + "/" + call.container_id + ".sock";
    }
    all["FLOW_CONTAINER_ID"] = call.container_id;
    all["FLOW_NAME"] = call.spec.name;
    all["FLOW_TASK_ID"] = call.spec.task_id;
    all["FLOW_RUNNER_ID"] = call.spec.runner_id;
    Json list = Json::array();
    for (const auto& [key, value] : all) {
        list.push_back(key + "=" + value);
    }
    return list;
}

Json port_bindings_of(const Spec& spec, const EngineConfig& config) {
    Json bindings = Json::object();
    for (const domain::Port& port : spec.ports) {
        Json binding;
        binding["HostIp"] = port.host_ip.empty() ? config.default_host_ip : port.host_ip;
        binding["HostPort"] = port.host == 0 ? std::string{} : std::to_string(port.host);
        bindings[std::to_string(port.container) + "/" + port.protocol].push_back(binding);
    }
    return bindings;
}

Json tmpfs_of(const Spec& spec) {
    Json out = Json::object();
    for (const std::string& entry : spec.tmpfs) {
        const auto colon = entry.find(':');
        out[entry.substr(0, colon)] = colon == std::string::npos ? "" : entry.substr(colon + 1);
    }
    return out;
}

Json endpoint(const std::string& network, const std::string& alias) {
    Json config = Json::object();
    if (is_user_network(network) && !alias.empty()) {
        config["Aliases"].push_back(alias);
    }
    return config;
}

void add_networks(const CreateCall& call, int api_minor, CreateRequest& out) {
    const domain::Networking& networking = call.spec.networking;
    Json& host = out.body["HostConfig"];
    if (!networking.mode.empty()) {
        host["NetworkMode"] = networking.mode;
        return;
    }
    const auto& networks = networking.networks;
    if (networks.empty()) {
        return;
    }
    host["NetworkMode"] = networks.front();
    Json& endpoints = out.body["NetworkingConfig"]["EndpointsConfig"];
    endpoints[networks.front()] = endpoint(networks.front(), call.spec.name);
    for (std::size_t i = 1; i < networks.size(); ++i) {
        if (api_minor >= kManyEndpointsMinor) {
            endpoints[networks[i]] = endpoint(networks[i], call.spec.name);
        } else {
            out.connect_later.push_back(networks[i]);
        }
    }
}

/// Where flow-runtime is injected, it runs what the spec gives, else FLOW_COMMAND or /app/main. The image's own entry point
/// and command are not used: the engine drops them beside an entry point of ours.
void add_command(const Spec& spec, Json& body) {
    if (spec.messaging.inject) {
        body["Entrypoint"] = std::vector<std::string>{kRuntime};
        std::vector<std::string> words = spec.entrypoint.value_or(std::vector<std::string>{});
        if (spec.command) {
            words.insert(words.end(), spec.command->begin(), spec.command->end());
        }
        body["Cmd"] = words;
        return;
    }
    if (spec.entrypoint) {
        body["Entrypoint"] = *spec.entrypoint;
    }
    if (spec.command) {
        body["Cmd"] = *spec.command;
    }
}

void add_process(const Spec& spec, Json& body) {
    if (!spec.hostname.empty()) {
        body["Hostname"] = spec.hostname;
    } else if (is_host_name(spec.name)) {
        body["Hostname"] = spec.name;
    }
    add_command(spec, body);
    if (!spec.user.empty()) {
        body["User"] = spec.user;
    }
    if (!spec.working_dir.empty()) {
        body["WorkingDir"] = spec.working_dir;
    }
    if (!spec.stop_signal.empty()) {
        body["StopSignal"] = spec.stop_signal;
    }
    add_healthcheck(*spec.healthcheck, body);
    // For `docker stop` by hand and the engine's own end; our stops name their grace.
    body["StopTimeout"] = whole_seconds(spec.stop_grace_period);
}

Json host_config_of(const CreateCall& call, const EngineConfig& config) {
    const Spec& spec = call.spec;
    Json host;
    host["RestartPolicy"]["Name"] = "no";
    host["LogConfig"] = log_config_of(*spec.logging);
    host["Mounts"] = mounts_of(call, config);
    if (!spec.tmpfs.empty()) {
        host["Tmpfs"] = tmpfs_of(spec);
    }
    if (spec.read_only) {
        host["ReadonlyRootfs"] = true;
    }
    if (spec.init) {
        host["Init"] = *spec.init;
    }
    if (!spec.ports.empty()) {
        host["PortBindings"] = port_bindings_of(spec, config);
    }
    add_resources(spec.resources, host);
    add_fixed_resources(spec.resources, host);
    add_security(spec.security, host);
    return host;
}

}  // namespace

std::int64_t whole_seconds(domain::Duration duration) {
    return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

bool is_user_network(const std::string& network) {
    return network != "bridge" && network != "host" && network != "none" && network != "default";
}

domain::Result<void> check_runtime(const EngineConfig& config) {
    struct stat file{};
    const bool found = ::stat(config.runtime.c_str(), &file) == 0;
    if (found && S_ISREG(file.st_mode) && ::access(config.runtime.c_str(), X_OK) == 0) {
        return {};
    }
    domain::Error error;
    error.type = domain::ErrorType::system_error;
    error.engine = domain::EngineFailure::retryable;
    error.message = "messaging.inject mounts flow-runtime, and " + config.runtime +
                    (found ? " is no program: " : " is not there: ") +
                    "build it (cmake --build with the target flow-runtime), or name it with --runtime PATH";
    error.details["field"] = "messaging.inject";
    error.details["cause"] = "runtime_missing";
    error.details["path"] = config.runtime;
    return error;
}

CreateRequest spec_to_create(const CreateCall& call, const EngineConfig& config, int api_minor) {
    CreateRequest out;
    out.body["Image"] = call.image_id.empty() ? call.spec.image : call.image_id;
    add_process(call.spec, out.body);
    out.body["Env"] = environment_of(call);
    out.body["Labels"] = labels_of(call, config);
    for (const domain::Port& port : call.spec.ports) {
        out.body["ExposedPorts"][std::to_string(port.container) + "/" + port.protocol] =
            Json::object();
    }
    out.body["HostConfig"] = host_config_of(call, config);
    add_networks(call, api_minor, out);
    return out;
}

Json connect_body(const std::string& docker_id, const std::string& network,
                  const std::string& alias) {
    Json body;
    body["Container"] = docker_id;
    body["EndpointConfig"] = endpoint(network, alias);
    return body;
}

Json update_body(const domain::Resources& resources) {
    Json body = Json::object();
    add_resources(resources, body);
    if (resources.pids == 0) {
        body["PidsLimit"] = -1;
    }
    body["RestartPolicy"]["Name"] = "no";   // restarts are ours, whatever somebody set
    return body;
}

}  // namespace flow::docker
