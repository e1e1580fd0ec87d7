// The Socket.IO side of one session: its decoder, the namespaces it has joined, and the answers it
// owes. Owned by its EngineSession; the table of namespaces belongs to the server and outlives no
// one here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/socketio/engine_session.hpp"
#include "api/socketio/namespace.hpp"
#include "api/socketio/server.hpp"
#include "api/socketio/socket_packet.hpp"

namespace flow::socketio {

class Client : public SessionUser, public std::enable_shared_from_this<Client> {
public:
    Client(boost::asio::any_io_executor executor, std::shared_ptr<const Config> config,
           std::shared_ptr<const NamespaceTable> namespaces, std::weak_ptr<EngineSession> session);

    /// Starts the limit for joining a namespace.
    void start();

    bool on_message(std::string_view data, bool binary) override;
    void on_closed(const std::string& reason) override;
    void on_drained() override;

    void send(Message message);
    void send_packet(const SocketPacket& packet);
    std::size_t pending_bytes() const;
    std::size_t owed_bytes() const;
    /// The server's wish: `41`, then on_disconnect, though not from inside this call.
    void leave(const std::shared_ptr<Socket>& socket);
    /// Returns the id for the event's packet.
    std::uint64_t expect_ack(const std::string& nsp, std::chrono::milliseconds timeout,
                             AckReply reply);
    void send_ack(const std::string& nsp, std::uint64_t id, const Json& answer);

private:
    struct Expected {
        std::string nsp;
        AckReply reply;
        boost::asio::steady_timer timer;
    };

    bool on_packet(SocketPacket packet);
    void on_connect(SocketPacket packet);
    std::shared_ptr<Socket> make_socket(std::shared_ptr<Namespace> nsp, std::string id, Json auth);
    void ask_middleware(const std::shared_ptr<Socket>& socket,
                        const std::shared_ptr<const Handlers>& handlers, std::size_t index);
    void turn_away(const std::shared_ptr<Socket>& socket, const ConnectError& error);
    bool recover(const std::shared_ptr<Namespace>& nsp, const Json& auth);
    void join(const std::shared_ptr<Socket>& socket);
    void greet(const std::shared_ptr<Socket>& socket);
    void welcome(const std::shared_ptr<Socket>& socket);
    void refuse(const std::string& nsp, const ConnectError& error);
    /// Out of the namespace, perhaps to come back.
    void part(Socket& socket, std::string_view reason);
    void on_event(const std::shared_ptr<Socket>& socket, SocketPacket packet);
    void on_ack(SocketPacket packet);
    Ack make_ack(const std::shared_ptr<Socket>& socket, std::uint64_t id);
    void remove(const std::shared_ptr<Socket>& socket, const std::string& reason);
    void settle_ack(std::uint64_t id, std::optional<Json> args);
    void limit_session(std::chrono::milliseconds after, std::string reason);
    /// Joined or about to join; null when neither.
    std::shared_ptr<Socket> find(std::string_view nsp) const;
    /// A handler that throws is a bug of the application: it is logged, the session goes on; false.
    bool guarded(std::string_view what, const std::function<void()>& call) const;

    boost::asio::any_io_executor executor_;
    std::shared_ptr<const Config> config_;
    std::shared_ptr<const NamespaceTable> namespaces_;
    std::weak_ptr<EngineSession> session_;
    Decoder decoder_;
    std::unique_ptr<boost::asio::steady_timer> limit_;
    bool joined_once_ = false;
    std::vector<std::shared_ptr<Socket>> sockets_;      ///< at most one for each namespace
    std::uint64_t next_ack_ = 0;
    std::unordered_map<std::uint64_t, Expected> expected_;
};

}  // namespace flow::socketio
