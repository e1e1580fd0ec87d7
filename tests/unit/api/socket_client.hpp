// A Socket.IO client on a websocket, just enough for tests: blocking, on its own io_context, with a
// deadline on every step. The server under test runs on another thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "domain/error.hpp"

namespace flow::test {

class SocketClient {
public:
    using Json = domain::Json;

    /// Connects and joins `/`. Fails the test when that does not work within the deadline.
    explicit SocketClient(std::uint16_t port, const Json& auth = nullptr);

    void emit(const std::string& event, const Json& payload);
    /// Emits and waits for the acknowledgement; events that come before it are kept for next().
    Json call(const std::string& event, const Json& payload);
    /// The next event `["name", payload]`; null when none comes within the deadline.
    Json next();
    /// The payload of the next event of that name, others are dropped; null when none comes.
    Json wait_for(const std::string& event);
    /// What the server said to CONNECT when it refused it.
    const Json& refusal() const { return refusal_; }

    /// Status of a plain GET with these headers.
    static unsigned get(std::uint16_t port, const std::string& target, const std::string& host,
                        const std::string& origin = "");

private:
    std::optional<std::string> read_frame();
    std::optional<std::string> read_packet();
    void write(const std::string& text);

    boost::asio::io_context io_;
    boost::beast::websocket::stream<boost::beast::tcp_stream> stream_{io_};
    std::deque<std::string> kept_;
    Json refusal_;
    int last_ack_ = 0;
};

}  // namespace flow::test
