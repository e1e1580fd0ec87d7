#include "api/controls.hpp"

#include "api/request_ids.hpp"

namespace flow::api {

Controls read_controls(Payload& payload, const Config& config) {
    Controls controls;
    if (const auto id = payload.text("request_id", {16, 128})) {
        controls.request_id = *id;
        controls.client_gave_id = true;
    }
    const bool wait = payload.boolean("wait").value_or(false);
    const auto timeout =
        payload.duration("wait_timeout", {domain::Duration{0}, config.longest_wait});
    if (wait) {
        controls.wait = timeout.value_or(config.wait_timeout);
    }
    if (const auto generation = payload.integer("expected_generation")) {
        controls.expected_generation = static_cast<domain::Generation>(*generation);
    }
    return controls;
}

domain::Request base_request(const Controls& controls, domain::Operation operation) {
    domain::Request request;
    request.operation = operation;
    request.actor = kAnonymous;
    request.client_gave_id = controls.client_gave_id;
    request.request_id = controls.client_gave_id ? controls.request_id : make_request_id();
    request.expected_generation = controls.expected_generation;
    return request;
}

}  // namespace flow::api
