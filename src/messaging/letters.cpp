#include "messaging/letters.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "domain/model/model.hpp"
#include "domain/spec_parse.hpp"

namespace flow::messaging {

using domain::Error;
using domain::ErrorType;
using domain::Json;

namespace {

constexpr std::size_t kMostRecorded = 64u << 10;

Error make(ErrorType type, std::string message) {
    Error error;
    error.type = type;
    error.message = std::move(message);
    return error;
}

void mask(Json& value) {
    if (!value.is_structured()) {
        return;
    }
    for (auto entry = value.begin(); entry != value.end(); ++entry) {
        if (value.is_object() && domain::is_secret_key(entry.key())) {
            *entry = "********";
        } else {
            mask(*entry);
        }
    }
}

}  // namespace

Error no_such_container(const std::string& id) {
    return make(ErrorType::container_not_found, "there is no container \"" + id + "\" any more");
}

Error going_down() {
    return make(ErrorType::system_error, "the daemon is shutting down; send it again when it is back");
}

Error messaging_is_off(const std::string& name) {
    return make(ErrorType::validation_error,
                name + " takes no messages: its spec says messaging.enabled: false");
}

Error already_in_flight(const std::string& message_id, const std::string& name) {
    Error error = make(ErrorType::conflict_error, "a message with the message_id \"" + message_id + "\" is on its way to " +
                                                      name + ", or waits for its reply; choose another, or leave it out");
    error.details["message_id"] = message_id;
    return error;
}

Error other_message(const std::string& request_id) {
    Error error = make(ErrorType::conflict_error, "this request_id was used for another message; take a new one");
    error.details["request_id"] = request_id;
    return error;
}

Error too_many_wait(const std::string& name, std::size_t messages, std::size_t bytes) {
    return make(ErrorType::rate_limited, name + " does not read its messages as fast as they come: " +
                                             std::to_string(messages) + " messages or " + std::to_string(bytes) +
                                             " bytes may wait; send it again later");
}

Error too_many_replies(std::size_t most) {
    return make(ErrorType::rate_limited,
                "replies to " + std::to_string(most) + " messages are awaited already; send it again later");
}

Error unreachable(const domain::Record& record, const domain::Moment& moment) {
    const auto state = domain::model::state_of(record, moment);
    const std::string& name = record.spec().name;
    const bool runs = state == domain::State::running;
    Error error = make(ErrorType::socket_connection_error,
                       runs ? name + " runs, but has not connected to its socket: its program has to open $FLOW_SOCKET "
                                     "(or run under flow-runtime, messaging.inject)"
                            : "nobody is connected to the socket of " + name + ": it is " +
                                  std::string{domain::to_string(state)} + "; start it first, or give it a messaging.queue_ttl");
    error.details["state"] = domain::to_string(state);
    return error;
}

Error undelivered(const std::string& message_id, const std::string& id, const std::string& why) {
    Error error = make(ErrorType::socket_connection_error, "the message was not delivered: " + why);
    error.details["message_id"] = message_id;
    error.details["container_id"] = id;
    return error;
}

Error no_reply(const std::string& message_id, const std::string& id) {
    Error error = make(ErrorType::socket_timeout_error,
                       "no reply came in time; one that comes later is told as message_received");
    error.details["message_id"] = message_id;
    error.details["container_id"] = id;
    return error;
}

std::string new_message_id() { return boost::uuids::to_string(boost::uuids::random_generator_pure()()); }

std::string text_of(const Json& message) { return message.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string recorded_payload(const Json& message) {
    Json masked = message;
    mask(masked);
    std::string text = text_of(masked);
    if (text.size() > kMostRecorded) {
        std::size_t end = kMostRecorded;
        while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
            --end;      // not in the middle of a character
        }
        text.resize(end);
        text += "…";
    }
    return text;
}

}  // namespace flow::messaging
