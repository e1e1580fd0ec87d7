// One client in one namespace, and events encoded once for many of them. Everything here belongs to
// the thread of the server's io_context. A Socket is kept by its session while connected and by
// whoever holds the pointer; after the disconnect its calls do nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace flow::socketio {

/// Binary values of a message are nlohmann binary values (`Json::binary`), in both directions.
using Json = nlohmann::ordered_json;

class Client;
struct Message;

/// What the client said when it opened its session. Names of headers are in lower case.
struct Handshake {
    std::string remote;   ///< "127.0.0.1:54321", or "unix" for a Unix socket
    std::string target;   ///< with the query
    bool local = false;   ///< a Unix socket or a loopback address
    std::vector<std::pair<std::string, std::string>> headers;

    /// The value of a header (name in lower case), or "".
    std::string header(std::string_view name) const;
};

/// An event in its wire form. Copies share the bytes, and so do all sockets it is sent to.
class EncodedEvent {
public:
    /// `args` is the array of arguments; anything else counts as the only argument.
    EncodedEvent(std::string_view name, const Json& args);
    /// The bytes of one copy, about.
    std::size_t bytes() const;

private:
    friend class Socket;
    struct Wire;
    std::shared_ptr<Wire> wire_;
};

/// The usual case: one argument.
EncodedEvent encode_event(std::string_view name, const Json& arg);

/// The answer of a client to an event, an array of arguments; nothing when it did not come in time.
using AckReply = std::function<void(std::optional<Json> args)>;

class Socket : public std::enable_shared_from_this<Socket> {
public:
    Socket(std::weak_ptr<Client> client, std::string nsp, std::string id, Json auth);
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    const std::string& id() const { return id_; }
    const std::string& nsp() const { return nsp_; }
    /// The payload of CONNECT; `{}` when there was none.
    const Json& auth() const { return auth_; }
    const Handshake& handshake() const { return *handshake_; }
    const std::string& remote() const { return handshake_->remote; }
    bool connected() const;

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
    /// `drained` is called each time everything queued has been given to the kernel; replaces the
    /// last one.
    void on_drain(std::function<void()> drained);

    /// Leaves the namespace: the client is told (and does not reconnect by itself).
    void disconnect();

    /// Free for the application: what belongs to this socket and goes with it.
    std::shared_ptr<void> user_data;

private:
    friend class Client;
    void send_wire(const EncodedEvent& event, bool droppable);

    std::weak_ptr<Client> client_;
    std::shared_ptr<const Handshake> handshake_;
    std::string nsp_;
    std::string id_;
    Json auth_;
    std::function<void()> drained_;
    bool connected_ = true;
};

}  // namespace flow::socketio
