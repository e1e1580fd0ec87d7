// Sends one event to many sockets of a namespace: to all, to rooms, without some. Encoded once, its
// bytes are shared. A value to be used at once: server.in("/").to("room").except(id).emit(...).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/socketio/socket.hpp"

namespace flow::socketio {

class Namespace;

class Broadcast {
public:
    explicit Broadcast(std::shared_ptr<Namespace> nsp) : nsp_(std::move(nsp)) {}

    /// Only those in this room (or with this id); several calls add up.
    Broadcast& to(std::string room);
    Broadcast& except(std::string room);
    /// May be dropped for a client that is slow.
    Broadcast& make_volatile();

    /// Returns how many it was queued for.
    std::size_t emit(std::string_view event, const Json& arg) const;
    std::size_t emit_args(std::string_view event, const Json& args) const;
    std::size_t send(const EncodedEvent& event) const;
    /// The answers that came within `timeout`, and how many are missing; called once.
    using Replies = std::function<void(std::vector<Json> answers, std::size_t missing)>;
    void emit_with_ack(std::string_view event, const Json& args, std::chrono::milliseconds timeout,
                       Replies replies) const;

    std::vector<std::shared_ptr<Socket>> sockets() const;
    void join(std::string_view room) const;
    void leave(std::string_view room) const;
    void disconnect() const;

private:
    std::shared_ptr<Namespace> nsp_;    ///< null: of a namespace that there is not
    Audience audience_;
    bool droppable_ = false;
};

}  // namespace flow::socketio
