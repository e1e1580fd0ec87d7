#include "api/http_routes.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "api/rollback.hpp"

namespace flow::api {

namespace http = boost::beast::http;

namespace {

/// The query as the payload of list_containers: `label` and `state` may come several times.
Json query_payload(std::string_view query) {
    Json payload = Json::object();
    each_query_field(query, [&](const std::string& name, const std::string& value) {
        if (name == "label" || name == "labels") {
            payload["labels"].push_back(value);
        } else if (name == "state" || name == "status") {
            payload["state"].push_back(value);
        } else {
            std::int64_t number = 0;
            const char* last = value.data() + value.size();
            const bool whole = std::from_chars(value.data(), last, number).ptr == last;
            payload[name] = name == "limit" && whole ? Json(number) : Json(value);
        }
    });
    return payload;
}

}  // namespace

HttpReply HttpRoutes::health() const {
    Json body;
    body["status"] = "ok";
    return {200, std::move(body), ""};
}

HttpReply HttpRoutes::readiness() const {
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
    return {readiness.ready ? 200U : 503U, std::move(body), ""};
}

HttpReply HttpRoutes::containers(std::string_view query) const {
    const Json fields = query_payload(query);
    Payload payload(fields);
    const ListQuery list = queries_.parse_list(payload);
    payload.finish();
    if (!payload.ok()) {
        return http_error(domain::validation_failed(payload.errors()));
    }
    return {200, queries_.list(list), ""};
}

HttpReply HttpRoutes::container(std::string_view reference) const {
    constexpr std::string_view kRevisions = "/revisions";
    const bool revisions = reference.ends_with(kRevisions);
    if (revisions) {
        reference.remove_suffix(kRevisions.size());
    }
    const auto decoded = decode_percent(reference, false);
    const domain::Record* record = decoded ? store_.resolve(*decoded) : nullptr;
    if (record == nullptr) {
        return http_error(about(not_found(decoded.value_or("")), {"", decoded.value_or(""), ""}));
    }
    if (revisions) {
        auto known = revisions_json(store_, *record);
        return known ? HttpReply{200, std::move(*known), ""} : http_error(known.error());
    }
    return {200, queries_.describe(*record), ""};
}

HttpReply HttpRoutes::route(std::string_view path, std::string_view query) const {
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
    const bool one = rest.find('/', 1) == rest.npos ||
                     (rest.ends_with("/revisions") && rest.find('/', 1) == rest.rfind('/'));
    if (path.starts_with(kContainers) && rest.starts_with('/') && one) {
        return container(rest.substr(1));
    }
    Error error =
        make_error(ErrorType::validation_error,
                   "there is nothing at " + printable(path, 200) +
                       "; known are /healthz, /readyz, /api/apply, /api/containers, /api/containers/ID, and "
                   "/revisions and /rollback below that");
    return {404, error.to_json(), ""};
}

HttpRoutes::Response HttpRoutes::answer(const Request& request) const {
    const std::string_view target(request.target().data(), request.target().size());
    const std::size_t mark = std::min(target.find('?'), target.size());
    const std::string_view path = target.substr(0, mark);
    HttpReply reply = route(path, target.substr(std::min(mark + 1, target.size())));
    const bool read = request.method() == http::verb::get || request.method() == http::verb::head;
    const bool known = reply.status != 404 || path.starts_with("/api/containers");
    if (known && !read) {
        reply = http_error(make_error(ErrorType::validation_error,
                                      "only GET works here; use Socket.IO to change containers"));
        reply.status = 405;
        reply.allow = "GET, HEAD";
    }
    return to_response(request, reply);
}

}  // namespace flow::api
