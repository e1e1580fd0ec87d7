// send_message (contract 3 and 6): parsed here, carried by messaging, answered at its end.
#include <utility>

#include "api/handlers.hpp"
#include "api/request_ids.hpp"

namespace flow::api {

namespace {

constexpr domain::Duration kShortestTimeout = std::chrono::milliseconds{1};
constexpr domain::Duration kLongestTimeout = std::chrono::hours{1};

domain::SendCall read_message(Payload& payload) {
    domain::SendCall call;
    payload.require("message", "one JSON object");
    if (const Json* message = payload.value("message")) {
        if (message->is_object()) {
            call.message = *message;
        } else if (!message->is_null()) {
            payload.fail("message", std::string{"must be a JSON object, not a value of type "} + message->type_name());
        }
    }
    call.expect_reply = payload.boolean("expect_reply").value_or(false);
    if (const auto timeout = payload.duration("timeout", {kShortestTimeout, kLongestTimeout})) {
        call.timeout = *timeout;
    }
    return call;
}

}  // namespace

void Handlers::send_message(Incoming& incoming) {
    Payload payload(incoming.payload);
    const Controls controls = read_controls(payload, incoming);
    const std::string reference = read_reference(payload);
    domain::SendCall call = read_message(payload);
    payload.finish();
    incoming.container_id = reference;
    if (!payload.ok()) {
        return refuse(incoming, domain::validation_failed(payload.errors()));
    }
    const domain::Record* record = parts_.store.resolve(reference);
    if (parts_.services.messages == nullptr || record == nullptr) {
        return refuse(incoming, not_found(reference));
    }
    incoming.container_id = call.container_id = record->container_id;
    if (const auto error = too_many(*incoming.session)) {
        return refuse(incoming, *error);
    }
    if (controls.expected_generation.value_or(record->generation) != record->generation) {
        return refuse(incoming, make_error(ErrorType::conflict_error,
                                           "expected generation " + std::to_string(*controls.expected_generation) +
                                               ", but it is at " + std::to_string(record->generation)));
    }
    call.actor = kAnonymous;
    call.request_id = incoming.request_id;
    const std::string digest = controls.client_gave_id ? payload_digest("send_message", incoming.payload) : "";
    incoming.payload = excerpt(incoming.payload);       // all that a refusal's audit needs of it, for as long as it takes
    ++incoming.session->open_requests;      // until sent_message()
    if (!controls.client_gave_id) {
        return carry(std::move(incoming), std::move(call), nullptr);
    }
    Repeats::Answer later = [this, incoming](const Repeats::Result& sent) { sent_message(incoming, sent); };
    const Repeats::Key key{call.actor, call.request_id};
    switch (repeats_.begin(key, digest, std::move(later))) {
        case Repeats::Begun::other_payload:
            --incoming.session->open_requests;
            return refuse(incoming, make_error(ErrorType::conflict_error,
                                               "this request_id was used for another message; take a new one"));
        case Repeats::Begun::again:
            return;
        case Repeats::Begun::first:
            return carry(std::move(incoming), std::move(call), [this, key](const Repeats::Result& sent) {
                repeats_.end(key, sent);
            });
    }
}

void Handlers::carry(Incoming incoming, domain::SendCall call, Repeats::Answer done) {
    if (!done) {
        done = [this, incoming = std::move(incoming)](const Repeats::Result& sent) { sent_message(incoming, sent); };
    }
    parts_.services.messages->send(std::move(call), std::move(done));
}

void Handlers::sent_message(const Incoming& incoming, const Repeats::Result& sent) {
    --incoming.session->open_requests;
    if (!sent) {
        return refuse(incoming, sent.error());
    }
    if (incoming.session->gone()) {
        return;
    }
    const domain::Record* record = parts_.store.find(incoming.container_id);
    Json answer;
    answer["container_id"] = incoming.container_id;
    answer["name"] = record != nullptr ? Json(record->spec().name) : Json(nullptr);
    answer["message_id"] = sent->message_id;
    answer["status"] = sent->status;
    if (sent->reply) {
        answer["reply"] = *sent->reply;
    }
    if (!incoming.request_id.empty()) {
        answer["request_id"] = incoming.request_id;
    }
    answer_once(incoming, answer);
}

}  // namespace flow::api
