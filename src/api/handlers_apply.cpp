// The requests that bring documents, go back to old specs, or only ask what would happen.
#include <utility>

#include "api/handlers.hpp"
#include "api/request_ids.hpp"
#include "api/rollback.hpp"

namespace flow::api {

using domain::Operation;
using domain::Record;
using domain::Request;

void Handlers::apply(Incoming& incoming) {
    Payload payload(incoming.payload);
    const Controls controls = read_controls(payload, incoming);
    ApplyCall call = parts_.apply.read(payload, controls);
    if (!payload.ok()) {
        return refuse(incoming, domain::validation_failed(payload.errors()));
    }
    if (const auto error = parts_.apply.check(call)) {
        return refuse(incoming, *error);
    }
    if (const auto error = too_many(*incoming.session)) {
        return refuse(incoming, *error);
    }
    ++incoming.session->open_requests;
    call.payload_digest = payload_digest(incoming.operation, incoming.payload);
    incoming.request_id = call.request_id;
    parts_.apply.run(std::move(call), [this, incoming](const domain::Result<Json>& result) {
        applied(incoming, result);
    });
}

/// Told when the client has heard of what the rows did.
void Handlers::applied(const Incoming& incoming, const domain::Result<Json>& result) {
    --incoming.session->open_requests;
    if (incoming.session->gone()) {
        return;
    }
    // The session keeps this until its feed has come so far; it must not keep itself.
    const std::weak_ptr<Session> session = incoming.session;
    Incoming later = incoming;
    later.session.reset();
    incoming.session->when_reached(parts_.store.last_seq(), [this, session, later, result] {
        Incoming asked = later;
        asked.session = session.lock();
        if (!asked.session) {
            return;
        }
        if (!result) {
            return tell(asked, about(result.error(), {asked.operation, "", asked.request_id}));
        }
        Json told = *result;
        told["request_id"] = asked.request_id;
        answer_once(asked, told);
    });
}

void Handlers::rollback(Incoming& incoming) {
    Payload payload(incoming.payload);
    const Controls controls = read_controls(payload, incoming);
    const std::string reference = read_reference(payload);
    const bool dry_run = payload.boolean("dry_run").value_or(false);
    const auto wanted = payload.integer("to_generation", {1, INT64_MAX});
    payload.finish();
    Request request = base_request(controls, Operation::rollback);
    incoming.container_id = reference;
    if (!payload.ok()) {
        return refuse(incoming, domain::validation_failed(payload.errors()));
    }
    const Record* record = parts_.store.resolve(reference);
    request.container_id = incoming.container_id = record ? record->container_id : reference;
    if (record == nullptr) {
        return submit_allowed(incoming, controls, std::move(request), not_found(reference));
    }
    const auto generation = wanted ? std::optional(static_cast<domain::Generation>(*wanted))
                                   : std::nullopt;
    auto spec = old_spec(parts_.store, *record, generation);
    if (!spec) {
        return submit_allowed(incoming, controls, std::move(request), spec.error());
    }
    request.spec = std::move(*spec);
    const std::optional<Error> error = allow(payload, request, dry_run);
    if (dry_run) {
        return error ? refuse(incoming, *error) : try_out(incoming, std::move(request));
    }
    submit_allowed(incoming, controls, std::move(request), error);
}

/// `dry_run: true`: what the request would change, and what the loop would do then.
void Handlers::try_out(Incoming& incoming, Request request) {
    auto shown = parts_.apply.try_out(std::move(request));
    if (!shown) {
        return refuse(incoming, shown.error());
    }
    Json told;
    told["dry_run"] = true;
    told.update(*shown);
    if (!incoming.request_id.empty()) {
        told["request_id"] = incoming.request_id;
    }
    answer_once(incoming, told);
}

/// By acknowledgement when asked for, and by the event named like the request.
void Handlers::answer_once(const Incoming& incoming, const Json& told) {
    if (incoming.ack) {
        Json ack;
        ack["ok"] = true;
        ack.update(told);
        incoming.ack(ack);
    }
    incoming.session->emit(incoming.operation, told);
}

}  // namespace flow::api
