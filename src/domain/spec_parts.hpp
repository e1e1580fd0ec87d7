// The parts of a spec (contract 2): one value for each group of fields. See spec.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/time.hpp"

namespace flow::domain {

enum class Kind { container, job };
enum class DesiredState { created, running, stopped };
enum class SecurityProfile { restricted, baseline };
enum class DependencyCondition { started, healthy, completed };
enum class OnUnhealthy { warn, restart };
enum class OnFailure { rollback, pause };
enum class PullPolicy { missing, always, never };
/// How messages are told apart on a container's socket; `automatic`: its first byte decides (contract 6).
enum class Framing { automatic, lines, length_prefixed };

struct Mount {
    enum class Type { bind, volume };
    Type type = Type::bind;
    std::string source;    ///< bind: the resolved host path; volume: its name, "" for an anonymous one
    std::string target;    ///< absolute path in the container, no trailing slash
    bool read_only = false;
    bool operator==(const Mount&) const = default;
};

struct Port {
    std::uint16_t container = 0;
    std::string protocol = "tcp";   ///< tcp, udp or sctp
    std::uint16_t host = 0;         ///< 0: the engine chooses, anew at each start
    std::string host_ip;            ///< "": the option default_host_ip
    bool operator==(const Port&) const = default;
};

struct Ulimit {
    std::int64_t soft = 0;
    std::int64_t hard = 0;
    bool operator==(const Ulimit&) const = default;
};

/// All sizes in bytes. 0 or nothing: no limit of ours.
struct Resources {
    double cpus = 0;
    std::int64_t cpu_shares = 0;
    std::int64_t memory = 0;              ///< swap is set equal: no extra swap
    std::int64_t memory_reservation = 0;
    std::int64_t pids = 512;              ///< -1: no limit
    std::map<std::string, Ulimit> ulimits;
    std::int64_t shm_size = 0;            ///< 0: the engine's default (64 MiB)
    bool operator==(const Resources&) const = default;
};

struct Security {
    SecurityProfile profile = SecurityProfile::baseline;
    std::vector<std::string> cap_drop;    ///< upper case without CAP_, sorted; "ALL" alone when all
    std::vector<std::string> cap_add;
    bool no_new_privileges = true;
    std::string seccomp;                  ///< "": the engine's default
    std::string apparmor;
    std::string userns;
    bool privileged = false;
    bool operator==(const Security&) const = default;
};

struct Restart {
    enum class Policy { on_failure, always, no };
    Policy policy = Policy::on_failure;
    int max_retries = -1;                 ///< of on-failure:n; -1: no limit
    bool operator==(const Restart&) const = default;
};

struct Dependency {
    std::string name;
    DependencyCondition condition = DependencyCondition::started;
    bool operator==(const Dependency&) const = default;
};

/// What is zero or empty is the image's, else the engine's default (30 s, 30 s, 0 s, 3).
struct Healthcheck {
    std::vector<std::string> test;        ///< {"NONE"}: switched off; {"CMD", …}; {"CMD-SHELL", "…"}
    Duration interval{0};
    Duration timeout{0};
    Duration start_period{0};
    int retries = 0;
    OnUnhealthy on_unhealthy = OnUnhealthy::warn;
    bool operator==(const Healthcheck&) const = default;
};

struct Update {
    std::optional<Duration> monitor;      ///< nothing: the option update_monitor
    OnFailure on_failure = OnFailure::rollback;
    bool operator==(const Update&) const = default;
};

/// "" and no options: json-file, 10 MiB by 5.
struct Logging {
    std::string driver;
    std::map<std::string, std::string> options;
    bool operator==(const Logging&) const = default;
};

/// Messages between clients and the container, through its socket (contract 6).
struct Messaging {
    static constexpr std::int64_t kDefaultMaxMessage = 1 << 20;
    bool enabled = true;
    Framing framing = Framing::automatic;
    std::int64_t max_message = kDefaultMaxMessage;  ///< bytes, in either direction
    bool durable = false;                 ///< in the log with a seq; set where queue_ttl is
    Duration queue_ttl{0};                ///< so long a message waits for the container; 0: it does not
    bool record_payload = false;          ///< the store keeps what durable messages say
    bool inject = false;                  ///< flow-runtime is mounted and is the entry point
    bool operator==(const Messaging&) const = default;
};

/// Of jobs; backoff_limit is restart.max_retries.
struct JobRules {
    Duration active_deadline{0};          ///< from the first start; 0: none
    Duration ttl_after_finished = std::chrono::minutes{5};
    Duration keep_failed = std::chrono::hours{1};
    bool operator==(const JobRules&) const = default;
};

/// The default networks are {"flow-net"}; network_mode none, bridge or host leaves `networks` empty.
struct Networking {
    std::string mode;                     ///< "": `networks` counts; else none, bridge, host
    std::vector<std::string> networks;
    bool operator==(const Networking&) const = default;
};

}  // namespace flow::domain
