#include "docker/inspect_parse.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <tuple>

#include "docker/event_parse.hpp"
#include "docker/settings_parse.hpp"

namespace flow::docker {
namespace {

using domain::BoundPort;
using domain::Observed;

/// "" and "0" are no port; a list and an inspect write it as number and as text.
std::uint16_t port_number(std::int64_t value) {
    return value > 0 && value <= 65535 ? static_cast<std::uint16_t>(value) : std::uint16_t{0};
}

std::string without_slash(std::string name) {
    if (name.starts_with('/')) {
        name.erase(0, 1);
    }
    return name;
}

void read_labels(const EngineJson& labels, Observed& out) {
    out.container_id = text_of(labels, domain::kLabelContainerId);
    out.manager = text_of(labels, domain::kLabelManager);
    out.generation = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, integer_of(labels, domain::kLabelGeneration)));
    out.spec_hash = text_of(labels, domain::kLabelSpecHash);
}

/// `status` is running, paused, restarting, removing, dead, exited or created.
void read_status(const std::string& status, Observed& out) {
    out.paused = status == "paused";
    out.running = status == "running" || status == "paused";
    out.removing = status == "removing" || status == "dead";
}

void sort_ports(std::vector<BoundPort>& ports) {
    const auto key = [](const BoundPort& port) {
        return std::tie(port.container, port.protocol, port.host_ip, port.host);
    };
    std::sort(ports.begin(), ports.end(),
              [&key](const BoundPort& a, const BoundPort& b) { return key(a) < key(b); });
}

void read_networks(const EngineJson& networks, Observed& out) {
    if (!networks.is_object()) {
        return;
    }
    for (const auto& [name, endpoint] : networks.items()) {
        out.networks.push_back(name);
    }
    std::sort(out.networks.begin(), out.networks.end());
}

void read_list_ports(const EngineJson& ports, Observed& out) {
    for (const EngineJson& entry : ports) {
        BoundPort port;
        port.container = port_number(integer_of(entry, "PrivatePort"));
        port.host = port_number(integer_of(entry, "PublicPort"));
        port.protocol = text_of(entry, "Type");
        port.host_ip = text_of(entry, "IP");
        if (port.container != 0 && port.host != 0) {   // without a public port it is only exposed
            out.ports.push_back(std::move(port));
        }
    }
    sort_ports(out.ports);
}

/// `{"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "53/udp": null}`
void read_inspect_ports(const EngineJson& ports, Observed& out) {
    if (!ports.is_object()) {
        return;
    }
    for (const auto& [key, bindings] : ports.items()) {
        const auto slash = key.find('/');
        std::int64_t number = 0;
        std::from_chars(key.data(), key.data() + std::min(slash, key.size()), number);
        for (const EngineJson& binding : bindings) {
            BoundPort port;
            port.container = port_number(number);
            port.protocol = slash == std::string::npos ? "tcp" : key.substr(slash + 1);
            port.host_ip = text_of(binding, "HostIp");
            port.host = port_number(integer_of(binding, "HostPort"));
            if (port.container != 0 && port.host != 0) {
                out.ports.push_back(std::move(port));
            }
        }
    }
    sort_ports(out.ports);
}

void read_mounts(const EngineJson& mounts, Observed& out) {
    for (const EngineJson& entry : mounts) {
        domain::ObservedMount mount;
        mount.type = text_of(entry, "Type");
        mount.name = text_of(entry, "Name");
        mount.source = text_of(entry, "Source");
        mount.target = text_of(entry, "Destination");
        out.mounts.push_back(std::move(mount));
    }
    std::sort(out.mounts.begin(), out.mounts.end(),
              [](const auto& a, const auto& b) { return a.target < b.target; });
}

