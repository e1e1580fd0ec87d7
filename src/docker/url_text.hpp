// Percent-encoding and the small JSON that the engine takes as `filters`. Pure.
#pragma once

#include <string>
#include <string_view>

#include "docker/json_read.hpp"

namespace flow::docker {

/// Everything but the unreserved characters of RFC 3986.
std::string percent_encoded(std::string_view text);

/// "filters=…" of an object of lists.
std::string filters_query(const EngineJson& filters);

}  // namespace flow::docker
