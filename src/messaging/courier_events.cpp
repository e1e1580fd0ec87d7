// What comes from containers, and what clients and the log are told of messages.
#include <spdlog/spdlog.h>

#include "domain/model/model.hpp"
#include "messaging/courier.hpp"
#include "messaging/letters.hpp"

namespace flow::messaging {

using domain::Error;
using domain::ErrorType;
using domain::Json;
using domain::Record;
using domain::Result;

namespace {

/// One stored complaint a second about each container and kind: a flow that sends nonsense must not fill the log.
constexpr auto kReportEvery = std::chrono::seconds{1};
constexpr std::size_t kLongestId = 128;

std::string field_of(const Json& message, const char* field) {
    const auto found = message.find(field);
    const bool fits = found != message.end() && found->is_string() &&
                      found->get_ref<const std::string&>().size() <= kLongestId;
    return fits ? found->get<std::string>() : std::string{};
}

}  // namespace

Json Courier::payload_of(const Letter& letter, std::string_view status) const {
    Json payload;
    payload["message_id"] = letter.row.message_id;
    payload["message"] = letter.message;
    payload["status"] = status;
    return payload;
}

Json Courier::event_of(const domain::MessageRow& row, const Json& payload) const {
    const Record* record = services_.store.find(row.container_id);
    Json whole = record != nullptr ? domain::model::event_base(*record) : Json::object();
    whole["container_id"] = row.container_id;
    whole["name"] = row.name;
    if (record == nullptr) {
        whole["docker_id"] = nullptr;
    }
    whole.erase("request_id");      // of the row's latest wish; this one has its own
    if (!row.request_id.empty()) {
        whole["request_id"] = row.request_id;
    }
    whole.update(payload);
    return whole;
}

domain::EventDraft Courier::draft_of(const domain::MessageRow& row, std::string_view event, Json whole) const {
    const Record* record = services_.store.find(row.container_id);
    domain::EventDraft draft;
    draft.type = event;
    draft.container_id = row.container_id;
    draft.name = row.name;
    draft.request_id = row.request_id;
    draft.actor = row.actor;
    draft.generation = record != nullptr ? record->generation : 0;
    draft.summary = (row.direction == "out" ? "message to " : "message from ") + row.name + ": " + row.status;
    draft.payload = std::move(whole);
    return draft;
}

/// The row and its event in one transaction where it is durable; else the event alone, to those who are there.
void Courier::tell(const domain::MessageRow& row, std::string_view event, Json payload, bool durable,
                   std::function<void(Result<void>)> done) {
    Json whole = event_of(row, payload);
    if (!durable) {
        whole["timestamp"] = domain::to_rfc3339(services_.moment().now);
        services_.broadcast(std::string{event}, std::move(whole));
        return done ? done(Result<void>{}) : void();
    }
    if (row.direction == "in") {
        Intake::Item item{row, draft_of(row, event, std::move(whole)), std::move(done)};
        return intake_.add(row.container_id, std::move(item));
    }
    std::vector<domain::EventDraft> drafts;
    drafts.push_back(draft_of(row, event, std::move(whole)));
    services_.messages.put_messages({row}, std::move(drafts),
                                    [this, id = row.container_id, done = std::move(done)](Result<void> written) {
                                        if (!written) {
                                            log_unwritten(id, written.error());
                                        }
                                        if (done) {
                                            done(std::move(written));
                                        }
                                    });
}

void Courier::on_message(const std::string& id, Json message) {
    const Record* record = services_.store.find(id);
    if (record == nullptr) {
        return;
    }
    const domain::Messaging& settings = hub_.settings(id);
    domain::MessageRow row;
    row.container_id = id;
    row.name = record->spec().name;
    row.direction = "in";
    row.status = "received";
    row.actor = row.name;
    row.message_id = field_of(message, "message_id");
    row.reply_to = field_of(message, "reply_to");
    row.created = row.changed = services_.moment().now;
    auto reply = row.reply_to.empty() ? std::nullopt : awaited_.take(id, row.reply_to);
    spdlog::debug("message received container_id={} message_id={} reply_to={}", id, row.message_id, row.reply_to);
    Json payload;
    payload["message_id"] = row.message_id.empty() ? Json(nullptr) : Json(row.message_id);
    if (!row.reply_to.empty()) {
        payload["reply_to"] = row.reply_to;
    }
    payload["message"] = message;
    payload["status"] = "delivered";
    if (settings.durable) {
        row.bytes = static_cast<std::int64_t>(text_of(message).size());
        row.payload = settings.record_payload ? recorded_payload(message) : "";
        row.message_id = row.message_id.empty() ? new_message_id() : row.message_id;
    }
    const bool durable = settings.durable;
    std::function<void(Result<void>)> answer;
    if (reply) {
        in_flight_.erase({id, reply->message_id});
        domain::Sent sent{reply->message_id, "delivered", std::move(message)};
        answer = [done = std::move(reply->done), sent = std::move(sent)](const Result<void>& told) {
            done(told ? Result<domain::Sent>{sent} : Result<domain::Sent>{told.error()});
        };
    }
    tell(row, "message_received", std::move(payload), durable, std::move(answer));
}

/// Its reply would not be read, or not be kept: who waits for one need not wait in vain.
void Courier::on_unwritten(const std::string& id, const Error& error) {
    log_unwritten(id, error);
    for (Awaited::Reply& reply : awaited_.take_all(id)) {
        if (!hub_.has(id, reply.message_id)) {
            in_flight_.erase({id, reply.message_id});
        }
        reply.done(error);
    }
}

/// Nothing is read from there until the disk takes what was read: no message of a client goes there meanwhile.
void Courier::send_when_written(domain::SendCall call, SendDone done) {
    const std::string id = call.container_id;
    intake_.try_now(id, [this, call = std::move(call), done = std::move(done)](const Result<void>& written) {
        if (written) {
            send(call, done);
        } else {
            done(written.error());
        }
    });
}

/// Its socket is closed while it had to wait for the disk: what it said meanwhile nobody reads any more.
void Courier::tell_unread(const std::string& id, const std::string& why) {
    if (!intake_.is_blocked(id) || !hub_.has_unread(id)) {
        return;
    }
    domain::MessageRow row;
    row.container_id = id;
    row.name = intake_.name_of(id);
    row.direction = "in";
    row.status = "lost";
    row.actor = "flow-manager";
    Json payload;
    payload["error_type"] = domain::to_string(ErrorType::system_error);
    payload["message"] = "its last messages are lost: " + why + " while they waited for the disk, which took nothing";
    payload["details"] = Json::object();
    Intake::Item item{std::nullopt, draft_of(row, "communication_error", event_of(row, payload)), nullptr};
    intake_.add(id, std::move(item));
}

void Courier::on_malformed(const std::string& id, const Frame& wrong) {
    Error error;
    error.type = ErrorType::validation_error;
    error.message = "what the container sent " + wrong.problem + ": " + wrong.text;
    error.details["excerpt"] = wrong.text;
    report(id, "message_format_error", std::move(error));
}

void Courier::on_socket_trouble(const std::string& id, const std::string& what) {
    Error error;
    error.type = ErrorType::socket_error;
    error.message = what;
    report(id, "communication_error", std::move(error));
}

bool Courier::is_due(const std::string& id, const char* what) {
    const Steady now = services_.steady();
    const auto [last, first] = reported_.try_emplace({id, what}, now);
    if (!first && now - last->second < kReportEvery) {
        return false;
    }
    last->second = now;
    return true;
}

void Courier::log_unwritten(const std::string& id, const Error& error) {
    if (is_due(id, "unwritten")) {
        spdlog::error("messages could not be written down container_id={} error=\"{}\"", id, error.message);
    }
}

void Courier::report(const std::string& id, const char* event, Error error) {
    const Record* record = services_.store.find(id);
    if (record == nullptr) {
        return;
    }
    if (!is_due(id, event)) {
        return;
    }
    spdlog::info("{} container_id={} error=\"{}\"", event, id, error.message);
    domain::EventDraft draft;
    draft.type = event;
    draft.container_id = id;
    draft.name = record->spec().name;
    draft.actor = "flow-manager";
    draft.generation = record->generation;
    draft.summary = error.message;
    draft.payload = domain::model::event_base(*record);
    draft.payload.erase("request_id");
    draft.payload["error_type"] = domain::to_string(error.type);
    draft.payload["message"] = error.message;
    draft.payload["details"] = error.details;
    std::vector<domain::EventDraft> drafts;
    drafts.push_back(std::move(draft));
    services_.store.log(std::move(drafts), [](const Result<void>&) {});
}

}  // namespace flow::messaging
