// Parts of a create request's HostConfig: mounts, limits, security. Pure; used by spec_to_create only.
// Each leaves out what the spec does not set, so that the engine's own default counts.
#pragma once

#include "docker/engine_config.hpp"
#include "domain/error.hpp"
#include "domain/spec.hpp"
#include "reconciler/engine.hpp"

namespace flow::docker {

/// Volumes, carried anonymous ones by name, the socket's folder, and flow-runtime where it is to be injected.
domain::Json mounts_of(const reconciler::CreateCall& call, const EngineConfig& config);

/// Limits that the engine can change while the container runs; memory always with swap.
void add_resources(const domain::Resources& resources, domain::Json& host);

/// Limits that need a new container: ulimits and the size of /dev/shm.
void add_fixed_resources(const domain::Resources& resources, domain::Json& host);

/// Only what the spec gives: the engine takes each zero field from the image.
void add_healthcheck(const domain::Healthcheck& healthcheck, domain::Json& body);

/// json-file with 10 MiB by 5 where the spec does not say otherwise (contract 2).
domain::Json log_config_of(const domain::Logging& logging);

void add_security(const domain::Security& security, domain::Json& host);

}  // namespace flow::docker
