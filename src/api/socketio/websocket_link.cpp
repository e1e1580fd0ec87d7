#include "api/socketio/websocket_link.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket/option.hpp>

#include "api/socketio/engine_request.hpp"
#include "api/socketio/log.hpp"
#include "api/socketio/server_core.hpp"

namespace flow::socketio {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
/// A goodbye that the peer does not answer ends after this time.
constexpr std::chrono::milliseconds kGoodbyeLimit{1'000};
/// The kernel gets what has been gathered before more than this is encoded.
constexpr std::size_t kBatchBytes = 64 * 1024;
constexpr std::size_t kMostControlBytes = 4 * kBatchBytes;
/// And others have their turn after so many of these.
constexpr std::size_t kBatchesPerTurn = 16;
/// The answer to CONNECT has a moment for itself: a client that waits for it before it listens for more (the
/// protocol's own test suite does) would lose what arrives together with it.
constexpr std::chrono::milliseconds kPause{20};
/// A buffer that grew larger than this is given back when its message has been read.
constexpr std::size_t kBufferKept = 4096;

websocket::stream_base::timeout timeouts() {
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = std::chrono::seconds(10);
    limits.idle_timeout = websocket::stream_base::none();
    limits.keep_alive_pings = false;
    return limits;
}

}  // namespace

WebSocketLink::WebSocketLink(StreamSocket socket, std::shared_ptr<ServerCore> core,
                             std::string remote)
    : Connection(std::move(core)),
      config_(this->core()->config()),
      flusher_(this->core()->flusher()),
      remote_(std::move(remote)),
      stream_(std::move(socket)) {
    stream_.set_option(timeouts());
    stream_.read_message_max(0);    // read_message() has the limit
    stream_.auto_fragment(false);
    if (config_->deflate) {
        websocket::permessage_deflate deflate;
        deflate.server_enable = true;
        deflate.msg_size_threshold = config_->deflate_threshold;
        stream_.set_option(deflate);
    }
}

std::shared_ptr<WebSocketLink> WebSocketLink::self() {
    return std::static_pointer_cast<WebSocketLink>(shared_from_this());
}

void WebSocketLink::start(std::shared_ptr<WebSocketLink> link, Request request,
                          std::shared_ptr<EngineSite> site,
                          std::shared_ptr<const Handshake> handshake) {
    WebSocketLink& it = *link;
    it.stream_.next_layer().on_written([weak = std::weak_ptr(link)] {
        if (const auto alive = weak.lock()) {
            alive->on_control_written();
        }
    });
    it.spawn(it.enter(std::move(request), std::move(site), std::move(handshake)));
}

/// Answers to pings are kept like everything else; a client that pings and never reads is let go.
void WebSocketLink::on_control_written() {
    const std::size_t pending = stream_.next_layer().pending();
    if (blocked_ && pending > blocked_pending_ + kMostControlBytes) {
        log_of(*config_).warn("websocket that pings and does not read closed client={} pending={}", remote_,
                              pending);
        kill();
        return;
    }
    wake();
}

/// The coroutine holds the link.
void WebSocketLink::spawn(asio::awaitable<void> coroutine) {
    auto ended = [link = self()](std::exception_ptr failure) {
        if (!failure) {
            return;
        }
        log_of(*link->config_).error("websocket failed client={}", link->remote_);
        if (const auto session = link->session_.lock()) {
            session->fail("transport error");
        }
        link->kill();
    };
    asio::co_spawn(stream_.get_executor(), std::move(coroutine), std::move(ended));
}

asio::awaitable<void> WebSocketLink::enter(Request request, std::shared_ptr<EngineSite> site,
                                           std::shared_ptr<const Handshake> handshake) {
    const auto target = request.target();
    const std::string sid =
        parse_engine_query(std::string_view(target.data(), target.size())).sid;
    const auto [error] = co_await stream_.async_accept(request, kTuple);
    if (error) {
        flush();
        co_return;
    }
    auto session = sid.empty() ? site->open(TransportKind::websocket, std::move(handshake))
                               : site->find(sid);
    const bool taken = session && (sid.empty() || session->attach_candidate(self()));
    if (!taken) {
        co_await say_goodbye();
        co_return;
    }
    if (sid.empty()) {
        session->attach(self());
        carry(session);
        session->send(text_message(session->open_packet()));
        co_return;
    }
    kill_after(config_->upgrade_timeout);
    const bool taken_over = co_await try_upgrade(session);
    if (shut_) {
        co_return;      // the session has ended, and its goodbye is being said
    }
    limit_.reset();
    if (!taken_over) {
        session->abandon_candidate();
        co_await say_goodbye();
        co_return;
    }
    carry(session);
}

/// From here on the reading coroutine is all that stays.
void WebSocketLink::carry(const std::shared_ptr<EngineSession>& session) {
    session_ = session;
    spawn(read_loop(session));
    wake();
}

asio::awaitable<bool> WebSocketLink::try_upgrade(std::shared_ptr<EngineSession> session) {
    const std::string answer = "3probe";
    PacketView packet;
    for (;;) {
        const bool read = co_await read_message();
        if (!read || !decode(packet)) {
            co_return false;
        }
        const auto step = session->on_candidate_packet(packet);
        if (step == TransportState::Step::take_over) {
            co_return true;
        }
        if (step == TransportState::Step::refuse) {
            co_return false;
        }
        write_frame(answer, false);
        wake();
    }
}

bool WebSocketLink::decode(PacketView& packet) const {
    const auto data = buffer_.cdata();
    const std::string_view text(static_cast<const char*>(data.data()), data.size());
    if (stream_.got_binary()) {
        packet.type = PacketType::message;
        packet.data = text;
        packet.binary = true;
        return true;
    }
    const auto decoded = decode_packet(text);
    if (decoded) {
        packet = *decoded;
    }
    return decoded.has_value();
}

/// One message into buffer_. Beast's own limit would not tell the size of what was too large, so the limit is here: on
/// what a frame announces, where it is not compressed, and on what has come.
asio::awaitable<bool> WebSocketLink::read_message() {
    constexpr std::size_t kFirstPiece = 256;
    constexpr std::size_t kPiece = 16 * 1024;
    constexpr std::size_t kMostAhead = 64 * 1024;
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > kBufferKept) {
        buffer_ = boost::beast::flat_buffer{};
    }
    bool more = true;
    while (more) {
        if (shut_) {
            co_return false;    // Beast's close reads the rest, and leaves its hints without a meaning
        }
        const std::size_t room = config_->max_payload + 1 - buffer_.size();
        const std::size_t piece = buffer_.size() == 0 ? kFirstPiece : kPiece;
        // The hint is what a frame announces, which costs a client nothing: no more is reserved than has come.
        const std::size_t ahead = std::max(kMostAhead, buffer_.size());
        const std::size_t wanted = std::min({stream_.read_size_hint(piece), room, ahead});
        const auto [error, size] = co_await stream_.async_read_some(buffer_, wanted, kTuple);
        if (error || shut_ || is_too_large()) {
            co_return false;
        }
        more = !stream_.is_message_done();
    }
    flusher_->received();
    co_return true;
}

