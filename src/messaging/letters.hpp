// The errors of messaging (contract 3, error_type) and what the store keeps of a message. Pure functions.
#pragma once

#include <string>

#include "domain/change.hpp"
#include "domain/error.hpp"
#include "domain/record.hpp"

namespace flow::messaging {

domain::Error no_such_container(const std::string& id);
domain::Error going_down();
domain::Error messaging_is_off(const std::string& name);
domain::Error already_in_flight(const std::string& message_id, const std::string& name);
/// Its request_id was another message's.
domain::Error other_message(const std::string& request_id);
domain::Error too_many_wait(const std::string& name, std::size_t messages, std::size_t bytes);
domain::Error too_many_replies(std::size_t most);
/// Nobody is connected, and nobody is expected: with the state, and what to do.
domain::Error unreachable(const domain::Record& record, const domain::Moment& moment);
/// It was accepted and has not left.
domain::Error undelivered(const std::string& message_id, const std::string& id, const std::string& why);
domain::Error no_reply(const std::string& message_id, const std::string& id);

/// A new message_id.
std::string new_message_id();
/// As it goes out; what is no UTF-8 is replaced.
std::string text_of(const domain::Json& message);
/// With secrets masked (keys as in the environment, contract 2), at most 64 KiB of it.
std::string recorded_payload(const domain::Json& message);

}  // namespace flow::messaging
