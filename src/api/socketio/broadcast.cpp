#include "api/socketio/broadcast.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "api/socketio/namespace.hpp"

namespace flow::socketio {

Broadcast& Broadcast::to(std::string room) {
    audience_.rooms.push_back(std::move(room));
    return *this;
}

Broadcast& Broadcast::except(std::string room) {
    audience_.except.push_back(std::move(room));
    return *this;
}

Broadcast& Broadcast::make_volatile() {
    droppable_ = true;
    return *this;
}

std::size_t Broadcast::emit(std::string_view event, const Json& arg) const {
    return send(encode_event(event, arg));
}

std::size_t Broadcast::emit_args(std::string_view event, const Json& args) const {
    return send(EncodedEvent(event, args));
}

std::size_t Broadcast::send(const EncodedEvent& event) const {
    const auto receivers = sockets();
    std::optional<Recovery::Offset> offset;
    // What may be dropped is not kept for those who come back either.
    if (nsp_ && !droppable_ && nsp_->recovery().wanted()) {
        offset = nsp_->recovery().record(std::chrono::steady_clock::now(), event, audience_);
    }
    for (const auto& socket : receivers) {
        socket->deliver(event, droppable_, offset);
    }
    return receivers.size();
}

void Broadcast::emit_with_ack(std::string_view event, const Json& args,
                              std::chrono::milliseconds timeout, Replies replies) const {
    struct Collected {
        std::vector<Json> answers;
        std::size_t open = 0;
        std::size_t missing = 0;
        Replies replies;
    };
    const auto receivers = sockets();
    auto collected = std::make_shared<Collected>();
    collected->open = receivers.size();
    collected->replies = std::move(replies);
    if (receivers.empty()) {
        collected->replies({}, 0);
    }
    const EncodedEvent question(event, args);
    for (const auto& socket : receivers) {
        socket->ask(question, timeout, [collected](std::optional<Json> answer) {
            if (answer) {
                collected->answers.push_back(std::move(*answer));
            } else {
                ++collected->missing;
            }
            if (--collected->open == 0) {
                collected->replies(std::move(collected->answers), collected->missing);
            }
        });
    }
}

std::vector<std::shared_ptr<Socket>> Broadcast::sockets() const {
    return nsp_ ? nsp_->select(audience_) : std::vector<std::shared_ptr<Socket>>{};
}

void Broadcast::join(std::string_view room) const {
    for (const auto& socket : sockets()) {
        socket->join(room);
    }
}

void Broadcast::leave(std::string_view room) const {
    for (const auto& socket : sockets()) {
        socket->leave(room);
    }
}

void Broadcast::disconnect() const {
    for (const auto& socket : sockets()) {
        socket->disconnect();
    }
}

}  // namespace flow::socketio
