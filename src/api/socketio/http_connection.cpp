#include "api/socketio/http_connection.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "api/socketio/log.hpp"

namespace flow::socketio {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

HttpConnection::HttpConnection(HttpStream stream, ConnectionNames names,
                               std::shared_ptr<ServerCore> core)
    : Connection(std::move(core)),
      stream_(std::move(stream)),
      names_(std::move(names)),
      config_(this->core()->config()) {}

void HttpConnection::kill() {
    if (!handed_over_) {
        stream_.close();
    }
}

void HttpConnection::close_if_idle() {
    if (idle_) {
        kill();
    }
}

asio::awaitable<void> HttpConnection::run() {
    const auto self = shared_from_this();
    bool more = true;
    while (more) {
        more = co_await serve_one();
        release_post();
    }
    if (const auto session = std::exchange(polled_, nullptr)) {
        poll_written(*session, false);
    }
}

/// One request and its answer; false when the connection is over.
asio::awaitable<bool> HttpConnection::serve_one() {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(config_->max_http_header));
    parser.body_limit(config_->max_payload);
    const ErrorCode error = co_await read_request(parser);
    if (error == http::error::body_limit) {
        co_await refuse_body(parser.get(), parser.get().body().size());
        co_return false;
    }
    if (error) {
        co_await refuse_malformed(error);
        co_return false;
    }
    auto parsed = parser.release();
    Request request(std::move(parsed.base()), std::move(parsed.body()));
    if (beast::websocket::is_upgrade(request) && core()->site_for(view(request.target()))) {
        co_await serve_websocket(std::move(request));
        co_return false;
    }
    const bool keep_alive = request.keep_alive();
    const bool head = request.method() == http::verb::head;
    const std::string origin(view(request[http::field::origin]));
    HttpResponse response = co_await answer(std::move(request));
    add_cors(response, origin, *config_);
    if (!head || !response.body().empty()) {
        response.prepare_payload();
    }
    if (head) {
        response.body().clear();        // the length that a GET would have stays
    }
    co_return co_await write_response(std::move(response), keep_alive && core()->takes_requests());
}

asio::awaitable<ErrorCode> HttpConnection::read_request(Parser& parser) {
    idle_ = buffer_.size() == 0;
    stream_.expires_after(config_->http_idle_timeout);
    const auto [error, size] =
        co_await http::async_read_header(stream_, buffer_, parser, kTuple);
    idle_ = false;
    if (error) {
        co_return error;
    }
    claim_post(parser.get());
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        http::response<http::empty_body> go_on(http::status::continue_, 11);
        co_await http::async_write(stream_, go_on, kTuple);
    }
    stream_.expires_after(config_->http_idle_timeout);
    const auto [body_error, body_size] =
        co_await http::async_read(stream_, buffer_, parser, kTuple);
    co_return body_error;
}

asio::awaitable<bool> HttpConnection::write_response(HttpResponse response, bool keep_alive) {
    // The client may send its next POST as soon as it has this answer.
    release_post();
    response.keep_alive(keep_alive);
    stream_.expires_after(config_->http_idle_timeout);
    const auto [error, size] = co_await http::async_write(stream_, response, kTuple);
    if (const auto session = std::exchange(polled_, nullptr)) {
        poll_written(*session, !error);
    }
    if (!error && !keep_alive) {
        co_await linger();
    }
    co_return !error && keep_alive && core()->takes_requests();
}

/// The noop of a poll that its client gave up when it upgraded is no loss.
void HttpConnection::poll_written(EngineSession& session, bool ok) {
    const std::size_t cost = std::exchange(polled_cost_, 0);
    const bool upgraded = session.transport().kind() == TransportKind::websocket;
    session.written(cost, ok || (cost == 0 && upgraded));
}

/// Closing with unread bytes resets the connection, and the client would lose the answer.
asio::awaitable<void> HttpConnection::linger() {
    constexpr std::chrono::seconds kLimit{2};
    ErrorCode error;
    stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
    stream_.expires_after(kLimit);
    std::array<char, 4096> waste{};
    std::size_t drained = 0;
    while (!error && drained < 4 * config_->max_payload) {
        const auto [read_error, size] =
            co_await stream_.async_read_some(asio::buffer(waste), kTuple);
        error = read_error;
        drained += size;
    }
}

