// A spec to the engine's create request: pure text in, JSON out. Always the Mounts API, never Binds
// (a missing source of Binds becomes an empty folder owned by root); restart policy always `no`
// (restarts are ours).
#pragma once

#include <string>
#include <vector>

#include "docker/engine_config.hpp"
#include "domain/error.hpp"
#include "reconciler/engine.hpp"

namespace flow::docker {

/// Host and container side of the folder with the container's socket (contract 6).
inline constexpr const char* kSocketFolder = "/var/run/flow";
/// Where messaging.inject puts flow-runtime, which is the entry point then.
inline constexpr const char* kRuntime = "/flow-runtime";

struct CreateRequest {
    domain::Json body;
    /// Networks to connect after the create: before API 1.44 the engine takes one endpoint only.
    std::vector<std::string> connect_later;
};

/// The file that messaging.inject mounts is there and can be run; else an error that says what to do. It may work later.
domain::Result<void> check_runtime(const EngineConfig& config);

CreateRequest spec_to_create(const reconciler::CreateCall& call, const EngineConfig& config,
                             int api_minor);

/// The body of POST /networks/{id}/connect.
domain::Json connect_body(const std::string& docker_id, const std::string& network,
                          const std::string& alias);

/// The body of POST /containers/{id}/update: memory and swap always together; what is not limited
/// is left out, except pids, whose limit can be taken away in place. The engine's restart policy is
/// `no` again.
domain::Json update_body(const domain::Resources& resources);

/// The alias is for networks of users only; the engine refuses it on its own three.
bool is_user_network(const std::string& network);

/// Seconds as the engine takes them, rounded up.
std::int64_t whole_seconds(domain::Duration duration);

}  // namespace flow::docker
