// What a Server consists of, shared with the coroutines that may outlive it: listeners,
// connections, sites, namespaces and the application's callbacks. One thread, the io_context's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/socketio/batch_stream.hpp"
#include "api/socketio/client.hpp"
#include "api/socketio/engine_site.hpp"
#include "api/socketio/flusher.hpp"
#include "api/socketio/namespace.hpp"
#include "api/socketio/server.hpp"

namespace flow::socketio {

class Connection;
struct ConnectionNames;

class ServerCore : public std::enable_shared_from_this<ServerCore> {
public:
    ServerCore(boost::asio::io_context& io, Config config);

    /// Makes the Socket.IO site; not possible in the constructor.
    void start();
    boost::system::result<std::uint16_t> listen(const boost::asio::ip::tcp::endpoint& endpoint);
    boost::system::result<void> listen_unix(const std::string& path);
    void add_raw_site(std::string path, Server::RawHandler handler);
    std::shared_ptr<EngineSite> site_for(std::string_view target) const;
    const std::shared_ptr<const Config>& config() const { return config_; }
    void set_namespace(std::string name, Handlers handlers);
    /// Null when there is none of that name.
    std::shared_ptr<Namespace> find_namespace(std::string_view name) const;
    const std::shared_ptr<Flusher>& flusher() const { return flusher_; }
    bool closing() const { return closing_; }
    /// Whether a connection may wait for a further request: while the server closes, only for the rest of what its
    /// sessions have for their clients.
    bool takes_requests() const { return !closing_ || session_count() > 0; }
    /// A connection that begins, and one that has ended.
    void track(Connection& connection) { connections_.insert(&connection); }
    void forget(Connection& connection);
    std::size_t session_count() const;
    std::size_t connection_count() const { return connections_.size(); }
    void close(std::function<void()> closed);
    /// No callback of the application is called from here on.
    void abandon();

    /// A call holds the one it makes, which may be replaced meanwhile; null: none.
    std::shared_ptr<const Server::HttpHandler> http_handler;
    std::shared_ptr<const Server::LaterHandler> later_handler;
    std::shared_ptr<const Server::AccessCheck> access_check;

private:
    using Tcp = boost::asio::ip::tcp;
    using Unix = boost::asio::local::stream_protocol;

    boost::asio::awaitable<void> accept_tcp(std::shared_ptr<Tcp::acceptor> acceptor);
    boost::asio::awaitable<void> accept_unix(std::shared_ptr<Unix::acceptor> acceptor);
    boost::asio::awaitable<void> accept_failed(ErrorCode error);
    void adopt_tcp(Tcp::socket socket);
    void adopt(HttpStream stream, ConnectionNames names);
    void on_session_gone();
    void finish_close_if_empty();
    void finish_close();
    void add_site(std::string path, EngineSite::UserFactory factory);
    void stop_listening();
    void forget_lost_sessions();
    std::vector<std::shared_ptr<Connection>> connections() const;

    boost::asio::io_context& io_;
    std::shared_ptr<const Config> config_;
    std::shared_ptr<NamespaceTable> namespaces_ = std::make_shared<NamespaceTable>();
    std::vector<std::shared_ptr<EngineSite>> sites_;
    std::vector<std::function<void()>> stop_listeners_;
    std::unordered_set<Connection*> connections_;
    std::shared_ptr<Flusher> flusher_;
    boost::asio::steady_timer close_limit_;
    boost::asio::steady_timer forget_timer_;    ///< with recovery
    std::function<void()> closed_;
    bool closing_ = false;
};

}  // namespace flow::socketio
