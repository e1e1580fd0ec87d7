// Fields that every request may carry (contract 3), and the request of the store's that they begin. Pure functions but
// for the random id.
#pragma once

#include <optional>
#include <string>

#include "api/payload.hpp"
#include "api/services.hpp"
#include "domain/request.hpp"

namespace flow::api {

/// Idempotency is kept per actor. Without tokens all clients are one: a client that reconnects is
/// the same.
inline constexpr const char* kAnonymous = "anonymous";

struct Controls {
    std::string request_id;         ///< the client's own
    bool client_gave_id = false;
    std::optional<domain::Duration> wait;
    std::optional<domain::Generation> expected_generation;
};

Controls read_controls(Payload& payload, const Config& config);

/// With the client's id, or a new one.
domain::Request base_request(const Controls& controls, domain::Operation operation);

}  // namespace flow::api
