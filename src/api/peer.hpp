// A connected client as the API sees it, and events that are encoded once for many clients. The
// interface exists so that sessions, feed and answers can be tested without a network; SocketPeer
// is the real one. Everything is on the io_context's thread. A Peer is shared by its session and by
// whoever answers it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/socketio/socket.hpp"
#include "domain/error.hpp"

namespace flow::api {

using domain::Json;

/// An event with its wire form, which is made when the first client needs it and shared by all.
class SharedEvent {
public:
    SharedEvent(std::string name, Json payload);

    const std::string& name() const { return name_; }
    const Json& payload() const { return payload_; }
    const socketio::EncodedEvent& wire() const;

private:
    std::string name_;
    Json payload_;
    mutable std::optional<socketio::EncodedEvent> wire_;
};

enum class Delivery {
    sure,      ///< queued, or the session ends
    droppable, ///< may be left out when the client is slow
};

class Peer {
public:
    virtual ~Peer() = default;
    virtual bool connected() const = 0;
    /// Address of the client, for logs and the audit.
    virtual std::string remote() const = 0;
    /// Sends one event to this client. May end the session at once when its queue is full.
    virtual void emit(std::string_view event, const Json& payload) = 0;
    virtual void send(const SharedEvent& event, Delivery delivery) = 0;
    /// Bytes that wait to be written to this client, without what may still be left out.
    virtual std::size_t pending_bytes() const = 0;
    /// `drained` is called each time all of these were written.
    virtual void on_drain(std::function<void()> drained) = 0;
};

class SocketPeer final : public Peer {
public:
    explicit SocketPeer(std::shared_ptr<socketio::Socket> socket) : socket_(std::move(socket)) {}

    bool connected() const override { return socket_->connected(); }
    std::string remote() const override { return socket_->remote(); }
    void emit(std::string_view event, const Json& payload) override;
    void send(const SharedEvent& event, Delivery delivery) override;
    std::size_t pending_bytes() const override { return socket_->owed_bytes(); }
    void on_drain(std::function<void()> drained) override;

private:
    std::shared_ptr<socketio::Socket> socket_;
};

}  // namespace flow::api
