// The watched part of an inspect as settings (domain/drift.hpp): what drift is looked for in. Pure; fields that an API
// version does not have are as good as empty ones.
#pragma once

#include "docker/json_read.hpp"
#include "domain/drift.hpp"

namespace flow::docker {

domain::Settings settings_of(const EngineJson& container);

}  // namespace flow::docker
