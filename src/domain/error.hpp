// Errors as values: the type a client sees, a sentence for people, details for programs.
// Ordinary failures travel as Result<T>; exceptions are bugs. Plain values without threads or ownership.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>
#include <nlohmann/json.hpp>

namespace flow::domain {

/// Object keys keep their order: what a user wrote is shown back as written.
using Json = nlohmann::ordered_json;

/// The `error_type` of contract 3.
enum class ErrorType {
    validation_error,
    container_not_found,
    image_not_found,
    docker_api_error,
    socket_error,
    socket_timeout_error,
    socket_connection_error,
    system_error,
    conflict_error,
    name_conflict,
    unauthorized,
    forbidden,
    rate_limited,
    superseded,
    timeout,
};

/// The spelling on the wire, for example "image_not_found".
std::string_view to_string(ErrorType type);

/// What an engine call's failure means to the loop. `none` for errors that did not come from the engine.
enum class EngineFailure {
    none,
    away,               ///< no connection: the call had no effect
    unanswered,         ///< sent, but the answer was lost or late: the effect is unknown
    no_such_container,
    no_such_image,
    no_such_network,
    name_taken,         ///< 409 of create or rename; details.holder_id has the engine's id of the holder
    in_progress,        ///< for example "removal … is already in progress": soon over
    not_running,        ///< 409 of kill: there is no process
    refused,            ///< will not work until the spec changes (bad command, bad value)
    retryable,          ///< may work later (port taken, out of resources, unknown)
};

/// One wrong field of a payload: its path ("ports[0].target") and what is wrong with it.
struct FieldError {
    std::string path;
    std::string message;
};

struct Error {
    ErrorType type = ErrorType::system_error;
    std::string message;
    Json details = Json::object();
    EngineFailure engine = EngineFailure::none;

    /// `{"error": true, "error_type", "message", "details"}`, the payload of an `error` event.
    Json to_json() const;
};

template <class T>
using Result = boost::system::result<T, Error>;

/// A validation_error whose details.field_errors lists all of `fields`; the message quotes the first.
Error validation_failed(const std::vector<FieldError>& fields);

/// Found by argument-dependent lookup when `.value()` is called on a failed Result: a bug, so it throws.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace flow::domain
