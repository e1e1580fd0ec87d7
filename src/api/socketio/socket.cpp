#include "api/socketio/socket.hpp"

#include <map>
#include <utility>

#include "api/socketio/broadcast.hpp"
#include "api/socketio/client.hpp"
#include "api/socketio/namespace.hpp"
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

    std::string prefix(const std::string& nsp) const {
        SocketPacket packet;
        packet.nsp = nsp;
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

Socket::Socket(std::weak_ptr<Client> client, std::shared_ptr<Namespace> nsp, std::string id,
               Json auth)
    : client_(std::move(client)),
      handshake_(std::make_shared<const Handshake>()),
      nsp_(std::move(nsp)),
      id_(std::move(id)),
      auth_(std::move(auth)) {}

Socket::~Socket() = default;

const std::string& Socket::nsp() const {
    return nsp_->name();
}

void Socket::join(std::string_view room) {
    if (connected()) {
        nsp_->join(*this, room);
    }
}

void Socket::leave(std::string_view room) {
    nsp_->leave(*this, room);
}

Broadcast Socket::broadcast() const {
    Broadcast others(nsp_);
    others.except(id_);
    return others;
}

void Socket::send_wire(const EncodedEvent& event, bool droppable) {
    std::optional<std::uint64_t> offset;
    if (connected() && !pid_.empty() && !droppable) {
        Audience only_me;
        only_me.rooms.push_back(id_);
        offset = nsp_->recovery().record(std::chrono::steady_clock::now(), event, only_me);
    }
    deliver(event, droppable, offset);
}

void Socket::deliver(const EncodedEvent& event, bool droppable,
                     std::optional<std::uint64_t> offset) {
    const auto client = client_.lock();
    if (!connected() || !client) {
        return;
    }
    Message message = event.wire_->message_for(nsp(), pid_.empty() ? std::nullopt : offset);
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
    if (!connected() || !client) {
        reply(std::nullopt);
        return;
    }
    SocketPacket packet;
    packet.nsp = nsp();
    packet.data = event_array(event, args);
    packet.id = client->expect_ack(nsp(), timeout, std::move(reply));
    client->send_packet(packet);
}

std::size_t Socket::pending_bytes() const {
    const auto client = client_.lock();
    return connected() && client ? client->pending_bytes() : 0;
}

void Socket::on_drain(std::function<void()> drained) {
    drained_ = std::move(drained);
}

void Socket::disconnect() {
    const auto client = client_.lock();
    if (!connected() || !client) {
        return;
    }
    state_ = State::gone;
    client->leave(shared_from_this());
}

}  // namespace flow::socketio
