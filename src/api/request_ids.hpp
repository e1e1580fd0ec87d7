// Identity of a request: the id that we make when the client gave none, and the digest by which a
// repetition is told from a different request under the same id. Thread-safe; no ownership.
#pragma once

#include <string>
#include <string_view>

#include "domain/error.hpp"

namespace flow::api {

/// A random UUID, version 4.
std::string make_request_id();

/// Of the operation and all fields but `wait`, `wait_timeout` and `request_id`; the order of keys
/// does not count.
std::string payload_digest(std::string_view operation, const domain::Json& payload);

}  // namespace flow::api