/// A list tells health in `Health.Status` (API 1.52) or only in words: "Up 3 minutes (health:
/// starting)".
std::string health_of_entry(const EngineJson& entry) {
    const std::string status = text_of(member(entry, "Health"), "Status");
    const std::string words = text_of(entry, "Status");
    for (const char* health : {"unhealthy", "healthy", "starting"}) {
        const std::string in_words = std::string{"("} + health + ")";
        if (status == health || words.ends_with(in_words)) {
            return health;
        }
    }
    return words.ends_with("(health: starting)") ? "starting" : "none";
}

std::string known_health(const std::string& status) {
    const bool known = status == "starting" || status == "healthy" || status == "unhealthy";
    return known ? status : "none";
}

constexpr std::size_t kMaxOutput = 1024;

/// The newest probe stands last.
void read_health(const EngineJson& health, Observed& out) {
    out.health = known_health(text_of(health, "Status"));
    out.failing_streak = static_cast<int>(integer_of(health, "FailingStreak"));
    const EngineJson& log = member(health, "Log");
    if (log.is_array() && !log.empty()) {
        out.health_output = text_of(log.back(), "Output").substr(0, kMaxOutput);
    }
}

}  // namespace

Observed parse_list_entry(const EngineJson& entry) {
    Observed out;
    out.docker_id = text_of(entry, "Id");
    const EngineJson& names = member(entry, "Names");
    if (names.is_array() && !names.empty() && names.front().is_string()) {
        out.name = without_slash(names.front().get<std::string>());
    }
    read_labels(member(entry, "Labels"), out);
    out.image_id = text_of(entry, "ImageID");
    read_status(text_of(entry, "State"), out);
    if (out.running) {
        read_list_ports(member(entry, "Ports"), out);
    }
    read_networks(member(entry, "NetworkSettings", "Networks"), out);
    out.health = health_of_entry(entry);
    return out;
}

Observed parse_inspect(const EngineJson& container) {
    Observed out;
    const EngineJson& state = member(container, "State");
    out.docker_id = text_of(container, "Id");
    out.name = without_slash(text_of(container, "Name"));
    read_labels(member(container, "Config", "Labels"), out);
    out.image_id = text_of(container, "Image");
    read_status(text_of(state, "Status"), out);
    out.running = out.running || flag_of(state, "Running");
    out.paused = out.paused || flag_of(state, "Paused");
    out.removing = out.removing || flag_of(state, "Dead");
    out.started_at = domain::parse_rfc3339(text_of(state, "StartedAt"));
    out.finished_at = domain::parse_rfc3339(text_of(state, "FinishedAt"));
    out.exit_code = static_cast<int>(integer_of(state, "ExitCode"));
    out.oom_killed = flag_of(state, "OOMKilled");
    out.error = text_of(state, "Error");
    out.pid = out.running ? integer_of(state, "Pid") : 0;
    if (out.running) {
        read_inspect_ports(member(container, "NetworkSettings", "Ports"), out);
    }
    read_mounts(member(container, "Mounts"), out);
    read_networks(member(container, "NetworkSettings", "Networks"), out);
    const int stop_signal = signal_number(text_of(member(container, "Config"), "StopSignal"));
    out.stop_signal = stop_signal != 0 ? stop_signal : out.stop_signal;
    read_health(member(state, "Health"), out);
    out.settings = domain::settings_text(settings_of(container));
    return out;
}

domain::Result<std::vector<Observed>> parse_list(std::string_view body) {
    const EngineJson list = parse_engine_json(body);
    if (!list.is_array()) {
        domain::Error error;
        error.type = domain::ErrorType::docker_api_error;
        error.engine = domain::EngineFailure::retryable;
        error.message = "the Docker Engine's list of containers is not a JSON list";
        return error;
    }
    std::vector<Observed> out;
    out.reserve(list.size());
    for (const EngineJson& entry : list) {
        Observed observed = parse_list_entry(entry);
        if (!observed.docker_id.empty()) {
            out.push_back(std::move(observed));
        }
    }
    return out;
}

}  // namespace flow::docker
