// A websocket that carries a session, tries to take one over, or is turned away. One coroutine
// reads, a second writes what the session has; both hold the link. The session holds it as well
// until either ends.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "api/socketio/batch_stream.hpp"
#include "api/socketio/config.hpp"
#include "api/socketio/engine_session.hpp"

namespace flow::socketio {

class WebSocketLink : public TransportLink, public std::enable_shared_from_this<WebSocketLink> {
public:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;

    WebSocketLink(HttpStream stream, std::shared_ptr<const Config> config, std::string remote);

    /// The handshake; `request` is the upgrade request that was read already.
    boost::asio::awaitable<ErrorCode> accept(Request request);
    /// Carries `session` from its first packet until either ends.
    boost::asio::awaitable<void> serve(std::shared_ptr<EngineSession> session);
    /// Probe and upgrade, then as serve().
    boost::asio::awaitable<void> serve_candidate(std::shared_ptr<EngineSession> session);
    /// Says goodbye at once.
    boost::asio::awaitable<void> turn_away();

    void wake() override { wake_.cancel(); }
    void shut() override;
    /// Closes the socket without a word.
    void kill();

private:
    boost::asio::awaitable<bool> read_packet(PacketView& packet);
    boost::asio::awaitable<bool> read_message();
    boost::asio::awaitable<bool> try_upgrade(std::shared_ptr<EngineSession> session);
    boost::asio::awaitable<void> read_loop(std::shared_ptr<EngineSession> session);
    boost::asio::awaitable<void> write_loop(std::shared_ptr<EngineSession> session);
    boost::asio::awaitable<bool> write_batch(EngineSession& session);
    boost::asio::awaitable<bool> write_message(const Message& message);
    boost::asio::awaitable<bool> write_frame(const std::string& bytes, bool binary);
    boost::asio::awaitable<void> say_goodbye();
    void start_writer(const std::shared_ptr<EngineSession>& session);

    std::shared_ptr<const Config> config_;
    std::string remote_;
    boost::beast::websocket::stream<BatchStream> stream_;
    boost::beast::flat_buffer buffer_;
    boost::asio::steady_timer wake_;
    boost::asio::steady_timer limit_;
    boost::beast::websocket::close_code goodbye_ = boost::beast::websocket::close_code::normal;
    bool shut_ = false;
};

}  // namespace flow::socketio
