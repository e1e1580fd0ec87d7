#include "api/socketio/socket_packet.hpp"

namespace flow::socketio {
namespace {

bool has_binary(const Json& value) {
    if (value.is_binary()) {
        return true;
    }
    if (value.is_structured()) {
        for (const Json& child : value) {
            if (has_binary(child)) {
                return true;
            }
        }
    }
    return false;
}

void pull_out_binary(Json& value, std::vector<Bytes>& attachments) {
    if (value.is_binary()) {
        const auto& bytes = value.get_binary();
        attachments.push_back(make_bytes(std::string(bytes.begin(), bytes.end())));
        Json placeholder = Json::object();
        placeholder["_placeholder"] = true;
        placeholder["num"] = attachments.size() - 1;
        value = std::move(placeholder);
    } else if (value.is_structured()) {
        for (Json& child : value) {
            pull_out_binary(child, attachments);
        }
    }
}

char type_character(SocketPacketType type, bool binary) {
    switch (type) {
        case SocketPacketType::connect: return '0';
        case SocketPacketType::disconnect: return '1';
        case SocketPacketType::event: return binary ? '5' : '2';
        case SocketPacketType::ack: return binary ? '6' : '3';
        case SocketPacketType::connect_error: return '4';
    }
    return '2';
}

}  // namespace

EncodedPayload encode_payload(const Json& data) {
    EncodedPayload payload;
    if (has_binary(data)) {
        Json copy = data;
        pull_out_binary(copy, payload.attachments);
        payload.text = dump_json(copy);
    } else {
        payload.text = dump_json(data);
    }
    return payload;
}

std::string packet_prefix(const SocketPacket& packet, std::size_t attachments) {
    std::string prefix = "4";
    prefix.push_back(type_character(packet.type, attachments > 0));
    if (attachments > 0) {
        prefix += std::to_string(attachments);
        prefix.push_back('-');
    }
    if (packet.nsp != "/") {
        prefix += packet.nsp;
        prefix.push_back(',');
    }
    if (packet.id) {
        prefix += std::to_string(*packet.id);
    }
    return prefix;
}

Message encode_packet(const SocketPacket& packet) {
    // Only events and acknowledgements have a binary form.
    const bool may_have_binary = packet.type == SocketPacketType::event || packet.type == SocketPacketType::ack;
    EncodedPayload payload;
    if (packet.data && may_have_binary) {
        payload = encode_payload(*packet.data);
    } else if (packet.data) {
        payload.text = dump_json(*packet.data);
    }
    Message message;
    message.text = make_bytes(packet_prefix(packet, payload.attachments.size()) + payload.text);
    message.attachments = std::move(payload.attachments);
    return message;
}

}  // namespace flow::socketio
