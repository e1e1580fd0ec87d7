// A message's way to its container. What comes from there, and what is told, is in courier_events.cpp; what the store
// knows of messages from before, in courier_known.cpp.
#include "messaging/courier.hpp"

#include <sys/stat.h>

#include <algorithm>

#include <spdlog/spdlog.h>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "messaging/letters.hpp"
#include "messaging/row_facts.hpp"

namespace flow::messaging {

using domain::Duration;
using domain::Error;
using domain::ErrorType;
using domain::Record;
using domain::Result;
using domain::State;
using domain::Time;

namespace {

HubConfig hub_config(const CourierServices& services, const CourierConfig& config) {
    HubConfig hub;
    hub.waiting = config.waiting;
    hub.parse = services.parse;
    hub.now = [moment = services.moment, steady = services.steady] { return Instant{moment().now, steady()}; };
    return hub;
}

bool is_folder(const std::string& path) {
    struct stat folder{};
    return !path.empty() && ::stat(path.c_str(), &folder) == 0 && S_ISDIR(folder.st_mode);
}

}  // namespace

Courier::Courier(CourierServices services, CourierConfig config)
    : services_(std::move(services)),
      config_(config),
      hub_(services_.executor, hub_config(services_, config_), *this),
      intake_(services_.executor, services_.messages, config_.intake, *this),
      reply_timer_(services_.executor) {}

void Courier::start() {
    started_ = services_.steady();
    std::vector<std::string> ids;
    services_.store.for_each([&](const Record& record) { ids.push_back(record.container_id); });
    for (const std::string& id : ids) {
        look(id);
    }
    take_up_queued();
}

void Courier::stop() {
    stopped_ = true;
    reply_timer_.cancel();
    hub_.close_all();
    intake_.stop();
}

void Courier::look(const std::string& container_id) {
    if (stopped_) {
        return;
    }
    const Record* record = services_.store.find(container_id);
    const bool wanted = record != nullptr && !is_going(*record) && settings_of(*record).enabled;
    if (!wanted) {
        return gone(container_id, record == nullptr || record->deleted ? "it was deleted"
                                                                      : "messaging.enabled is false now");
    }
    if (!hub_.knows(container_id) && !is_folder(record->socket_folder)) {
        return;     // the loop makes it before the engine container
    }
    hub_.hold(container_id, is_being_ended(*record));
    const domain::Messaging& settings = settings_of(*record);
    if (hub_.knows(container_id) && hub_.settings(container_id) == settings) {
        return;     // most changes are none here
    }
    const std::string path = record->socket_folder + "/" + container_id + ".sock";
    if (const auto opened = hub_.open(container_id, path, settings); !opened) {
        report(container_id, "communication_error", opened.error());
    }
    hub_.hold(container_id, is_being_ended(*record));       // one that is new knew nothing of it before
    hub_.pause(container_id, intake_.is_full(container_id));
}

/// What waited for a place that is closed.
void Courier::gone(const std::string& container_id, const std::string& why) {
    if (!hub_.knows(container_id)) {
        return;
    }
    tell_unread(container_id, why);
    std::vector<Outgoing> left = hub_.close(container_id);
    for (Outgoing& message : left) {
        if (auto letter = take(message.ticket)) {
            failed(std::move(*letter), undelivered(message.message_id, container_id, why));
        }
    }
    for (Awaited::Reply& reply : awaited_.take_all(container_id)) {
        in_flight_.erase({container_id, reply.message_id});
        reply.done(undelivered(reply.message_id, container_id, why + " before it answered"));
    }
    std::erase_if(reported_, [&](const auto& entry) { return entry.first.first == container_id; });
}

Result<Courier::Letter> Courier::write_letter(const Record& record, domain::SendCall& call) const {
    const domain::Messaging& settings = settings_of(record);
    Letter letter;
    const auto given = call.message.find("message_id");
    letter.named = given != call.message.end();
    if (!letter.named) {
        call.message["message_id"] = new_message_id();
    } else if (!given->is_string() || given->get_ref<const std::string&>().empty() ||
               given->get_ref<const std::string&>().size() > config_.longest_id) {
        return domain::validation_failed(
            {{"message.message_id", "must be a text of 1 to " + std::to_string(config_.longest_id) + " bytes"}});
    }
    letter.row.message_id = call.message["message_id"].get<std::string>();
    letter.text = text_of(call.message);
    if (letter.text.size() > static_cast<std::size_t>(settings.max_message)) {
        return domain::validation_failed({{"message", "has " + std::to_string(letter.text.size()) +
                                                          " bytes as JSON; messaging.max_message allows " +
                                                          std::to_string(settings.max_message)}});
    }
    letter.row.container_id = record.container_id;
    letter.row.name = record.spec().name;
    letter.row.direction = "out";
    letter.row.status = "queued";
    letter.row.actor = call.actor;
    letter.row.request_id = call.request_id;
    letter.row.created = letter.row.changed = services_.moment().now;
    letter.row.bytes = static_cast<std::int64_t>(letter.text.size());
    letter.durable = settings.durable;
    letter.queued = settings.queue_ttl > domain::Duration{0};
    letter.record_payload = settings.record_payload;
    return letter;
}

/// Why it is not taken now.
std::optional<Error> Courier::refusal_of(const Record& record, const Letter& letter) const {
    const std::string& id = record.container_id;
    if (in_flight_.contains({id, letter.row.message_id})) {
        return already_in_flight(letter.row.message_id, record.spec().name);
    }
    const auto unkept = unkept_.find(id);
    const std::size_t before = unkept == unkept_.end() ? 0 : unkept->second;
    if (hub_.knows(id) && (!hub_.has_room(id, before + letter.text.size()) || before > config_.waiting.bytes)) {
        return too_many_wait(record.spec().name, config_.waiting.messages, config_.waiting.bytes);
    }
    return std::nullopt;
}

/// How long a message waits for a container that is not connected now; nothing: nobody is expected.
std::optional<Duration> Courier::patience_for(const Record& record) const {
    domain::Moment moment = services_.moment();
    moment.contact = true;      // a socket needs no engine: what was known last counts
    moment.unknown = false;
    const State state = domain::model::state_of(record, moment);
    const auto backoff = record.status.backoff.find(domain::BackoffKind::run);
    const bool soon = record.status.waiting_for.empty() && !record.status.queued &&
                      (backoff == record.status.backoff.end() || backoff->second.next <= moment.now + config_.hold);
    const bool anew = soon && (state == State::updating || state == State::restarting || state == State::starting);
    if (anew || (state == State::running && is_being_ended(record))) {
        return config_.hold;
    }
    if (state != State::running) {
        return std::nullopt;
    }
    // It was started a moment ago, or the daemon was: a flow needs some time until it is connected.
    // When it was started the host's clock tells: one that was set since then must not make this longer than it is.
    const Duration most = hub_.has_been_connected(record.container_id) ? config_.hold : config_.settle;
    const Duration for_it = std::min(record.status.started_at + most - moment.now, most);
    const Duration left = std::max(for_it, started_ + config_.settle - services_.steady());
    return left > Duration{0} ? std::optional{left} : std::nullopt;
}

void Courier::send(domain::SendCall call, SendDone done) {
    const std::string id = call.container_id;
    const Record* record = services_.store.find(id);
    if (record == nullptr || record->deleted || stopped_) {
        return done(stopped_ ? going_down() : no_such_container(id));
    }
    if (!settings_of(*record).enabled) {
        return done(messaging_is_off(record->spec().name));
    }
    if (intake_.is_blocked(id)) {
        return send_when_written(std::move(call), std::move(done));
    }
    Result<Letter> letter = write_letter(*record, call);
    if (!letter) {
        return done(letter.error());
    }
    if (call.expect_reply && awaited_.size() >= config_.most_awaited) {
        return done(too_many_replies(config_.most_awaited));
    }
    if (answer_repeated(*letter, call, done)) {
        return;
    }
    if (auto refusal = refusal_of(*record, *letter)) {
        return done(std::move(*refusal));
    }
    const Time now = letter->row.created;
    std::optional<Duration> patience = config_.hold;
    if (letter->queued) {
        patience = settings_of(*record).queue_ttl;
    } else if (!hub_.connected(id) || is_being_ended(*record)) {
        patience = patience_for(*record);
    }
    if (!patience || !hub_.knows(id)) {
        Error error = unreachable(*record, services_.moment());
        report(id, "container_unreachable", error);
        return done(std::move(error));
    }
    letter->row.until = now + *patience;
    letter->until = letter->queued ? Deadline{.wall = letter->row.until}
                                   : Deadline{.steady = services_.steady() + *patience};
    letter->message = std::move(call.message);
    letter->done = std::move(done);
    const Ticket ticket = ++last_ticket_;
    in_flight_.emplace(id, letter->row.message_id);
    Letter& kept = letters_.emplace(ticket, std::move(*letter)).first->second;
    if (call.expect_reply) {
        await_reply(kept, call.timeout, std::exchange(kept.done, nullptr));
    }
    if (!kept.queued) {
        return hand_over(ticket);
    }
    domain::MessageRow row = kept.row;
    row.payload = kept.text;
    const std::size_t bytes = kept.text.size();
    unkept_[id] += bytes;
    services_.messages.put_messages({std::move(row)}, {}, [this, ticket, id, bytes](const Result<void>& written) {
        if ((unkept_[id] -= bytes) == 0) {
            unkept_.erase(id);
        }
        const auto found = letters_.find(ticket);
        if (found != letters_.end() && written) {
            hand_over(ticket);
        } else if (auto lost = take(ticket)) {
            failed(std::move(*lost), written.error());
        }
    });
}

void Courier::hand_over(Ticket ticket) {
    Letter& letter = letters_.at(ticket);
    const std::string id = letter.row.container_id;
    Outgoing message{ticket, letter.row.message_id, std::move(letter.text), letter.until, letter.queued};
    if (!hub_.send(id, std::move(message))) {
        if (auto left = take(ticket)) {
            const Error error = undelivered(left->row.message_id, id, "it is gone");
            failed(std::move(*left), error);
        }
        return;
    }
    if (letters_.contains(ticket)) {
        answer_queued(ticket);
    }
}

/// It could not leave at once: the client need not wait for that.
void Courier::answer_queued(Ticket ticket) {
    Letter& letter = letters_.at(ticket);
    const SendDone done = std::exchange(letter.done, nullptr);
    domain::Sent answer{letter.row.message_id, "queued", std::nullopt};
    domain::MessageRow row = letter.row;
    if (letter.durable) {       // it is the row that a next daemon sends
        row.payload = text_of(letter.message);
    }
    tell(row, "message_sent", payload_of(letter, "queued"), letter.durable,
         [done, answer](const Result<void>& told) {
             if (done) {
                 done(told ? Result<domain::Sent>{answer} : Result<domain::Sent>{told.error()});
             }
         });
}

std::optional<Courier::Letter> Courier::take(Ticket ticket) {
    const auto found = letters_.find(ticket);
    if (found == letters_.end()) {
        return std::nullopt;
    }
    Letter letter = std::move(found->second);
    letters_.erase(found);
    if (!awaited_.has(letter.row.container_id, letter.row.message_id)) {
        in_flight_.erase({letter.row.container_id, letter.row.message_id});
    }
    return letter;
}

void Courier::on_sent(const std::string& id, Outgoing message) {
    if (auto letter = take(message.ticket)) {
        spdlog::debug("message sent container_id={} message_id={} bytes={} actor={}", id,
                      letter->row.message_id, message.text.size(), letter->row.actor);
        letter->text = std::move(message.text);
        sent(std::move(*letter));
    }
}

void Courier::sent(Letter letter) {
    letter.row.status = "sent";
    letter.row.changed = services_.moment().now;
    letter.row.payload = letter.record_payload ? recorded_payload(letter.message) : "";
    domain::Sent answer{letter.row.message_id, "sent", std::nullopt};
    tell(letter.row, "message_sent", payload_of(letter, "sent"), letter.durable,
         [done = std::move(letter.done), answer](const Result<void>& told) {
             if (done) {
                 done(told ? Result<domain::Sent>{answer} : Result<domain::Sent>{told.error()});
             }
         });
}

void Courier::on_expired(const std::string& id, Outgoing message) {
    if (auto letter = take(message.ticket)) {
        const std::string why = letter->queued ? "its queue_ttl is over" : "the container did not take it in time";
        failed(std::move(*letter), undelivered(message.message_id, id, why));
    }
}

/// It never left. Whoever waits for its reply hears it now.
void Courier::failed(Letter letter, Error error) {
    const std::string id = letter.row.container_id;
    spdlog::debug("message not sent container_id={} message_id={} error=\"{}\"", id, letter.row.message_id,
                  error.message);
    letter.row.status = "expired";
    letter.row.changed = services_.moment().now;
    letter.row.payload = letter.record_payload ? recorded_payload(letter.message) : "";
    tell(letter.row, "message_sent", payload_of(letter, "expired"), letter.durable, nullptr);
    if (auto reply = awaited_.take(id, letter.row.message_id)) {
        in_flight_.erase({id, letter.row.message_id});
        reply->done(error);
    }
    if (letter.done) {
        letter.done(std::move(error));
    }
}

void Courier::await_reply(const Letter& letter, Duration timeout, SendDone done) {
    awaited_.add({letter.row.container_id, letter.row.message_id, services_.steady() + timeout, std::move(done)});
    wait_for_replies();
}

void Courier::wait_for_replies() {
    constexpr auto kLook = std::chrono::milliseconds{100};
    if (awaited_.empty() || std::exchange(reply_timer_waits_, true)) {
        return;
    }
    reply_timer_.expires_after(kLook);
    reply_timer_.async_wait([this](const boost::system::error_code& cancelled) {
        if (cancelled) {
            return;
        }
        reply_timer_waits_ = false;
        for (Awaited::Reply& late : awaited_.expired(services_.steady())) {
            if (!hub_.has(late.container_id, late.message_id)) {
                in_flight_.erase({late.container_id, late.message_id});
            }
            late.done(no_reply(late.message_id, late.container_id));
        }
        wait_for_replies();
    });
}

}  // namespace flow::messaging
