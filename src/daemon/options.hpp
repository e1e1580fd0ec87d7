// The daemon's options: flags, then FLOW_* of the environment, then the YAML file, then the defaults (contract 9).
// Plain values; read once at start, and again (policy, log level) at SIGHUP.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "docker/engine_config.hpp"
#include "domain/error.hpp"
#include "domain/policy.hpp"

namespace flow::daemon {

struct Options {
    std::vector<std::string> listen;                ///< HOST:PORT or unix:PATH; default localhost:8000
    std::string data_dir;
    std::string manifests;                          ///< "": none
    bool prune = false;                             ///< what came from that folder and is gone is deleted
    std::string docker_host;
    std::string config_file;
    std::string name_prefix = "flow-";
    std::string default_host_ip = "0.0.0.0";
    std::string runtime;                            ///< flow-runtime on the host, for messaging.inject
    std::vector<std::string> cors_origins;
    std::vector<std::string> allowed_hosts;
    bool insecure = false;                          ///< listen beyond loopback without tokens
    std::size_t max_payload = 4u << 20;             ///< bytes of one message of a client
    std::string log_format = "text";                ///< text or json
    std::string log_level = "info";
    std::chrono::milliseconds stats_interval = std::chrono::seconds{10};
    std::chrono::milliseconds restart_backoff_first = std::chrono::seconds{10};
    std::chrono::milliseconds restart_backoff_max = std::chrono::seconds{300};
    std::chrono::milliseconds restart_backoff_reset = std::chrono::seconds{600};
    std::chrono::milliseconds update_monitor = std::chrono::seconds{5};
    std::chrono::milliseconds resync_interval = std::chrono::seconds{60};
    std::chrono::milliseconds orphan_grace = std::chrono::hours{1};
    std::chrono::milliseconds cleanup_interval = std::chrono::minutes{5};
    std::chrono::milliseconds keep_stopped{0};
    bool cleanup_dry_run = false;
    int max_running_jobs = 0;                       ///< 0: no limit
    std::map<std::string, docker::Registry> registries;     ///< section `registries` of the file only
    domain::Policy policy;                          ///< section `policy` of the file only
    std::vector<std::string> arguments;             ///< of the command line, the program first: for reading all again
    bool check_only = false;                        ///< --check-config
    bool print_only = false;                        ///< --print-config
};

/// Reads them all. An error is for the person at the terminal and names the option. Nothing: help or version was
/// printed and the program should end with 0.
domain::Result<std::optional<Options>> read_options(int argc, char** argv);
/// What holds, as YAML that --config takes again.
std::string to_yaml(const Options& options);

inline constexpr const char* kVersion = "0.1.0";

}  // namespace flow::daemon
