#include "api/socketio/socket.hpp"

#include <utility>

#include "api/socketio/broadcast.hpp"
#include "api/socketio/client.hpp"
#include "api/socketio/namespace.hpp"

namespace flow::socketio {
std::string Handshake::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
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
    Message message = event.message_for(nsp(), pid_.empty() ? std::nullopt : offset);
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
    ask(EncodedEvent(event, args), timeout, std::move(reply));
}

void Socket::ask(const EncodedEvent& question, std::chrono::milliseconds timeout, AckReply reply) {
    const auto client = client_.lock();
    if (!connected() || !client) {
        reply(std::nullopt);
        return;
    }
    const std::uint64_t id = client->expect_ack(nsp(), timeout, std::move(reply));
    client->send(question.question_for(nsp(), id));
}

std::size_t Socket::pending_bytes() const {
    const auto client = client_.lock();
    return connected() && client ? client->pending_bytes() : 0;
}

std::size_t Socket::owed_bytes() const {
    const auto client = client_.lock();
    return connected() && client ? client->owed_bytes() : 0;
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
