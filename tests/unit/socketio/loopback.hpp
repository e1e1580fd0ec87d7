// A server on an ephemeral port with its io_context in a thread of its own, and blocking clients
// for the test's thread. Everything of the server is touched on its own thread only: use on_loop().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "api/socketio/server.hpp"

namespace flow::socketio::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Polls until `check` holds; false after `limit`.
bool eventually(const std::function<bool()>& check,
                std::chrono::milliseconds limit = std::chrono::seconds(10));

/// A blocking TCP socket to 127.0.0.1 whose calls give up after 10 s; -1 when there is no connection. The caller closes it.
int connect_raw(std::uint16_t port);

class Loopback {
public:
    explicit Loopback(Config config = quick_config(),
                      const std::function<void(Server&)>& setup = [](Server&) {});
    ~Loopback();

    /// Generous heartbeats, so that a slow machine does not end sessions; small limits.
    static Config quick_config();
    std::uint16_t port() const { return port_; }
    void on_loop(const std::function<void(Server&)>& call);
    std::size_t sessions();
    /// Calls Server::close() and waits for its callback; false after 10 s.
    bool close();

private:
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::unique_ptr<Server> server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

struct HttpAnswer {
    unsigned status = 0;  ///< 0: no answer
    std::string body;
    Headers headers;

    std::string header(const std::string& name) const;
};

/// One keep-alive connection. Answers within 10 s or not at all.
class HttpClient {
public:
    explicit HttpClient(std::uint16_t port);
    ~HttpClient();
    HttpAnswer get(const std::string& target, const Headers& headers = {});
    HttpAnswer post(const std::string& target, const std::string& body,
                    const Headers& headers = {});
    HttpAnswer request(const std::string& method, const std::string& target,
                       const std::string& body, const Headers& headers);
    /// For requests in parts.
    void write_raw(const std::string& bytes);
    HttpAnswer read_answer();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

struct Frame {
    std::string data;
    bool binary = false;
    bool closed = false;  ///< the end instead of a message
    unsigned close_code = 0;
};

class WsClient {
public:
    explicit WsClient(std::uint16_t port);
    ~WsClient();
    /// The HTTP status of the handshake: 101 when it worked.
    unsigned connect(const std::string& target, const Headers& headers = {});
    void send(const std::string& text);
    void send_binary(const std::string& bytes);
    /// Skips pings.
    Frame read();
    void close();
    /// Cuts the connection without a word.
    void cut();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Opens a polling session; returns its sid.
std::string open_session(HttpClient& client, const std::string& path = "/socket.io/");
std::string polling_target(const std::string& sid, const std::string& path = "/socket.io/");
std::string websocket_target(const std::string& sid, const std::string& path = "/socket.io/");
/// Polls until a packet other than a ping comes; all packets of that answer.
std::string poll(HttpClient& client, const std::string& sid,
                 const std::string& path = "/socket.io/");
/// A websocket session that has read its open packet.
void open_websocket(WsClient& client, const std::string& path = "/socket.io/");

}  // namespace flow::socketio::testing
