// A Socket.IO v5 server over Engine.IO v4: HTTP long polling, websocket and the upgrade between
// them, on TCP and Unix listeners. Knows nothing of what the events are about. All calls and all
// callbacks are on the thread that runs the io_context; the io_context must outlive the server.
// Callbacks are not called any more once close() has called back or the server is destroyed. A callback may
// replace handlers, its own too (the call that runs is finished), close the server, and destroy it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/result.hpp>

#include "api/socketio/broadcast.hpp"
#include "api/socketio/config.hpp"
#include "api/socketio/socket.hpp"

namespace flow::socketio {

namespace http = boost::beast::http;

/// Answers an event: an array becomes the list of arguments, anything else the only argument. Empty
/// when the client asked for no answer. May be kept and called later; only the first call counts.
using Ack = std::function<void(const Json& answer)>;

/// Why a client may not join: `44{"message", "data"}`.
struct ConnectError {
    std::string message;
    Json data;  ///< left out when null
};

/// Lets the client go on to the next one, or refuses it. To be called once, now or later.
using Next = std::function<void(std::optional<ConnectError> error)>;
/// Asked in their order before the client hears anything. One that throws refuses with "internal error".
using Middleware = std::function<void(const std::shared_ptr<Socket>&, Next next)>;

struct Handlers {
    /// Not asked again for a session that is recovered.
    std::vector<Middleware> middleware;
    /// The client has its `40{"sid"}` already in the queue.
    std::function<void(std::shared_ptr<Socket>)> on_connect;
    /// `args` is always an array.
    std::function<void(std::shared_ptr<Socket>, std::string event, Json args, Ack ack)> on_event;
    /// Once for each on_connect. Reasons as Node's: "transport close", "ping timeout",
    /// "client namespace disconnect", "server namespace disconnect", "server shutting down",
    /// "transport error", "parse error", "send queue full".
    std::function<void(std::shared_ptr<Socket>, std::string reason)> on_disconnect;
};

/// What the access check gets to see of each request, also of the websocket handshake.
struct AccessRequest {
    std::string_view host;    ///< the Host header, with port; empty when missing
    std::string_view origin;  ///< empty when missing
    std::string_view local;   ///< "127.0.0.1:8000", or "unix"
    bool local_unix = false;
};

class EngineSession;
class ServerCore;

class Server {
public:
    /// Nothing: allowed. A text: refused with 403 and this text.
    using AccessCheck = std::function<std::optional<std::string>(const AccessRequest&)>;
    /// A request outside Config::path; nothing: 404.
    using HttpRequest = http::request<http::string_body>;
    using HttpResponse = http::response<http::string_body>;
    using HttpHandler = std::function<std::optional<HttpResponse>(const HttpRequest&)>;
    /// For what is answered later: takes the request (true) and calls `done` once, or leaves it to the HttpHandler.
    using HttpDone = std::function<void(HttpResponse)>;
    using LaterHandler = std::function<bool(const HttpRequest&, HttpDone done)>;
    /// Gets each message of a bare Engine.IO session as it came.
    using RawHandler = std::function<void(EngineSession&, std::string data, bool binary)>;

    Server(boost::asio::io_context& io, Config config);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// "/" or "/name". Clients of any other namespace get `44{"message":"Invalid namespace"}`.
    void set_namespace(std::string name, Handlers handlers);
    /// To everybody in a namespace; see Broadcast.
    Broadcast in(std::string_view nsp) const;
    void set_http_handler(HttpHandler handler);
    void set_later_handler(LaterHandler handler);
    void set_access_check(AccessCheck check);
    /// A second path that speaks Engine.IO only.
    void mount_raw_engine(std::string path, RawHandler handler);

    /// Returns the real port (also for port 0) or what the system said. May be called several
    /// times.
    boost::system::result<std::uint16_t> listen(const boost::asio::ip::tcp::endpoint& endpoint);
    /// Mode 0600. A socket file that nobody listens on is replaced; one in use is address_in_use.
    boost::system::result<void> listen_unix(const std::string& path);

    std::size_t session_count() const;
    std::size_t connection_count() const;

    /// Stops accepting, tells the clients, and calls `closed` when all sessions are gone, at the
    /// latest after Config::close_timeout. A polling client gets what is queued for it with its next poll, if that
    /// comes over a connection it has.
    void close(std::function<void()> closed);

private:
    std::shared_ptr<ServerCore> core_;
};

}  // namespace flow::socketio
