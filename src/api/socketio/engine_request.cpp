#include "api/socketio/engine_request.hpp"

#include <algorithm>
#include <utility>

#include "api/socketio/json_text.hpp"

namespace flow::socketio {
namespace {

namespace http = boost::beast::http;

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                            hex_value(text[i + 2]) >= 0;
        if (escape) {
            out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

std::string_view error_text(EngineError error) {
    switch (error) {
        case EngineError::unknown_transport: return "Transport unknown";
        case EngineError::unknown_sid: return "Session ID unknown";
        case EngineError::bad_handshake_method: return "Bad handshake method";
        case EngineError::bad_request: return "Bad request";
        case EngineError::forbidden: return "Forbidden";
        case EngineError::unsupported_version: return "Unsupported protocol version";
    }
    return "Bad request";
}

}  // namespace

EngineQuery parse_engine_query(std::string_view target) {
    EngineQuery query;
    const std::size_t mark = target.find('?');
    std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('&'), rest.size());
        const std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(std::min(rest.size(), end + 1));
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        const std::string_view name = pair.substr(0, equals);
        if (name == "transport") {
            query.transport = percent_decode(pair.substr(equals + 1));
        } else if (name == "EIO") {
            query.eio = percent_decode(pair.substr(equals + 1));
        } else if (name == "sid") {
            query.sid = percent_decode(pair.substr(equals + 1));
        }
    }
    return query;
}

std::optional<EngineError> check_request(const RequestFacts& facts) {
    const bool polling = facts.query.transport == "polling";
    if (!polling && facts.query.transport != "websocket") {
        return EngineError::unknown_transport;
    }
    const bool method_fits = facts.method == http::verb::get || facts.method == http::verb::post;
    if (!facts.query.sid.empty()) {
        if (!facts.known) {
            return EngineError::unknown_sid;
        }
        const bool same = *facts.known == TransportKind::polling && polling;
        if (facts.upgrade ? polling : !same || !method_fits) {
            return EngineError::bad_request;
        }
        return std::nullopt;
    }
    if (facts.method != http::verb::get) {
        return EngineError::bad_handshake_method;
    }
    if (facts.query.eio != "4") {
        return EngineError::unsupported_version;
    }
    if (polling == facts.upgrade) {
        return EngineError::bad_request;
    }
    return std::nullopt;
}

HttpResponse plain_response(http::status status, std::string_view type, std::string body) {
    HttpResponse response{status, 11};
    response.set(http::field::content_type, type);
    response.set(http::field::cache_control, "no-store");
    response.body() = std::move(body);
    return response;
}

HttpResponse error_response(EngineError error, std::string_view message) {
    Json body = Json::object();
    body["code"] = static_cast<int>(error);
    body["message"] = std::string(message.empty() ? error_text(error) : message);
    const auto status =
        error == EngineError::forbidden ? http::status::forbidden : http::status::bad_request;
    return plain_response(status, "application/json", dump_json(body));
}

void add_cors(HttpFields& headers, std::string_view origin, const Config& config) {
    const auto& allowed = config.cors_origins;
    const bool any = std::find(allowed.begin(), allowed.end(), "*") != allowed.end();
    if (any && !config.cors_credentials) {
        headers.set(http::field::access_control_allow_origin, "*");
        return;
    }
    if (allowed.empty()) {
        return;
    }
    headers.set(http::field::vary, "Origin");
    const bool listed = std::find(allowed.begin(), allowed.end(), origin) != allowed.end();
    if (origin.empty() || !(any || listed)) {
        return;
    }
    headers.set(http::field::access_control_allow_origin, origin);
    if (config.cors_credentials) {
        headers.set(http::field::access_control_allow_credentials, "true");
    }
}

HttpResponse preflight_response(const HttpFields& request, const Config& config) {
    HttpResponse response{http::status::no_content, 11};
    const auto origin = request[http::field::origin];
    add_cors(response, std::string_view(origin.data(), origin.size()), config);
    if (response.find(http::field::access_control_allow_origin) != response.end()) {
        response.set(http::field::access_control_allow_methods, "GET,HEAD,PUT,PATCH,POST,DELETE");
        const auto wanted = request[http::field::access_control_request_headers];
        if (!wanted.empty()) {
            response.set(http::field::access_control_allow_headers, wanted);
        }
    }
    return response;
}

}  // namespace flow::socketio
