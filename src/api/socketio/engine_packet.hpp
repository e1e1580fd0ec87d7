// Engine.IO v4 packets as pure text work: one packet of a websocket message, or the packets of a
// polling body, which are separated by 0x1e and carry binary as 'b' and base64. No I/O, no state
// but the reader's place in its body. Views point into the caller's bytes (or the reader's scratch)
// until the next call.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace flow::socketio {

enum class PacketType : char {
    open = '0',
    close = '1',
    ping = '2',
    pong = '3',
    message = '4',
    upgrade = '5',
    noop = '6',
};

struct PacketView {
    PacketType type = PacketType::noop;
    std::string_view data;
    bool binary = false;
};

inline constexpr char kPacketSeparator = '\x1e';

/// A text message of a websocket. Nothing: empty or of an unknown type.
std::optional<PacketView> decode_packet(std::string_view text);

/// Walks a polling body packet by packet, so that a body of many packets needs no list of them.
class PayloadReader {
public:
    explicit PayloadReader(std::string_view body) : rest_(body) {}

    /// Nothing at the end, or at a malformed packet; `failed` tells which.
    std::optional<PacketView> next();
    bool failed() const { return failed_; }

private:
    std::optional<PacketView> decode(std::string_view part);

    std::string_view rest_;
    std::string scratch_;
    bool failed_ = false;
    bool done_ = false;
};

/// Appends the polling form of a binary message: 'b' and base64.
void append_binary_packet(std::string& payload, std::string_view bytes);

void append_base64(std::string& out, std::string_view bytes);
/// Standard alphabet; padding may be missing. Nothing when a character or the length is wrong.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace flow::socketio
