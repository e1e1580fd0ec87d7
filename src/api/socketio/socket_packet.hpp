// Socket.IO v5 packets: encoding, and a decoder that puts a header and its binary attachments
// together. Pure: no I/O and no clock. The decoder belongs to the session, not to a transport,
// because a header may come by POST and its attachment by the websocket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/socketio/json_text.hpp"
#include "api/socketio/message.hpp"

namespace flow::socketio {

/// Without the binary variants: whether a packet has attachments is a matter of encoding.
enum class SocketPacketType { connect, disconnect, event, ack, connect_error };

struct SocketPacket {
    SocketPacketType type = SocketPacketType::event;
    std::string nsp = "/";
    std::optional<std::uint64_t> id;
    /// Array for events and acks, object for connect; nothing when the packet has no payload.
    std::optional<Json> data;
};

/// Ids above this cannot be told apart by JavaScript.
inline constexpr std::uint64_t kMaxAckId = (std::uint64_t{1} << 53U) - 1;

/// The Engine.IO message ('4' included) with its attachments.
Message encode_packet(const SocketPacket& packet);

/// The payload alone: JSON text with placeholders, and the bytes they stand for.
struct EncodedPayload {
    std::string text;
    std::vector<Bytes> attachments;
};
EncodedPayload encode_payload(const Json& data);

/// "4" + type + "N-" + "/nsp," + id; the payload follows.
std::string packet_prefix(const SocketPacket& packet, std::size_t attachments);

struct DecoderLimits {
    std::size_t max_depth = 128;
    std::size_t max_attachments = 64;
    std::size_t max_attachment_bytes = 4 * 1024 * 1024;
};

class Decoder {
public:
    enum class Status { packet, need_more, error };

    explicit Decoder(DecoderLimits limits) : limits_(limits) {}

    /// A text message, without the Engine.IO type.
    Status feed_text(std::string_view text);
    /// A binary message.
    Status feed_binary(std::string_view bytes);
    /// The packet that the last feed completed.
    SocketPacket take() { return std::move(packet_); }
    /// Attachments are missing: the session gives them a deadline.
    bool waiting() const { return missing_ > 0; }
    /// Why the last feed failed; constant text.
    std::string_view error() const { return error_; }

private:
    Status fail(std::string_view why);
    Status parse_header(std::string_view text);
    Status parse_data(std::string_view text);
    bool shape_is_valid() const;
    Status complete();

    DecoderLimits limits_;
    SocketPacket packet_;
    bool binary_ = false;
    std::size_t missing_ = 0;
    std::size_t attachment_bytes_ = 0;
    std::vector<std::string> attachments_;
    std::string_view error_;
};

}  // namespace flow::socketio
