// An event encoded once for many receivers, and whom it is for. Copies share their bytes; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace flow::socketio {

/// Binary values of a message are nlohmann binary values (`Json::binary`), in both directions.
using Json = nlohmann::ordered_json;

struct Message;

/// Whom a broadcast is for: those in any of `rooms` (everybody when empty), without those in any of
/// `except`. A socket's id counts as a room with only it inside.
struct Audience {
    std::vector<std::string> rooms;
    std::vector<std::string> except;
};

/// An event in its wire form. Copies share the bytes, and so do all sockets it is sent to.
class EncodedEvent {
public:
    /// `args` is the array of arguments; anything else counts as the only argument.
    EncodedEvent(std::string_view name, const Json& args);
    /// The memory that it takes while it is kept, about: with the packets made of it, one for each namespace it
    /// usually has, with an offset and without.
    std::size_t held_bytes() const;

private:
    friend class Socket;
    struct Wire;
    Message message_for(const std::string& nsp, std::optional<std::uint64_t> offset) const;
    /// Asks for an acknowledgement under `id`.
    Message question_for(const std::string& nsp, std::uint64_t id) const;

    std::shared_ptr<Wire> wire_;
};

/// `[name, args...]`, the payload of an event; `args` as for EncodedEvent.
Json event_array(std::string_view name, const Json& args);

/// The usual case: one argument.
EncodedEvent encode_event(std::string_view name, const Json& arg);

}  // namespace flow::socketio
