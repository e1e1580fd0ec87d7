#include "api/http_text.hpp"

#include <algorithm>
#include <charconv>

namespace flow::api {

namespace http = boost::beast::http;

unsigned http_status(ErrorType type) {
    switch (type) {
        case ErrorType::validation_error: return 400;
        case ErrorType::unauthorized: return 401;
        case ErrorType::forbidden: return 403;
        case ErrorType::container_not_found:
        case ErrorType::image_not_found: return 404;
        case ErrorType::conflict_error:
        case ErrorType::name_conflict:
        case ErrorType::superseded: return 409;
        case ErrorType::rate_limited: return 429;
        case ErrorType::timeout: return 504;
        default: return 500;
    }
}

HttpReply http_error(const Error& error) { return {http_status(error.type), error.to_json(), ""}; }

std::optional<std::string> decode_percent(std::string_view text, bool plus_is_space) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            result += plus_is_space && text[at] == '+' ? ' ' : text[at];
            continue;
        }
        unsigned value = 0;
        const char* first = text.data() + at + 1;
        if (at + 2 >= text.size() + 0U ||
            std::from_chars(first, first + 2, value, 16).ptr != first + 2) {
            return std::nullopt;
        }
        result += static_cast<char>(value);
        at += 2;
    }
    return result;
}

void each_query_field(std::string_view query,
                      const std::function<void(const std::string&, const std::string&)>& take) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(part.find('='), part.size());
        const auto name = decode_percent(part.substr(0, equals), true);
        const auto value = decode_percent(part.substr(std::min(equals + 1, part.size())), true);
        if (name && value && !name->empty()) {
            take(*name, *value);
        }
    }
}

socketio::Server::HttpResponse to_response(const socketio::Server::HttpRequest& request,
                                           const HttpReply& reply) {
    socketio::Server::HttpResponse response{static_cast<http::status>(reply.status),
                                            request.version()};
    response.set(http::field::content_type, "application/json");
    response.set(http::field::cache_control, "no-store");
    if (!reply.allow.empty()) {
        response.set(http::field::allow, {reply.allow.data(), reply.allow.size()});
    }
    response.keep_alive(request.keep_alive());
    const std::string body = reply.body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    response.content_length(body.size());
    if (request.method() != http::verb::head) {
        response.body() = body;
    }
    return response;
}

}  // namespace flow::api
