// What an HTTP request asks of Engine.IO, and whether it may: the query, the refusals with their
// codes, and the CORS headers. Pure; the order of the checks is Node's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/verb.hpp>

#include "api/socketio/config.hpp"
#include "api/socketio/session_state.hpp"

namespace flow::socketio {

/// The `code` of an error body.
enum class EngineError {
    unknown_transport = 0,
    unknown_sid = 1,
    bad_handshake_method = 2,
    bad_request = 3,
    forbidden = 4,
    unsupported_version = 5,
};

struct EngineQuery {
    std::string transport;
    std::string eio;
    std::string sid;
};

/// Percent escapes are decoded; unknown parameters are ignored.
EngineQuery parse_engine_query(std::string_view target);

/// `known` is the transport of the session that `query.sid` names; nothing when there is no such
/// session.
struct RequestFacts {
    EngineQuery query;
    boost::beast::http::verb method = boost::beast::http::verb::get;
    bool upgrade = false;
    std::optional<TransportKind> known;
};
std::optional<EngineError> check_request(const RequestFacts& facts);

using HttpFields = boost::beast::http::fields;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

/// `{"code":…,"message":"…"}` with 400 or, for forbidden, 403. `message` replaces the usual text.
HttpResponse error_response(EngineError error, std::string_view message = {});

HttpResponse plain_response(boost::beast::http::status status, std::string_view type,
                            std::string body);

/// Adds the headers that let a page of `origin` read the answer, if the configuration allows that
/// origin.
void add_cors(HttpFields& headers, std::string_view origin, const Config& config);

/// The answer to OPTIONS: 204 with what the browser asked for.
HttpResponse preflight_response(const HttpFields& request, const Config& config);

}  // namespace flow::socketio
