// What the engine's refusals mean: one table of patterns over (call, status, message). Facts b, c,
// h and i of the measurements: the status code alone does not tell retryable from terminal. Pure.
#pragma once

#include <string>
#include <string_view>

#include "domain/error.hpp"

namespace flow::docker {

/// One call to the engine, for its error's words.
struct EngineCall {
    std::string verb;       ///< "create", "start", "stop", "remove", "pull" …
    std::string subject;    ///< for people: "container flow-web", "image busybox:1"
    std::string docker_id;  ///< "" when there is none
};

/// The Error of an answer with a status of 400 or more. `body` is the engine's `{"message": …}`, or
/// any text. details: engine_call, status, engine_message, and where known docker_id, field (of the
/// spec), cause, holder_id.
domain::Error engine_error(const EngineCall& call, int status, std::string_view body);

/// The Error of a pull that failed, also of an `errorDetail` in its stream under HTTP 200.
/// details.cause is not_found, unauthorized or registry_unreachable, or absent (then it is not the
/// image's fault).
domain::Error pull_error(const std::string& image, std::string_view message);

/// The call's words put before an error of the transport, its meaning kept.
domain::Error with_call(const EngineCall& call, domain::Error error);

}  // namespace flow::docker
