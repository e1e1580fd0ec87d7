// What the HTTP routes share: percent decoding, queries, statuses, the JSON response. Pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/errors.hpp"
#include "api/socketio/server.hpp"

namespace flow::api {

/// An answer before it is an HTTP response.
struct HttpReply {
    unsigned status = 200;
    Json body;
    std::string_view allow;         ///< of a 405
};

unsigned http_status(ErrorType type);
HttpReply http_error(const Error& error);
std::optional<std::string> decode_percent(std::string_view text, bool plus_is_space);
/// Calls `take` with each name and value that can be read.
void each_query_field(std::string_view query,
                      const std::function<void(const std::string&, const std::string&)>& take);
socketio::Server::HttpResponse to_response(const socketio::Server::HttpRequest& request,
                                           const HttpReply& reply);

}  // namespace flow::api
