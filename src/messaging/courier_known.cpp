// What the store knows of messages from before, most of it of another daemon: those that still wait, and request ids
// that come again.
#include <spdlog/spdlog.h>

#include "messaging/courier.hpp"
#include "messaging/letters.hpp"

namespace flow::messaging {

using domain::Error;
using domain::Json;
using domain::MessageRow;
using domain::Record;
using domain::SendCall;

/// What a daemon before this one has taken and not delivered.
void Courier::take_up_queued() {
    const auto rows = services_.messages.queued_messages();
    if (!rows) {
        spdlog::error("the queued messages could not be read error=\"{}\"", rows.error().message);
        return;
    }
    for (const domain::MessageRow& row : *rows) {
        Letter letter;
        letter.row = row;
        letter.durable = letter.queued = true;
        letter.message = services_.parse(row.payload).value_or(domain::Json::object());
        const Record* record = services_.store.find(row.container_id);
        letter.record_payload = record != nullptr && record->active_spec().messaging.record_payload;
        if (record == nullptr || !hub_.knows(row.container_id)) {
            failed(std::move(letter), undelivered(row.message_id, row.container_id, "it is gone"));
            continue;
        }
        const Ticket ticket = ++last_ticket_;
        in_flight_.emplace(row.container_id, row.message_id);
        letters_.emplace(ticket, std::move(letter));
        hub_.send(row.container_id, Outgoing{ticket, row.message_id, row.payload, Deadline{.wall = row.until}, true});
    }
}

/// As far as the store can tell: of one that has left it keeps the size, not what it said.
bool Courier::is_same(const MessageRow& row, const Letter& letter, const SendCall& call) const {
    const bool alike = row.container_id == letter.row.container_id && row.bytes == letter.row.bytes &&
                       (!letter.named || row.message_id == letter.row.message_id);
    if (!alike || row.status != "queued") {
        return alike;
    }
    Json message = call.message;
    message["message_id"] = row.message_id;
    // The plain json type sorts its keys: their order means nothing.
    return nlohmann::json(message) == nlohmann::json(services_.parse(row.payload).value_or(Json()));
}

/// True: its request_id is known, so it is not sent again; `done` was called, or will be with its reply. The API knows
/// those of its own time; what a daemon before has taken only the store does.
bool Courier::answer_repeated(const Letter& letter, const SendCall& call, const SendDone& done) {
    if (call.request_id.empty() || !letter.durable) {
        return false;
    }
    const auto found = services_.sent_as(call.actor, call.request_id);
    if (!found) {
        done(found.error());
        return true;
    }
    const std::optional<MessageRow>& row = *found;
    if (!row || row->status == "expired") {
        return false;       // it never left: it may be tried again
    }
    if (!is_same(*row, letter, call)) {
        done(other_message(call.request_id));
    } else if (!call.expect_reply) {
        done(domain::Sent{row->message_id, row->status, std::nullopt});
    } else if (awaited_.has(row->container_id, row->message_id)) {
        done(already_in_flight(row->message_id, row->name));
    } else {
        Letter first;
        first.row = *row;
        in_flight_.emplace(row->container_id, row->message_id);
        await_reply(first, call.timeout, done);
    }
    return true;
}

}  // namespace flow::messaging
