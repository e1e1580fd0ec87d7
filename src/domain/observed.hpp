// What the engine reports, in our words: containers, events, usage. Facts only; nothing here decides.
// Absent fields of the engine's answers are zero or empty (API versions differ). Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "domain/shared_text.hpp"
#include "domain/time.hpp"

namespace flow::domain {

/// Labels that we set on every engine container of ours (contract 1).
inline constexpr const char* kLabelManager = "flow.manager";
inline constexpr const char* kLabelContainerId = "flow.container-id";
inline constexpr const char* kLabelName = "flow.name";
inline constexpr const char* kLabelGeneration = "flow.generation";
inline constexpr const char* kLabelSpecHash = "flow.spec-hash";
inline constexpr const char* kLabelTaskId = "flow.task-id";
inline constexpr const char* kLabelRunnerId = "flow.runner-id";

/// One published port as the engine has it now.
struct BoundPort {
    std::uint16_t container = 0;
    std::string protocol;
    std::string host_ip;
    std::uint16_t host = 0;
    bool operator==(const BoundPort&) const = default;
};

/// A mount as inspect shows it. `name` is the volume's name; "" for a bind.
struct ObservedMount {
    std::string type;
    std::string name;
    std::string source;
    std::string target;
    bool operator==(const ObservedMount&) const = default;
};

/// One engine container. Fields marked (i) come from inspect only, a list leaves them empty.
struct Observed {
    std::string docker_id;              ///< 64 hex characters
    std::string name;                   ///< without the leading slash
    std::string container_id;           ///< label flow.container-id
    std::string manager;                ///< label flow.manager
    std::uint64_t generation = 0;       ///< label flow.generation
    std::string spec_hash;              ///< label flow.spec-hash
    std::string image_id;
    bool running = false;               ///< a process is there; true when paused too
    bool paused = false;
    bool removing = false;              ///< being removed, or dead
    Time started_at;                    ///< (i)
    Time finished_at;                   ///< (i)
    int exit_code = 0;                  ///< (i)
    bool oom_killed = false;            ///< (i) goes stale: see engine-facts
    std::string error;                  ///< (i) State.Error: why the last start failed
    std::int64_t pid = 0;               ///< (i) 0 when not running
    std::vector<BoundPort> ports;       ///< real ports; while running only
    std::vector<ObservedMount> mounts;  ///< (i)
    std::vector<std::string> networks;  ///< names
    SharedText settings;                ///< (i) what drift is looked for in (domain/drift.hpp); "" when not known
    std::string engine;                 ///< (i) version of the engine that told it
    int stop_signal = 15;               ///< (i) Config.StopSignal as a number; 15 when it names none
    std::string health = "none";        ///< none, starting, healthy, unhealthy
    int failing_streak = 0;             ///< (i) probes failed in a row
    std::string health_output;          ///< (i) of the last probe, shortened
};

/// One event of the engine's stream about a container of ours.
struct EngineEvent {
    enum class Type { create, start, die, oom, kill, stop, destroy, rename, update, pause, unpause, health };
    Type type = Type::create;
    std::string docker_id;
    std::string container_id;           ///< label flow.container-id
    Time time;                          ///< timeNano
    int exit_code = 0;                  ///< of die
    int signal = 0;                     ///< of kill: the number, 0 when it cannot be read
    std::string name;                   ///< the engine container's name, at the time
    std::string health;                 ///< of health: starting, healthy, unhealthy
};
std::string_view to_string(EngineEvent::Type type);

/// A container joined a network or left it: also a part of each start and exit.
struct NetworkEvent {
    bool connected = false;
    std::string docker_id;
    std::string network;                ///< its name
    Time time;
};

/// How far a pull has come.
struct PullProgress {
    std::string image;
    std::int64_t bytes_done = 0;
    std::int64_t bytes_total = 0;       ///< grows while layers become known
    int layers = 0;
};

/// The `resource_usage` of contract 3: all numbers zero when nothing runs.
struct ResourceUsage {
    double cpu_percent = 0;             ///< 100 is one core
    std::int64_t memory_usage = 0;
    std::int64_t memory_limit = 0;
    double memory_percent = 0;
    std::int64_t network_rx_bytes = 0;
    std::int64_t network_tx_bytes = 0;
    std::int64_t disk_read_bytes = 0;
    std::int64_t disk_write_bytes = 0;
    std::int64_t pids = 0;
    Time timestamp;
    Json to_json() const;
};

}  // namespace flow::domain
