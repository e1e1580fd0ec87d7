// One TCP or Unix connection: reads requests one after another, checks who may ask, and answers
// from an Engine.IO site or the application's HTTP handler; an upgrade hands the socket to a
// WebSocketLink and ends. Kept alive by its coroutine.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "api/socketio/batch_stream.hpp"
#include "api/socketio/connection.hpp"
#include "api/socketio/engine_request.hpp"
#include "api/socketio/engine_site.hpp"
#include "api/socketio/growing_body.hpp"
#include "api/socketio/server_core.hpp"

namespace flow::socketio {

/// Both ends of a connection, as text.
struct ConnectionNames {
    std::string remote;
    std::string local;
    bool is_unix = false;
    bool remote_is_loopback = false;
};

class HttpConnection : public Connection {
public:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;

    HttpConnection(HttpStream stream, ConnectionNames names, std::shared_ptr<ServerCore> core);

    boost::asio::awaitable<void> run();
    void kill() override;
    void close_if_idle() override;

private:
    using Parser = boost::beast::http::request_parser<GrowingBody>;
    using RequestHeader = boost::beast::http::request_header<>;

    boost::asio::awaitable<bool> serve_one();
    boost::asio::awaitable<ErrorCode> read_request(Parser& parser);
    boost::asio::awaitable<HttpResponse> answer(Request request);
    boost::asio::awaitable<HttpResponse> answer_engine(std::shared_ptr<EngineSite> site,
                                                       Request request);
    boost::asio::awaitable<HttpResponse> answer_poll(std::shared_ptr<EngineSession> session);
    boost::asio::awaitable<HttpResponse> answer_post(std::shared_ptr<EngineSession> session,
                                                     std::string body);
    boost::asio::awaitable<void> serve_websocket(Request request);
    boost::asio::awaitable<bool> write_response(HttpResponse response, bool keep_alive);
    boost::asio::awaitable<void> refuse_body(const RequestHeader& header,
                                              std::size_t received);
    boost::asio::awaitable<void> refuse_malformed(ErrorCode error);
    boost::asio::awaitable<void> linger();
    void poll_written(EngineSession& session, bool ok);

    std::optional<HttpResponse> refuse_access(const RequestHeader& request) const;
    HttpResponse refusal(const RequestHeader& request, boost::beast::http::status status,
                         const std::string& message) const;
    boost::asio::awaitable<HttpResponse> answer_other(Request request);
    HttpResponse open_session(EngineSite& site, const Request& request);
    std::optional<EngineError> check(const EngineSite& site, const RequestHeader& request) const;
    /// Claims the session's one POST as soon as its header is here; a second one ends the session.
    void claim_post(const RequestHeader& header);
    void release_post();
    void watch_for_hangup(const std::shared_ptr<EngineSession>& session);
    void look_for_hangup(EngineSession& session);
    std::shared_ptr<const Handshake> handshake_of(const Request& request) const;

    HttpStream stream_;
    ConnectionNames names_;
    std::shared_ptr<const Config> config_;
    boost::beast::flat_buffer buffer_;
    std::shared_ptr<EngineSession> posting_;
    std::shared_ptr<EngineSession> polled_;
    std::size_t polled_cost_ = 0;
    bool idle_ = true;
    bool poll_waits_ = false;   ///< nobody else reads
    bool handed_over_ = false;  ///< the socket is a websocket's now
};

}  // namespace flow::socketio
