// Errors as this API words them: each says which operation on which container failed (contract 3,
// `error`). Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "domain/error.hpp"

namespace flow::api {

using domain::Error;
using domain::ErrorType;
using domain::Json;

/// What an error is about. Empty parts are left out of its details.
struct About {
    std::string operation;
    std::string container_id;
    std::string request_id;
};

/// Adds what the error does not say yet: details.operation, container_id, request_id. `operation`
/// comes first.
Error about(Error error, const About& subject);

Error not_found(std::string_view reference);
Error make_error(ErrorType type, std::string message);

/// A value of Result<Json>: JSON converts to too much for the plain constructor.
inline domain::Result<Json> json_result(Json value) {
    return {boost::system::in_place_value, std::move(value)};
}

/// `{ok: false, error: {…}}`
Json failed_ack(const Error& error);

/// A payload as the audit shows it: secrets masked, long texts and lists cut, at most about 2 KiB.
Json excerpt(const Json& payload);

/// At most `longest` bytes, cut at a character's border, control characters replaced.
std::string printable(std::string_view text, std::size_t longest);

}  // namespace flow::api
