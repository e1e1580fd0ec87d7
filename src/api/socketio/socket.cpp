#include "api/socketio/socket.hpp"

#include <map>
#include <utility>

#include "api/socketio/client.hpp"
#include "api/socketio/socket_packet.hpp"

namespace flow::socketio {
namespace {

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

Json one_argument(const Json& arg) {
    Json args = Json::array();
    args.push_back(arg);
    return args;
}

}  // namespace

std::string Handshake::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

/// The payload once, and the whole packet once for each namespace it is sent to.
struct EncodedEvent::Wire {
    EncodedPayload payload;
    std::map<std::string, Bytes, std::less<>> packets;

    Message message_for(const std::string& nsp) {
        auto found = packets.find(nsp);
        if (found == packets.end()) {
            SocketPacket packet;
            packet.nsp = nsp;
            std::string text = packet_prefix(packet, payload.attachments.size()) + payload.text;
            found = packets.emplace(nsp, make_bytes(std::move(text))).first;
        }
        Message message;
        message.text = found->second;
        message.attachments = payload.attachments;
        return message;
    }
};

EncodedEvent::EncodedEvent(std::string_view name, const Json& args)
    : wire_(std::make_shared<Wire>()) {
    wire_->payload = encode_payload(event_array(name, args));
}

std::size_t EncodedEvent::bytes() const {
    std::size_t sum = wire_->payload.text.size();
    for (const Bytes& attachment : wire_->payload.attachments) {
        sum += attachment->size();
    }
    return sum;
}

EncodedEvent encode_event(std::string_view name, const Json& arg) {
    return EncodedEvent(name, one_argument(arg));
}

Socket::Socket(std::weak_ptr<Client> client, std::string nsp, std::string id, Json auth)
    : client_(std::move(client)),
      handshake_(std::make_shared<const Handshake>()),
      nsp_(std::move(nsp)),
      id_(std::move(id)),
      auth_(std::move(auth)) {}

Socket::~Socket() = default;

bool Socket::connected() const {
    return connected_;
}

void Socket::send_wire(const EncodedEvent& event, bool droppable) {
    const auto client = client_.lock();
    if (!connected_ || !client) {
        return;
    }
    Message message = event.wire_->message_for(nsp_);
    message.droppable = droppable;
    client->send(std::move(message));
}

void Socket::emit(std::string_view event, const Json& arg) {
    send_wire(encode_event(event, arg), false);
}

void Socket::emit_args(std::string_view event, const Json& args) {
    send_wire(EncodedEvent(event, args), false);
}

void Socket::emit_volatile(std::string_view event, const Json& arg) {
    send_wire(encode_event(event, arg), true);
}

void Socket::send(const EncodedEvent& event) {
    send_wire(event, false);
}

void Socket::send_volatile(const EncodedEvent& event) {
    send_wire(event, true);
}

void Socket::emit_with_ack(std::string_view event, const Json& args,
                           std::chrono::milliseconds timeout, AckReply reply) {
    const auto client = client_.lock();
    if (!connected_ || !client) {
        reply(std::nullopt);
        return;
    }
    SocketPacket packet;
    packet.nsp = nsp_;
    packet.data = event_array(event, args);
    packet.id = client->expect_ack(nsp_, timeout, std::move(reply));
    client->send_packet(packet);
}

std::size_t Socket::pending_bytes() const {
    const auto client = client_.lock();
    return connected_ && client ? client->pending_bytes() : 0;
}

void Socket::on_drain(std::function<void()> drained) {
    drained_ = std::move(drained);
}

void Socket::disconnect() {
    const auto client = client_.lock();
    if (!connected_ || !client) {
        return;
    }
    connected_ = false;
    client->leave(shared_from_this());
}

}  // namespace flow::socketio