HttpResponse HttpConnection::refusal(const RequestHeader& request, http::status status,
                                     const std::string& message) const {
    if (config_->refusal_body && !core()->site_for(view(request.target()))) {
        return plain_response(status, "application/json",
                              config_->refusal_body(static_cast<unsigned>(status), message));
    }
    const bool forbidden = status == http::status::forbidden;
    HttpResponse response =
        error_response(forbidden ? EngineError::forbidden : EngineError::bad_request, message);
    response.result(status);
    return response;
}

asio::awaitable<void> HttpConnection::refuse_body(const RequestHeader& header,
                                                  std::size_t received) {
    // A body in chunks does not say its size: then it is what had come until it was too much.
    const auto length = header[http::field::content_length];
    const std::string size =
        length.empty() ? std::to_string(received) + "+" : std::string(view(length));
    log_of(*config_).warn("request body too large client={} size={} limit={}", names_.remote, size,
                          config_->max_payload);
    HttpResponse response =
        refusal(header, http::status::payload_too_large,
                "the body is larger than " + std::to_string(config_->max_payload) + " bytes");
    add_cors(response, view(header[http::field::origin]), *config_);
    response.prepare_payload();
    co_await write_response(std::move(response), false);
}

/// What is no HTTP gets an answer all the same; a connection that just ended gets none.
asio::awaitable<void> HttpConnection::refuse_malformed(ErrorCode error) {
    const bool ended = error == http::error::end_of_stream || error == http::error::partial_message;
    if (ended || error.category() != http::make_error_code(http::error::bad_value).category()) {
        co_return;
    }
    const auto status = error == http::error::header_limit
                            ? http::status::request_header_fields_too_large
                            : http::status::bad_request;
    HttpResponse response = plain_response(status, "text/plain", error.message() + "\n");
    response.prepare_payload();
    co_await write_response(std::move(response), false);
}

std::optional<HttpResponse> HttpConnection::refuse_access(const RequestHeader& request) const {
    const auto check = core()->access_check;
    if (!check) {
        return std::nullopt;
    }
    AccessRequest facts;
    facts.host = view(request[http::field::host]);
    facts.origin = view(request[http::field::origin]);
    facts.local = names_.local;
    facts.local_unix = names_.is_unix;
    const auto reason = (*check)(facts);
    if (!reason) {
        return std::nullopt;
    }
    log_of(*config_).warn("request refused client={} host=\"{}\" origin=\"{}\" why=\"{}\"",
                          names_.remote, facts.host, facts.origin, *reason);
    return refusal(request, http::status::forbidden, *reason);
}

asio::awaitable<HttpResponse> HttpConnection::answer(Request request) {
    auto refusal = refuse_access(request);
    if (refusal) {
        co_return std::move(*refusal);
    }
    const bool preflight = request.method() == http::verb::options &&
                           request.find(http::field::origin) != request.end();
    auto site = core()->site_for(view(request.target()));
    if (preflight || (site && request.method() == http::verb::options)) {
        co_return preflight_response(request, *config_);
    }
    if (site) {
        co_return co_await answer_engine(std::move(site), std::move(request));
    }
    co_return co_await answer_other(std::move(request));
}

namespace {

/// A response that the application gives later: the timer never expires, it is cut short.
struct LaterResponse {
    explicit LaterResponse(const asio::any_io_executor& executor)
        : wait(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer wait;
    std::optional<HttpResponse> response;
};

}  // namespace

asio::awaitable<HttpResponse> HttpConnection::answer_other(Request request) {
    if (const auto handler = core()->later_handler) {
        auto later = std::make_shared<LaterResponse>(stream_.get_executor());
        Server::HttpDone done = [later](HttpResponse response) {
            later->response = std::move(response);
            later->wait.cancel();
        };
        const bool taken = (*handler)(request, std::move(done));
        if (taken) {
            stream_.expires_never();
            while (!later->response) {
                co_await later->wait.async_wait(kTuple);
            }
            co_return std::move(*later->response);
        }
    }
    if (const auto handler = core()->http_handler) {
        if (auto response = (*handler)(request)) {
            co_return std::move(*response);
        }
    }
    co_return plain_response(http::status::not_found, "text/plain", "not found\n");
}

}  // namespace flow::socketio
