// The Engine.IO half of HttpConnection: opening sessions, polls, POSTs, websockets.
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "api/socketio/http_connection.hpp"
#include "api/socketio/websocket_link.hpp"

namespace flow::socketio {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view kText = "text/plain; charset=UTF-8";
/// A POST of many packets lets others have their turn after so many.
constexpr std::size_t kPacketsPerTurn = 256;

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

}  // namespace

std::shared_ptr<const Handshake> HttpConnection::handshake_of(const Request& request) const {
    auto handshake = std::make_shared<Handshake>();
    handshake->remote = names_.remote;
    handshake->target = std::string(view(request.target()));
    handshake->local = names_.remote_is_loopback;
    for (const auto& field : request) {
        std::string name = lower(view(field.name_string()));
        // What the websocket's handshake was about is over; it is kept for each client otherwise.
        if (!name.starts_with("sec-websocket-") && name != "connection" && name != "upgrade") {
            handshake->headers.emplace_back(std::move(name), view(field.value()));
        }
    }
    handshake->headers.shrink_to_fit();
    return handshake;
}

std::optional<EngineError> HttpConnection::check(const EngineSite& site,
                                                 const RequestHeader& request) const {
    RequestFacts facts;
    facts.query = parse_engine_query(view(request.target()));
    facts.method = request.method();
    facts.upgrade = boost::beast::websocket::is_upgrade(request);
    if (const auto session = site.find(facts.query.sid)) {
        facts.known = session->transport().kind();
    }
    return check_request(facts);
}

void HttpConnection::claim_post(const RequestHeader& header) {
    const auto site = core()->site_for(view(header.target()));
    if (header.method() != http::verb::post || !site || check(*site, header)) {
        return;
    }
    const auto session = site->find(parse_engine_query(view(header.target())).sid);
    if (!session || refuse_access(header)) {
        return;
    }
    if (session->transport().post_begins()) {
        posting_ = session;
    } else {
        // The check before the answer finds no session any more: 400.
        session->fail("transport error");
    }
}

void HttpConnection::release_post() {
    if (const auto session = std::exchange(posting_, nullptr)) {
        session->transport().post_ends();
    }
}

HttpResponse HttpConnection::open_session(EngineSite& site, const Request& request) {
    const auto session = core()->closing()
                             ? nullptr
                             : site.open(TransportKind::polling, handshake_of(request));
    if (!session) {
        return plain_response(http::status::service_unavailable, kText, "too many sessions\n");
    }
    return plain_response(http::status::ok, kText, session->open_packet());
}

asio::awaitable<HttpResponse> HttpConnection::answer_engine(std::shared_ptr<EngineSite> site,
                                                            Request request) {
    // The session of this POST may have changed its transport while the body came.
    if (!posting_ || !posting_->open()) {
        const auto error = check(*site, request);
        if (error) {
            co_return error_response(*error);
        }
    }
    const auto query = parse_engine_query(view(request.target()));
    if (query.sid.empty()) {
        co_return open_session(*site, request);
    }
    auto session = site->find(query.sid);
    if (request.method() == http::verb::post) {
        std::string body = std::move(request.body());
        co_return co_await answer_post(std::move(session), std::move(body));
    }
    co_return co_await answer_poll(std::move(session));
}

asio::awaitable<HttpResponse> HttpConnection::answer_poll(std::shared_ptr<EngineSession> session) {
    stream_.expires_never();
    poll_waits_ = true;
    watch_for_hangup(session);
    PollAnswer answer = co_await session->poll();
    poll_waits_ = false;
    ErrorCode ignored;
    stream_.socket().cancel(ignored);
    if (answer.conflict) {
        co_return error_response(EngineError::bad_request);
    }
    polled_ = session;
    polled_cost_ = answer.cost;
    co_return plain_response(http::status::ok, kText, std::move(answer.payload));
}

/// While a poll waits nobody reads from its socket: a client that hangs up is noticed here.
void HttpConnection::watch_for_hangup(const std::shared_ptr<EngineSession>& session) {
    auto readable = [weak = weak_from_this(), of = std::weak_ptr(session)](ErrorCode error) {
        const auto self = std::static_pointer_cast<HttpConnection>(weak.lock());
        const auto polled = of.lock();
        if (error || !self || !polled || !self->poll_waits_ || !self->stream_.socket().is_open() ||
            polled->transport().kind() == TransportKind::websocket) {
            return;
        }
        self->look_for_hangup(*polled);
    };
    stream_.socket().async_wait(asio::socket_base::wait_read, std::move(readable));
}

/// What the client has sent ahead is kept for the next request: the end is behind it.
void HttpConnection::look_for_hangup(EngineSession& session) {
    constexpr std::size_t kPiece = 1024;
    const auto room = buffer_.prepare(kPiece);
    const auto got = ::recv(stream_.socket().native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        session.fail("transport close");
        return;
    }
    buffer_.commit(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (buffer_.size() <= config_->max_http_header) {
        watch_for_hangup(session.shared_from_this());
    }
}

asio::awaitable<HttpResponse> HttpConnection::answer_post(std::shared_ptr<EngineSession> session,
                                                          std::string body) {
    PayloadReader reader(body);
    std::size_t count = 0;
    bool sane = true;
    while (const auto packet = reader.next()) {
        sane = session->receive(*packet);
        if (!sane || !session->open()) {
            break;
        }
        if (++count % kPacketsPerTurn == 0) {
            co_await asio::post(stream_.get_executor(), asio::use_awaitable);
        }
    }
    if (reader.failed()) {
        session->fail("parse error");
    }
    if (reader.failed() || !sane) {
        co_return error_response(EngineError::bad_request);
    }
    co_return plain_response(http::status::ok, "text/html", "ok");
}

asio::awaitable<void> HttpConnection::serve_websocket(Request request) {
    const auto site = core()->site_for(view(request.target()));
    auto refusal = refuse_access(request);
    if (!refusal) {
        if (const auto error = check(*site, request)) {
            refusal = error_response(*error);
        }
    }
    if (refusal || core()->closing()) {
        HttpResponse response =
            refusal ? std::move(*refusal) : error_response(EngineError::bad_request);
        add_cors(response, view(request[http::field::origin]), *config_);
        response.prepare_payload();
        co_await write_response(std::move(response), false);
        co_return;
    }
    auto handshake = handshake_of(request);
    handed_over_ = true;
    stream_.expires_never();
    auto link = std::make_shared<WebSocketLink>(stream_.release_socket(), core(), names_.remote);
    const auto behind = buffer_.cdata();
    link->begin_with(std::string(static_cast<const char*>(behind.data()), behind.size()));
    WebSocketLink::start(std::move(link), std::move(request), site, std::move(handshake));
}

}  // namespace flow::socketio
