// The engine's JSON about containers to `Observed`: an entry of the list, and an inspect. API 1.41
// and newer. Pure and forgiving: what is absent is zero or empty. Collections come out sorted, so
// equal facts compare equal.
#pragma once

#include <string_view>
#include <vector>

#include "docker/json_read.hpp"
#include "domain/error.hpp"
#include "domain/observed.hpp"

namespace flow::docker {

domain::Observed parse_list_entry(const EngineJson& entry);
domain::Observed parse_inspect(const EngineJson& container);

/// The body of GET /containers/json. Entries without an id are skipped.
domain::Result<std::vector<domain::Observed>> parse_list(std::string_view body);

}  // namespace flow::docker
