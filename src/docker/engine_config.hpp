// Settings of the Docker Engine adapter: where the engine is, who we are, how long each call may
// take. Plain values, read once when the client is built. Deadlines: design 4; the engine finishes
// a create, start or stop even when we hang up, so they are long.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "domain/error.hpp"

namespace flow::docker {

struct EngineDeadlines {
    std::chrono::milliseconds ping = std::chrono::seconds{5};
    std::chrono::milliseconds connect = std::chrono::seconds{5};      ///< version and info together
    std::chrono::milliseconds list = std::chrono::seconds{60};
    std::chrono::milliseconds inspect = std::chrono::seconds{30};
    std::chrono::milliseconds create = std::chrono::minutes{4};
    std::chrono::milliseconds start = std::chrono::minutes{3};
    std::chrono::milliseconds stop_beyond_grace = std::chrono::minutes{2};
    std::chrono::milliseconds remove = std::chrono::minutes{5};
    std::chrono::milliseconds other = std::chrono::seconds{30};       ///< each smaller call
    std::chrono::milliseconds subscribe = std::chrono::seconds{10};   ///< until the stream is open
    std::chrono::seconds pull_idle{60};                               ///< no byte for so long
    std::chrono::milliseconds pull = std::chrono::minutes{30};
};

/// Credentials for a registry (contract 2, registry_auth).
struct Registry {
    std::string server;            ///< "registry.example:5000", as images name it
    std::string username;
    std::string password;
};

struct EngineConfig {
    std::string socket_path = "/var/run/docker.sock";
    std::string manager;                     ///< our instance id: label flow.manager, never empty
    std::string default_host_ip = "0.0.0.0"; ///< of a port that names no address
    std::string runtime;                     ///< flow-runtime on the host, mounted by messaging.inject
    int api_minor_min = 41;                  ///< API 1.41, Docker Engine 20.10
    int api_minor_max = 47;                  ///< the newest that this adapter knows
    std::map<std::string, Registry> registries;   ///< by the name that a spec's registry_auth gives
    EngineDeadlines deadlines;
    std::chrono::milliseconds progress_every = std::chrono::milliseconds{500};   ///< of a pull
    std::size_t max_body = 64u << 20;        ///< bytes of one answer; 10,000 containers are 8 MB
    std::size_t parse_aside = 256u << 10;    ///< a longer list is parsed on a thread of its own
    std::size_t max_event = 1u << 20;        ///< bytes of one event or progress line
    std::size_t max_log_line = 16u << 10;    ///< bytes; the rest of a longer log line is cut off
    std::string system_root = "/";           ///< where /proc and /sys/fs/cgroup are found
};

/// "unix:///var/run/docker.sock" to its path. Anything else is a validation_error: sockets, mounts
/// and the policy need the engine's own host (contract 9).
domain::Result<std::string> parse_docker_host(std::string_view host);

/// The value of X-Registry-Auth: the engine's JSON in URL-safe base64.
std::string registry_auth_header(const Registry& registry);

}  // namespace flow::docker