bool WebSocketLink::is_too_large() {
    const std::size_t limit = config_->max_payload;
    // A hint of 1 says nothing: it stands for a frame that is complete, too.
    const bool announced = !stream_.is_message_done() && !config_->deflate;
    const std::size_t left = announced ? stream_.read_size_hint(1) : 0;
    const std::size_t total = left > limit ? left : buffer_.size() + (left > 1 ? left : 0);
    if (total <= limit) {
        return false;
    }
    log_of(*config_).warn("websocket message too large client={} size={} limit={}", remote_, total,
                          limit);
    goodbye_ = websocket::close_code::too_big;
    return true;
}

asio::awaitable<void> WebSocketLink::read_loop(std::shared_ptr<EngineSession> session) {
    PacketView packet;
    bool sane = true;
    while (sane) {
        const bool read = co_await read_message();
        if (!read || !decode(packet)) {
            break;
        }
        sane = session->receive(packet);
    }
    const bool peer_left = !stream_.is_open();
    session->fail(peer_left || !sane ? "transport close" : "parse error");
}

void WebSocketLink::wake() {
    flusher_->add(self());
}

void WebSocketLink::flush() {
    if (blocked_) {
        return;
    }
    const auto session = session_.lock();
    ErrorCode error;
    bool more = true;
    for (std::size_t batch = 0; more; ++batch) {
        if (batch == kBatchesPerTurn) {
            wake();     // an application that refills the queue when it is empty would never let go
            return;
        }
        // Nothing is added to what the socket has not taken: what was taken from the queue is told when it is gone.
        if (session && stream_.next_layer().pending() == 0) {
            gather(*session);
        }
        more = stream_.next_layer().pending() > 0;
        if (!stream_.next_layer().flush(error)) {
            wait_until_writable();
            return;
        }
        const std::size_t cost = std::exchange(unwritten_, 0);
        if (session && (cost > 0 || error)) {
            session->written(cost, !error);
        }
    }
    if (session && !shut_ && session->finished()) {
        session->fail("closed");
    }
}

