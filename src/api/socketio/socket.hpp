// One client in one namespace. Everything here belongs to
// the thread of the server's io_context. A Socket is kept by its session while connected and by
// whoever holds the pointer; after the disconnect its calls do nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/socketio/encoded_event.hpp"

namespace flow::socketio {

class Broadcast;
class Client;
class Namespace;

/// What the client said when it opened its session. Names of headers are in lower case.
struct Handshake {
    std::string remote;   ///< "127.0.0.1:54321", or "unix" for a Unix socket
    std::string target;   ///< with the query
    bool local = false;   ///< a Unix socket or a loopback address
    std::vector<std::pair<std::string, std::string>> headers;

    /// The value of a header (name in lower case), or "".
    std::string header(std::string_view name) const;
};

/// The answer of a client to an event, an array of arguments; nothing when it did not come in time.
using AckReply = std::function<void(std::optional<Json> args)>;

class Socket : public std::enable_shared_from_this<Socket> {
public:
    Socket(std::weak_ptr<Client> client, std::shared_ptr<Namespace> nsp, std::string id, Json auth);
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    const std::string& id() const { return id_; }
    const std::string& nsp() const;
    /// The payload of CONNECT; `{}` when there was none.
    const Json& auth() const { return auth_; }
    const Handshake& handshake() const { return *handshake_; }
    const std::string& remote() const { return handshake_->remote; }
    bool connected() const { return state_ == State::connected; }
    /// Whether it is the continuation of a session whose connection was lost (Config::recovery): then its
    /// id, rooms and user_data are those of before, and what it missed has been sent.
    bool recovered() const { return recovered_; }

    void join(std::string_view room);
    void leave(std::string_view room);
    /// Without the one that its id is.
    const std::vector<std::string>& rooms() const { return rooms_; }
    /// To everybody else in the namespace; with to() to those in rooms, but never to itself.
    Broadcast broadcast() const;

    /// Sends an event with one argument. Never blocks; a queue above Config::max_send_queue ends
    /// the session.
    void emit(std::string_view event, const Json& arg);
    void emit_args(std::string_view event, const Json& args);
    /// May be dropped when the client is slow.
    void emit_volatile(std::string_view event, const Json& arg);
    void send(const EncodedEvent& event);
    void send_volatile(const EncodedEvent& event);
    /// Asks for an acknowledgement; `reply` is called once: with the answer, or with nothing after
    /// `timeout` or at the disconnect.
    void emit_with_ack(std::string_view event, const Json& args, std::chrono::milliseconds timeout,
                       AckReply reply);

    /// Bytes that are queued or being written for this client, over all its namespaces.
    std::size_t pending_bytes() const;
    /// Those of them that may not be dropped.
    std::size_t owed_bytes() const;
    /// `drained` is called each time everything queued that may not be dropped has been given to the
    /// kernel; replaces the last one.
    void on_drain(std::function<void()> drained);

    /// Leaves the namespace: the client is told (and does not reconnect by itself).
    void disconnect();

    /// Free for the application: what belongs to this socket and goes with it.
    std::shared_ptr<void> user_data;

private:
    friend class Broadcast;
    friend class Client;
    friend class Namespace;
    enum class State { joining, connected, gone };

    void ask(const EncodedEvent& question, std::chrono::milliseconds timeout, AckReply reply);
    void send_wire(const EncodedEvent& event, bool droppable);
    /// `offset`: under which the event is kept for those who come back.
    void deliver(const EncodedEvent& event, bool droppable, std::optional<std::uint64_t> offset);

    std::weak_ptr<Client> client_;
    std::shared_ptr<const Handshake> handshake_;
    std::shared_ptr<Namespace> nsp_;
    std::string id_;
    std::string pid_;                   ///< set when it asked for recovery
    std::uint64_t joined_offset_ = 0;
    Json auth_;
    std::vector<std::string> rooms_;
    std::function<void()> drained_;
    State state_ = State::joining;
    bool recovered_ = false;
};

}  // namespace flow::socketio
