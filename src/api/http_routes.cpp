#include "api/http_routes.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace flow::api {

namespace http = boost::beast::http;

namespace {

unsigned status_of(ErrorType type) {
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

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
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

/// The query as the payload of list_containers: `label` and `state` may come several times.
Json query_payload(std::string_view query) {
    Json payload = Json::object();
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(part.find('='), part.size());
        const auto name = decode(part.substr(0, equals), true);
        const auto value = decode(part.substr(std::min(equals + 1, part.size())), true);
        if (!name || !value || name->empty()) {
            continue;
        }
        if (*name == "label" || *name == "labels") {
            payload["labels"].push_back(*value);
        } else if (*name == "state" || *name == "status") {
            payload["state"].push_back(*value);
        } else {
            std::int64_t number = 0;
            const char* last = value->data() + value->size();
            const bool whole = std::from_chars(value->data(), last, number).ptr == last;
            payload[*name] = *name == "limit" && whole ? Json(number) : Json(*value);
        }
    }
    return payload;
}

}  // namespace

HttpRoutes::Reply HttpRoutes::health() const {
    Json body;
    body["status"] = "ok";
    return {200, std::move(body)};
}

HttpRoutes::Reply HttpRoutes::readiness() const {
    const Readiness readiness = services_.readiness();
    const domain::Time observed = services_.last_observation();
    Json body;
    body["ready"] = readiness.ready;
    body["reasons"] = readiness.reasons;
    body["last_observation"] = nullptr;
    body["observation_age"] = nullptr;
    if (observed != domain::Time{}) {
        const auto age = services_.moment().now - observed;
        body["last_observation"] = domain::to_rfc3339(observed);
        body["observation_age"] = std::chrono::duration<double>(age).count();
    }
    return {readiness.ready ? 200U : 503U, std::move(body)};
}

HttpRoutes::Reply HttpRoutes::containers(std::string_view query) const {
    const Json fields = query_payload(query);
    Payload payload(fields);
    const ListQuery list = queries_.parse_list(payload);
    payload.finish();
    if (!payload.ok()) {
        return {400, domain::validation_failed(payload.errors()).to_json()};
    }
    return {200, queries_.list(list)};
}

HttpRoutes::Reply HttpRoutes::container(std::string_view reference) const {
    const auto decoded = decode(reference, false);
    const domain::Record* record = decoded ? store_.resolve(*decoded) : nullptr;
    if (record == nullptr) {
        const Error error = about(not_found(decoded.value_or("")), {"", decoded.value_or(""), ""});
        return {status_of(error.type), error.to_json()};
    }
    return {200, queries_.describe(*record)};
}

HttpRoutes::Reply HttpRoutes::route(std::string_view path, std::string_view query) const {
    constexpr std::string_view kContainers = "/api/containers";
    if (path == "/healthz") {
        return health();
    }
    if (path == "/readyz") {
        return readiness();
    }
    if (path == kContainers || path == "/api/containers/") {
        return containers(query);
    }
    const std::string_view rest = path.substr(std::min(kContainers.size(), path.size()));
    if (path.starts_with(kContainers) && rest.starts_with('/') && rest.find('/', 1) == rest.npos) {
        return container(rest.substr(1));
    }
    Error error =
        make_error(ErrorType::validation_error,
                   "there is nothing at " + printable(path, 200) +
                       "; known are /healthz, /readyz, /api/containers, /api/containers/ID");
    return {404, error.to_json()};
}

HttpRoutes::Response HttpRoutes::answer(const Request& request) const {
    const std::string_view target(request.target().data(), request.target().size());
    const std::size_t mark = std::min(target.find('?'), target.size());
    const std::string_view path = target.substr(0, mark);
    Reply reply = route(path, target.substr(std::min(mark + 1, target.size())));
    const bool head = request.method() == http::verb::head;
    const bool known = reply.status != 404 || path.starts_with("/api/containers");
    if (known && !head && request.method() != http::verb::get) {
        reply = {405, make_error(ErrorType::validation_error,
                                 "only GET works here; use Socket.IO to change containers")
                          .to_json()};
    }
    Response response{static_cast<http::status>(reply.status), request.version()};
    response.set(http::field::content_type, "application/json");
    response.set(http::field::cache_control, "no-store");
    if (reply.status == 405) {
        response.set(http::field::allow, "GET, HEAD");
    }
    response.keep_alive(request.keep_alive());
    const std::string body = reply.body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    response.content_length(body.size());
    if (!head) {
        response.body() = body;
    }
    return response;
}

}  // namespace flow::api
