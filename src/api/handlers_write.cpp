// The requests that write: parse, validate, check the policy, hand over to the store, acknowledge
// after commit.
#include <utility>

#include <spdlog/spdlog.h>

#include "api/handlers.hpp"
#include "api/request_ids.hpp"
#include "domain/spec_canonical.hpp"
#include "domain/spec_parse.hpp"

namespace flow::api {

using domain::Operation;
using domain::Record;
using domain::Request;

namespace {

/// What the store said, except where it did not know the container that the client named.
Error choose(Error from_store, const std::optional<Error>& not_found) {
    const bool reused_id = from_store.type == ErrorType::conflict_error;
    return not_found && !reused_id ? *not_found : std::move(from_store);
}

}  // namespace

void Handlers::create(Incoming& incoming) {
    Payload payload(incoming.payload);
    const Controls controls = read_controls(payload, incoming);
    if (controls.expected_generation.value_or(0) != 0) {
        payload.fail("expected_generation",
                     "a new container has none to compare with; leave it out");
    }
    Request request = base_request(controls, Operation::create);
    request.expected_generation = std::nullopt;
    const bool dry_run = payload.boolean("dry_run").value_or(false);
    read_spec(payload, payload.rest(), request);
    const std::optional<Error> error = allow(payload, request, dry_run);
    if (dry_run) {
        return error ? refuse(incoming, *error) : try_out(incoming, std::move(request));
    }
    submit_allowed(incoming, controls, std::move(request), error);
}

void Handlers::start(Incoming& incoming) { simple(incoming, Operation::start); }
void Handlers::stop(Incoming& incoming) { simple(incoming, Operation::stop); }
void Handlers::restart(Incoming& incoming) { simple(incoming, Operation::restart); }
void Handlers::remove(Incoming& incoming) { simple(incoming, Operation::remove); }

/// Requests about one container that bring no spec.
void Handlers::simple(Incoming& incoming, Operation operation) {
    Payload payload(incoming.payload);
    const Controls controls = read_controls(payload, incoming);
    const std::string reference = read_reference(payload);
    Request request = base_request(controls, operation);
    if (operation == Operation::stop || operation == Operation::restart) {
        request.timeout = payload.duration("timeout");
    }
    if (operation == Operation::remove) {
        request.remove_volumes = payload.boolean("remove_volumes").value_or(true);
        request.force = payload.boolean("force").value_or(false);
    }
    payload.finish();
    incoming.container_id = reference;
    if (!payload.ok()) {
        return refuse(incoming, domain::validation_failed(payload.errors()));
    }
    const Record* record = parts_.store.resolve(reference);
    request.container_id = incoming.container_id = record ? record->container_id : reference;
    if (record != nullptr) {
        return submit(incoming, controls, std::move(request));
    }
    // A repetition of a request that ended with its container gone still gets its first answer.
    if (controls.client_gave_id) {
        return submit(incoming, controls, std::move(request), not_found(reference));
    }
    refuse(incoming, not_found(reference));
}

void Handlers::update(Incoming& incoming) {
    Payload payload(incoming.payload);
    const Controls controls = read_controls(payload, incoming);
    const std::string reference = read_reference(payload);
    const bool dry_run = payload.boolean("dry_run").value_or(false);
    const Json patch = payload.rest();
    Request request = base_request(controls, Operation::update);
    incoming.container_id = reference;
    const Record* record = reference.empty() ? nullptr : parts_.store.resolve(reference);
    request.container_id = incoming.container_id = record ? record->container_id : reference;
    if (record == nullptr && payload.ok()) {
        request.spec = domain::Spec{};
        return controls.client_gave_id && !dry_run
                   ? submit(incoming, controls, std::move(request), not_found(reference))
                   : refuse(incoming, not_found(reference));
    }
    if (record != nullptr) {
        read_patch(payload, patch, *record, request);
    }
    const std::optional<Error> error = allow(payload, request, dry_run);
    if (dry_run) {
        return error ? refuse(incoming, *error) : try_out(incoming, std::move(request));
    }
    submit_allowed(incoming, controls, std::move(request), error);
}

void Handlers::read_spec(Payload& payload, const Json& fields, Request& request) {
    auto parsed = domain::parse_spec(fields);
    if (!parsed) {
        return payload.fail(parsed.error());
    }
    const bool job = parsed->spec.kind == domain::Kind::job;
    request.desired = parsed->desired_state.value_or(job ? domain::DesiredState::running
                                                         : domain::DesiredState::created);
    request.spec = std::move(parsed->spec);
}

void Handlers::read_patch(Payload& payload, const Json& patch, const Record& record,
                          Request& request) {
    auto parsed = domain::apply_patch(record.spec(), patch);
    if (!parsed) {
        return payload.fail(parsed.error());
    }
    request.spec = std::move(parsed->spec);
}

/// All field errors at once; when there are none, the policy's word.
std::optional<Error> Handlers::allow(Payload& payload, Request& request, bool dry_run) {
    if (!payload.ok()) {
        return domain::validation_failed(payload.errors());
    }
    if (auto allowed = parts_.services.check_policy(*request.spec, dry_run); !allowed) {
        return allowed.error();
    }
    return std::nullopt;
}

/// What is refused now may have been taken when it came first (a folder is gone since): a request
/// that is known under this id gets its first answer again, which needs no spec.
void Handlers::submit_allowed(Incoming& incoming, const Controls& controls, Request request,
                              const std::optional<Error>& error) {
    if (!error) {
        return submit(incoming, controls, std::move(request));
    }
    if (!controls.client_gave_id || !parts_.store.remembers(kAnonymous, controls.request_id)) {
        return refuse(incoming, *error);
    }
    request.spec = domain::Spec{};
    submit(incoming, controls, std::move(request));
}

std::optional<Error> Handlers::too_many(const Session& session) const {
    if (session.open_requests + session.waiting() < parts_.config.open_requests) {
        return std::nullopt;
    }
    return make_error(ErrorType::rate_limited,
                      "this client has " + std::to_string(session.open_requests) +
                          " requests that have not ended; wait for some of them");
}

void Handlers::submit(Incoming& incoming, const Controls& controls, Request request,
                      std::optional<Error> not_found) {
    if (const auto error = too_many(*incoming.session)) {
        return refuse(incoming, *error);
    }
    request.payload_digest = payload_digest(incoming.operation, incoming.payload);
    incoming.request_id = request.request_id;
    Waiter waiter{incoming.session, incoming.ack, controls.wait,
                  incoming.operation, request.actor, request.request_id};
    const Answers::Token token = parts_.answers.attach(std::move(waiter));
    auto done = [this, token, incoming, not_found](domain::Result<domain::Accepted> result) {
        if (result) {
            spdlog::info("request {} operation={} container_id={} request_id={} generation={} "
                         "seq={} changed={} client={}",
                         result->repeated ? "repeated" : "accepted", incoming.operation,
                         result->container_id, incoming.request_id, result->generation,
                         result->seq, result->changed, incoming.session->peer().remote());
            return parts_.answers.accepted(token, *result);
        }
        parts_.answers.refused(token);
        const About subject{incoming.operation, incoming.container_id, incoming.request_id};
        tell(incoming, about(choose(result.error(), not_found), subject));
    };
    parts_.store.accept(std::move(request), std::move(done));
}

}  // namespace flow::api
