// A websocket that carries a session, tries to take one over, or is turned away. One coroutine reads; what the
// session has is written by flush(), when the flusher asks. The link is held by its coroutine and by the session
// until either ends.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "api/socketio/batch_stream.hpp"
#include "api/socketio/batch_teardown.hpp"
#include "api/socketio/config.hpp"
#include "api/socketio/connection.hpp"
#include "api/socketio/engine_session.hpp"
#include "api/socketio/engine_site.hpp"
#include "api/socketio/flusher.hpp"

namespace flow::socketio {

class WebSocketLink : public Connection, public TransportLink, public Flushable {
public:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;

    WebSocketLink(StreamSocket socket, std::shared_ptr<ServerCore> core, std::string remote);

    /// What becomes of an upgrade request that was read and may be answered: a session of its own, or the one
    /// whose id it names. Returns when the websocket is over.
    static void start(std::shared_ptr<WebSocketLink> link, Request request,
                      std::shared_ptr<EngineSite> site,
                      std::shared_ptr<const Handshake> handshake);

    /// What the client sent behind its request, before the answer to it.
    void begin_with(std::string early) { stream_.next_layer().begin_with(std::move(early)); }

    void wake() override;
    bool stalled() const override { return blocked_; }
    void shut() override;
    void kill() override;
    void flush() override;

private:
    boost::asio::awaitable<void> enter(Request request, std::shared_ptr<EngineSite> site,
                                       std::shared_ptr<const Handshake> handshake);
    boost::asio::awaitable<bool> try_upgrade(std::shared_ptr<EngineSession> session);
    boost::asio::awaitable<void> read_loop(std::shared_ptr<EngineSession> session);
    boost::asio::awaitable<bool> read_message();
    boost::asio::awaitable<void> say_goodbye();
    /// False: no packet.
    bool decode(PacketView& packet) const;
    bool is_too_large();
    void carry(const std::shared_ptr<EngineSession>& session);
    void spawn(boost::asio::awaitable<void> coroutine);
    void on_control_written();
    void gather(EngineSession& session);
    void write_message(const Message& message);
    void write_frame(const std::string& bytes, bool binary);
    void wait_until_writable();
    void pause();
    void kill_after(std::chrono::milliseconds limit);
    std::shared_ptr<WebSocketLink> self();

    std::shared_ptr<const Config> config_;
    std::shared_ptr<Flusher> flusher_;
    std::string remote_;
    boost::beast::websocket::stream<BatchStream> stream_;
    boost::beast::flat_buffer buffer_;
    std::unique_ptr<boost::asio::steady_timer> limit_;
    std::weak_ptr<EngineSession> session_;  ///< the one it carries
    std::size_t unwritten_ = 0;             ///< cost of what was taken and is not in the kernel yet
    boost::beast::websocket::close_code goodbye_ = boost::beast::websocket::close_code::normal;
    bool blocked_ = false;                  ///< the socket takes no more now
    std::size_t blocked_pending_ = 0;   ///< what waited then: what came since is answers to pings
    bool paused_ = false;
    bool shut_ = false;
};

}  // namespace flow::socketio
