#include "api/http_writes.hpp"

#include <optional>
#include <string>
#include <utility>

#include "api/request_ids.hpp"
#include "api/rollback.hpp"

namespace flow::api {
namespace {

namespace http = boost::beast::http;
using domain::Operation;

constexpr std::string_view kApply = "/api/apply";
constexpr std::string_view kContainers = "/api/containers/";
constexpr std::string_view kRollback = "/rollback";

/// The ID of /api/containers/ID/rollback.
std::optional<std::string_view> rollback_reference(std::string_view path) {
    if (!path.starts_with(kContainers) || !path.ends_with(kRollback) ||
        path.size() <= kContainers.size() + kRollback.size()) {
        return std::nullopt;
    }
    path.remove_prefix(kContainers.size());
    path.remove_suffix(kRollback.size());
    return path.find('/') == path.npos ? std::optional(path) : std::nullopt;
}

/// `?dry_run` and `?dry_run=1` as well as `?dry_run=true`; another text stays one and is refused.
Json flag(const std::string& text) {
    if (text.empty() || text == "1" || text == "true") {
        return true;
    }
    return text == "0" || text == "false" ? Json(false) : Json(text);
}

/// The payload of `apply`: the object of the Socket.IO request, one document or a list of them as JSON, or YAML text.
Json apply_payload(const std::string& body, std::string_view query) {
    const Json json = Json::parse(body, nullptr, false);
    Json payload = Json::object();
    if (json.is_object() && json.contains("manifests")) {
        payload = json;
    } else if (json.is_structured()) {
        payload["manifests"] = json;
    } else {
        payload["manifests"] = body;
    }
    each_query_field(query, [&](const std::string& name, const std::string& value) {
        const bool is_flag = name == "dry_run" || name == "prune" || name == "wait";
        payload[name] = is_flag ? flag(value) : Json(value);
    });
    return payload;
}

Error invalid(const Payload& payload) { return domain::validation_failed(payload.errors()); }

}  // namespace

bool HttpWrites::answer(const Request& request, const Done& done) {
    const std::string_view target(request.target().data(), request.target().size());
    const std::size_t mark = std::min(target.find('?'), target.size());
    const std::string_view path = target.substr(0, mark);
    const std::string_view query = target.substr(std::min(mark + 1, target.size()));
    const auto reference = rollback_reference(path);
    if (path != kApply && !reference) {
        return false;
    }
    if (request.method() != http::verb::post) {
        HttpReply reply = http_error(make_error(ErrorType::validation_error, "only POST works here"));
        reply.status = 405;
        reply.allow = "POST";
        done(std::move(reply));
    } else if (closed_) {
        HttpReply reply = http_error(make_error(ErrorType::system_error,
                                                "the daemon is shutting down; send it again later"));
        reply.status = 503;
        done(std::move(reply));
    } else if (reference) {
        rollback(request, *reference, done);
    } else {
        apply(request, query, done);
    }
    return true;
}

void HttpWrites::apply(const Request& request, std::string_view query, const Done& done) {
    const Json fields = apply_payload(request.body(), query);
    Payload payload(fields);
    const Controls controls = read_controls(payload, parts_.config);
    ApplyCall call = parts_.apply.read(payload, controls);
    const About subject{"apply", "", call.request_id};
    if (!payload.ok()) {
        return done(http_error(about(invalid(payload), subject)));
    }
    if (const auto error = parts_.apply.check(call)) {
        return done(http_error(about(*error, subject)));
    }
    call.payload_digest = payload_digest("apply", fields);
    parts_.apply.run(std::move(call), [done, subject](const domain::Result<Json>& result) {
        if (!result) {
            return done(http_error(about(result.error(), subject)));
        }
        Json body = *result;
        body["request_id"] = subject.request_id;
        done({200, std::move(body), ""});
    });
}

void HttpWrites::rollback(const Request& request, std::string_view reference, const Done& done) {
    Json fields = request.body().empty() ? Json::object()
                                         : Json::parse(request.body(), nullptr, false);
    const std::string wanted = decode_percent(reference, false).value_or("");
    const domain::Record* record = parts_.store.resolve(wanted);
    const About subject{"rollback_container", record ? record->container_id : wanted, ""};
    if (!fields.is_object()) {
        return done(http_error(about(
            make_error(ErrorType::validation_error, "the body must be one JSON object"), subject)));
    }
    Payload payload(fields);
    const Controls controls = read_controls(payload, parts_.config);
    const auto generation = payload.integer("to_generation", {1, INT64_MAX});
    const bool dry_run = payload.boolean("dry_run").value_or(false);
    payload.finish();
    if (controls.wait) {
        payload.fail("wait", "is not supported here yet; look at active_generation in the status");
    }
    if (!payload.ok()) {
        return done(http_error(about(invalid(payload), subject)));
    }
    if (record == nullptr) {
        return done(http_error(about(not_found(wanted), subject)));
    }
    domain::Request wish = base_request(controls, Operation::rollback);
    wish.container_id = record->container_id;
    wish.payload_digest = payload_digest("rollback_container", fields);
    auto spec = old_spec(parts_.store, *record,
                         generation ? std::optional(static_cast<domain::Generation>(*generation))
                                    : std::nullopt);
    if (!spec) {
        return done(http_error(about(spec.error(), subject)));
    }
    if (const auto allowed = parts_.services.check_policy(*spec, dry_run); !allowed) {
        return done(http_error(about(allowed.error(), subject)));
    }
    wish.spec = std::move(*spec);
    if (dry_run) {
        auto shown = parts_.apply.try_out(std::move(wish));
        return done(shown ? HttpReply{200, std::move(*shown), ""}
                          : http_error(about(shown.error(), subject)));
    }
    parts_.store.accept(std::move(wish), [done, subject](domain::Result<domain::Accepted> taken) {
        done(taken ? HttpReply{200, taken->to_json(), ""}
                   : http_error(about(taken.error(), subject)));
    });
}

}  // namespace flow::api
