#include "api/handlers.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

namespace flow::api {

const std::vector<Handlers::Row>& Handlers::table() {
    static const std::vector<Row> rows = {
        {"create_container", &Handlers::create},
        {"start_container", &Handlers::start},
        {"stop_container", &Handlers::stop},
        {"restart_container", &Handlers::restart},
        {"update_container", &Handlers::update},
        {"delete_container", &Handlers::remove},
        {"rollback_container", &Handlers::rollback},
        {"apply", &Handlers::apply},
        {"send_message", &Handlers::send_message},
        {"get_container_status", &Handlers::status},
        {"list_containers", &Handlers::list, false},
        {"subscribe", &Handlers::subscribe, false},
        {"unsubscribe", &Handlers::unsubscribe, false},
    };
    return rows;
}

const Handlers::Row* Handlers::find_row(std::string_view event) {
    for (const Row& row : table()) {
        if (row.event == event) {
            return &row;
        }
    }
    return nullptr;
}

std::vector<std::string> Handlers::known_events() {
    std::vector<std::string> names;
    for (const Row& row : table()) {
        names.emplace_back(row.event);
    }
    return names;
}

namespace {

/// Requests of the contract that this version does not take.
constexpr std::array<std::string_view, 4> kLater = {
    "query_events", "get_container_logs",
    "follow_container_logs", "unfollow_container_logs",
};

Error unknown_event(std::string_view event) {
    if (std::find(kLater.begin(), kLater.end(), event) != kLater.end()) {
        return make_error(ErrorType::validation_error, std::string(event) + " is not supported yet");
    }
    const std::vector<std::string> known = Handlers::known_events();
    const std::string meant = nearest(event, known);
    std::string message = "there is no request \"" + printable(event, 64) + "\"";
    message += meant.empty() ? "; known are" : "; did you mean " + meant + "? Known are";
    for (std::size_t at = 0; at < known.size(); ++at) {
        message += (at == 0 ? " " : ", ") + known[at];
    }
    Error error = make_error(ErrorType::validation_error, std::move(message));
    error.details["known_events"] = known;
    if (!meant.empty()) {
        error.details["did_you_mean"] = meant;
    }
    return error;
}

std::string kind_of(const Json& value) {
    return value.is_null() ? "nothing" : std::string("a value of type ") + value.type_name();
}

}  // namespace

void Handlers::handle(std::shared_ptr<Session> session, const std::string& event, const Json& args,
                      Ack ack) {
    Incoming incoming{
        std::move(session), printable(event, 64), Json::object(), std::move(ack), {}, {}};
    const Json first = args.empty() ? Json(nullptr) : args.front();
    if (first.is_object()) {
        incoming.payload = first;
    }
    const Row* row = find_row(event);
    if (row == nullptr) {
        return refuse(incoming, unknown_event(event));
    }
    if (closed_) {
        return refuse(incoming,
                      make_error(ErrorType::system_error,
                                 "the daemon is shutting down and takes no more requests; "
                                 "send it again when it is back"));
    }
    const bool fits = first.is_object() || (first.is_null() && !row->payload_needed);
    if (!fits || args.size() > 1) {
        const std::string got =
            args.size() > 1 ? std::to_string(args.size()) + " arguments" : kind_of(first);
        return refuse(incoming, make_error(ErrorType::validation_error,
                                           incoming.operation + " takes one object, not " + got));
    }
    run(*row, incoming);
}

void Handlers::run(const Row& row, Incoming& incoming) {
    try {
        (this->*row.run)(incoming);
    } catch (const std::exception& bug) {
        spdlog::error("a request failed by a bug operation={} error=\"{}\"", incoming.operation,
                      bug.what());
        refuse(incoming,
               make_error(ErrorType::system_error,
                          incoming.operation + " failed inside the daemon; its log says why"));
    }
}

void Handlers::tell(const Incoming& incoming, const Error& error) {
    spdlog::info(
        "request refused operation={} container_id={} client={} error_type={} error=\"{}\"",
        incoming.operation, incoming.container_id, incoming.session->peer().remote(),
        domain::to_string(error.type), error.message);
    if (incoming.session->gone()) {
        return;
    }
    if (incoming.ack) {
        incoming.ack(failed_ack(error));
    }
    incoming.session->emit("error", error.to_json());
}

void Handlers::refuse(const Incoming& incoming, Error error) {
    error =
        about(std::move(error), {incoming.operation, incoming.container_id, incoming.request_id});
    audit(incoming, error);
    tell(incoming, error);
}

void Handlers::audit(const Incoming& incoming, const Error& error) {
    domain::EventDraft draft;
    draft.kind = domain::LogKind::refusal;
    draft.type = incoming.operation;
    draft.container_id = incoming.container_id;
    draft.request_id = incoming.request_id;
    draft.actor = kAnonymous;
    if (const domain::Record* record = parts_.store.find(incoming.container_id)) {
        draft.name = record->spec().name;
        draft.generation = record->generation;
    }
    draft.summary =
        std::string(domain::to_string(error.type)) + ": " + printable(error.message, 500);
    draft.payload["error_type"] = domain::to_string(error.type);
    draft.payload["message"] = printable(error.message, 500);
    draft.payload["request"] = excerpt(incoming.payload);
    draft.payload["client"] = incoming.session->peer().remote();
    std::vector<domain::EventDraft> drafts;
    drafts.push_back(std::move(draft));
    parts_.store.log(std::move(drafts), [operation =
                                             incoming.operation](domain::Result<void> done) {
        if (!done) {
            spdlog::error("a refusal could not be written to the audit operation={} error=\"{}\"",
                          operation, done.error().message);
        }
    });
}

Controls Handlers::read_controls(Payload& payload, Incoming& incoming) const {
    Controls controls = api::read_controls(payload, parts_.config);
    incoming.request_id = controls.request_id;
    return controls;
}

std::string Handlers::read_reference(Payload& payload) const {
    payload.require("container_id", "the id, the name or a docker_id of the container");
    return payload.text("container_id").value_or("");
}

}  // namespace flow::api
