#include "api/socketio/encoded_event.hpp"

#include <map>
#include <utility>

#include "api/socketio/socket_packet.hpp"

namespace flow::socketio {
namespace {

Json one_argument(const Json& arg) {
    Json args = Json::array();
    args.push_back(arg);
    return args;
}

}  // namespace

Json event_array(std::string_view name, const Json& args) {
    Json data = Json::array();
    data.push_back(std::string(name));
    if (args.is_array()) {
        data.insert(data.end(), args.begin(), args.end());
    } else {
        data.push_back(args);
    }
    return data;
}

/// The payload once, and the whole packet once for each namespace (and offset) it is sent to.
struct EncodedEvent::Wire {
    EncodedPayload payload;
    std::map<std::string, Bytes, std::less<>> packets;
    std::optional<std::uint64_t> last_offset;
    std::map<std::string, Bytes, std::less<>> with_offset;

    Message message_for(const std::string& nsp, std::optional<std::uint64_t> offset) {
        Message message;
        message.text = offset ? text_with(nsp, *offset) : text_of(nsp);
        message.attachments = payload.attachments;
        return message;
    }

    std::string prefix(const std::string& nsp, std::optional<std::uint64_t> id = {}) const {
        SocketPacket packet;
        packet.nsp = nsp;
        packet.id = id;
        return packet_prefix(packet, payload.attachments.size());
    }

    const Bytes& text_of(const std::string& nsp) {
        auto found = packets.find(nsp);
        if (found == packets.end()) {
            found = packets.emplace(nsp, make_bytes(prefix(nsp) + payload.text)).first;
        }
        return found->second;
    }

    /// The offset is one more argument, at the end.
    const Bytes& text_with(const std::string& nsp, std::uint64_t offset) {
        if (last_offset != offset) {
            with_offset.clear();
            last_offset = offset;
        }
        auto found = with_offset.find(nsp);
        if (found == with_offset.end()) {
            std::string text = prefix(nsp) + payload.text;
            text.back() = ',';
            text += '"' + std::to_string(offset) + "\"]";
            found = with_offset.emplace(nsp, make_bytes(std::move(text))).first;
        }
        return found->second;
    }
};

EncodedEvent::EncodedEvent(std::string_view name, const Json& args)
    : wire_(std::make_shared<Wire>()) {
    wire_->payload = encode_payload(event_array(name, args));
}

std::size_t EncodedEvent::held_bytes() const {
    constexpr std::size_t kTexts = 3;       // the payload, and two packets
    constexpr std::size_t kFlatCost = 512;  // the structures, and what each block costs its allocator
    constexpr std::size_t kAttachmentCost = 96;
    std::size_t sum = kFlatCost + kTexts * wire_->payload.text.capacity();
    for (const Bytes& attachment : wire_->payload.attachments) {
        sum += kAttachmentCost + attachment->capacity();
    }
    return sum;
}

EncodedEvent encode_event(std::string_view name, const Json& arg) {
    return EncodedEvent(name, one_argument(arg));
}

Message EncodedEvent::message_for(const std::string& nsp, std::optional<std::uint64_t> offset) const {
    return wire_->message_for(nsp, offset);
}

Message EncodedEvent::question_for(const std::string& nsp, std::uint64_t id) const {
    Message message;
    message.text = make_bytes(wire_->prefix(nsp, id) + wire_->payload.text);
    message.attachments = wire_->payload.attachments;
    return message;
}

}  // namespace flow::socketio
