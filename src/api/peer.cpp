#include "api/peer.hpp"

#include <utility>

namespace flow::api {

SharedEvent::SharedEvent(std::string name, Json payload)
    : name_(std::move(name)), payload_(std::move(payload)) {}

const socketio::EncodedEvent& SharedEvent::wire() const {
    if (!wire_) {
        wire_ = socketio::encode_event(name_, payload_);
    }
    return *wire_;
}

void SocketPeer::emit(std::string_view event, const Json& payload) {
    socket_->emit(event, payload);
}

void SocketPeer::send(const SharedEvent& event, Delivery delivery) {
    if (delivery == Delivery::droppable) {
        socket_->send_volatile(event.wire());
    } else {
        socket_->send(event.wire());
    }
}

void SocketPeer::on_drain(std::function<void()> drained) {
    socket_->on_drain(std::move(drained));
}

}  // namespace flow::api