void WebSocketLink::gather(EngineSession& session) {
    while (!shut_ && !paused_ && stream_.is_open() &&
           stream_.next_layer().pending() < kBatchBytes) {
        const auto message = session.take();
        if (!message) {
            return;
        }
        unwritten_ += message->cost();
        write_message(*message);
        if (message->pause_after) {
            pause();
        }
    }
}

void WebSocketLink::write_message(const Message& message) {
    if (message.text) {
        write_frame(*message.text, false);
    }
    for (const Bytes& attachment : message.attachments) {
        write_frame(*attachment, true);
    }
}

/// Beast makes the frame, the stream below it keeps the bytes: neither waits, so the blocking call does not block.
void WebSocketLink::write_frame(const std::string& bytes, bool binary) {
    ErrorCode ignored;  // of a websocket that was closed meanwhile
    stream_.binary(binary);
    stream_.write(asio::buffer(bytes), ignored);
}

void WebSocketLink::wait_until_writable() {
    blocked_ = true;
    blocked_pending_ = stream_.next_layer().pending();
    stream_.next_layer().next_layer().async_wait(
        asio::socket_base::wait_write, [link = self()](ErrorCode error) {
            link->blocked_ = false;
            if (!error) {
                link->flush();
            }
        });
}

void WebSocketLink::pause() {
    paused_ = true;
    auto timer = std::make_shared<asio::steady_timer>(stream_.get_executor(), kPause);
    timer->async_wait([link = self(), timer](ErrorCode) {
        link->paused_ = false;
        link->flush();
    });
}

void WebSocketLink::kill_after(std::chrono::milliseconds limit) {
    limit_ = std::make_unique<asio::steady_timer>(stream_.get_executor(), limit);
    limit_->async_wait([weak = weak_from_this()](ErrorCode error) {
        const auto link = weak.lock();
        if (link && !error) {
            link->kill();
        }
    });
}

void WebSocketLink::shut() {
    if (!std::exchange(shut_, true)) {
        spawn(say_goodbye());
    }
}

asio::awaitable<void> WebSocketLink::say_goodbye() {
    shut_ = true;
    if (!stream_.is_open()) {
        kill();
        co_return;
    }
    kill_after(kGoodbyeLimit);
    const websocket::close_reason reason(goodbye_);
    co_await stream_.async_close(reason, kTuple);
    limit_.reset();
    kill();
}

void WebSocketLink::kill() {
    ErrorCode ignored;
    stream_.next_layer().next_layer().close(ignored);
}

}  // namespace flow::socketio
