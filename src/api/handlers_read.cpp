// The requests that are answered from memory, and the subscriptions.
#include <utility>

#include "api/handlers.hpp"

namespace flow::api {

using domain::Record;

/// By acknowledgement when asked for, by the query's own event, and by an event named like the
/// request.
void Handlers::answer(const Incoming& incoming, std::string_view event, Json payload) {
    if (!incoming.request_id.empty()) {
        payload["request_id"] = incoming.request_id;
    }
    if (incoming.ack) {
        Json ack;
        ack["ok"] = true;
        ack.update(payload);
        incoming.ack(ack);
    }
    incoming.session->emit(event, payload);
    incoming.session->emit(incoming.operation, payload);
}

void Handlers::status(Incoming& incoming) {
    Payload payload(incoming.payload);
    const Controls controls = read_controls(payload, incoming);
    const std::string reference = read_reference(payload);
    payload.finish();
    incoming.container_id = reference;
    if (!payload.ok()) {
        return refuse(incoming, domain::validation_failed(payload.errors()));
    }
    const Record* record = parts_.store.resolve(reference);
    if (record == nullptr) {
        return refuse(incoming, not_found(reference));
    }
    incoming.container_id = record->container_id;
    if (controls.expected_generation.value_or(record->generation) != record->generation) {
        Error error =
            make_error(ErrorType::conflict_error,
                       "expected generation " + std::to_string(*controls.expected_generation) +
                           ", but it is at " + std::to_string(record->generation));
        return refuse(incoming, std::move(error));
    }
    answer(incoming, "container_status", parts_.queries.status(*record));
}

void Handlers::list(Incoming& incoming) {
    Payload payload(incoming.payload);
    read_controls(payload, incoming);
    const ListQuery query = parts_.queries.parse_list(payload);
    payload.finish();
    if (!payload.ok()) {
        return refuse(incoming, domain::validation_failed(payload.errors()));
    }
    answer(incoming, "container_list", parts_.queries.list(query));
}

/// Nothing when a container is not known; the client has been told then.
std::optional<Filter> Handlers::read_filter(Payload& payload, Incoming& incoming) {
    Filter filter;
    const std::vector<std::string> references = payload.texts("container_ids");
    filter.types = payload.texts("types", 100);
    filter.labels = payload.labels("labels");
    filter.task_id = payload.text("task_id").value_or("");
    for (const std::string& reference : references) {
        const Record* record = parts_.store.resolve(reference);
        if (record == nullptr) {
            incoming.container_id = printable(reference, 200);
            refuse(incoming, not_found(reference));
            return std::nullopt;
        }
        filter.container_ids.insert(record->container_id);
    }
    return filter;
}

void Handlers::subscribe(Incoming& incoming) {
    Payload payload(incoming.payload);
    const Controls controls = read_controls(payload, incoming);
    const auto since = payload.integer("since");
    auto filter = read_filter(payload, incoming);
    payload.finish();
    if (!filter) {
        return;
    }
    Session& session = *incoming.session;
    FilterSet filters = session.filters();
    const bool whole = *filter == Filter{};
    if (payload.ok() && !whole && !filters.add(std::move(*filter))) {
        payload.fail("", "one client may have at most " + std::to_string(FilterSet::kMost) +
                             " subscriptions; take some back with unsubscribe");
    }
    if (!payload.ok()) {
        return refuse(incoming, domain::validation_failed(payload.errors()));
    }
    session.set_filters(whole ? FilterSet{} : std::move(filters));
    Json told;
    told["seq"] = since ? *since : session.cursor();
    answer(incoming, "subscribed", std::move(told));
    if (since) {
        parts_.feed.replay(session, *since);
    }
}

void Handlers::unsubscribe(Incoming& incoming) {
    Payload payload(incoming.payload);
    read_controls(payload, incoming);
    const auto filter = read_filter(payload, incoming);
    payload.finish();
    if (!filter) {
        return;
    }
    Session& session = *incoming.session;
    FilterSet filters = session.filters();
    if (*filter == Filter{}) {
        filters.clear();
    } else if (payload.ok() && !filters.remove(*filter)) {
        payload.fail("", "there is no such subscription; it must be given as in subscribe");
    }
    if (!payload.ok()) {
        return refuse(incoming, domain::validation_failed(payload.errors()));
    }
    session.set_filters(std::move(filters));
    Json told;
    told["seq"] = session.cursor();
    answer(incoming, "unsubscribed", std::move(told));
}

}  // namespace flow::api
