#include "api/socketio/websocket_link.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket/option.hpp>

#include "api/socketio/log.hpp"

namespace flow::socketio {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
/// A goodbye that the peer does not answer ends after this time.
constexpr std::chrono::milliseconds kGoodbyeLimit{1'000};
/// The writer lets the kernel take what has been gathered before it encodes more than this.
constexpr std::size_t kBatchBytes = 64 * 1024;
/// The first messages of a turn go to the kernel one by one, and the answer to CONNECT has a moment for
/// itself: a client that waits for it before it listens for more (the protocol's own test suite does)
/// would lose what arrives together with it.
constexpr std::size_t kSingleMessages = 3;
constexpr std::chrono::milliseconds kPause{5};

websocket::stream_base::timeout timeouts() {
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = std::chrono::seconds(10);
    limits.idle_timeout = websocket::stream_base::none();
    limits.keep_alive_pings = false;
    return limits;
}

}  // namespace

WebSocketLink::WebSocketLink(HttpStream stream, std::shared_ptr<const Config> config,
                             std::string remote)
    : config_(std::move(config)),
      remote_(std::move(remote)),
      stream_(std::move(stream)),
      wake_(stream_.get_executor()),
      limit_(stream_.get_executor()) {
    stream_.next_layer().next_layer().expires_never();
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

asio::awaitable<ErrorCode> WebSocketLink::accept(Request request) {
    const auto self = shared_from_this();
    const auto [error] = co_await stream_.async_accept(request, kTuple);
    co_return error;
}

asio::awaitable<void> WebSocketLink::turn_away() {
    const auto self = shared_from_this();
    co_await say_goodbye();
}

asio::awaitable<void> WebSocketLink::serve(std::shared_ptr<EngineSession> session) {
    const auto self = shared_from_this();
    session->attach(self);
    start_writer(session);
    co_await read_loop(session);
}

asio::awaitable<void> WebSocketLink::serve_candidate(std::shared_ptr<EngineSession> session) {
    const auto self = shared_from_this();
    limit_.expires_after(config_->upgrade_timeout);
    limit_.async_wait([weak = weak_from_this()](ErrorCode error) {
        const auto link = weak.lock();
        if (link && !error) {
            link->kill();
        }
    });
    const bool taken_over = co_await try_upgrade(session);
    limit_.cancel();
    if (!taken_over) {
        session->abandon_candidate();
        co_await say_goodbye();
        co_return;
    }
    start_writer(session);
    co_await read_loop(session);
}

asio::awaitable<bool> WebSocketLink::try_upgrade(std::shared_ptr<EngineSession> session) {
    const std::string answer = "3probe";
    PacketView packet;
    while (co_await read_packet(packet)) {
        const auto step = session->on_candidate_packet(packet);
        if (step == TransportState::Step::take_over) {
            co_return true;
        }
        if (step == TransportState::Step::refuse) {
            co_return false;
        }
        const bool written = co_await write_frame(answer, false);
        if (!written) {
            co_return false;
        }
    }
    co_return false;
}

asio::awaitable<bool> WebSocketLink::read_packet(PacketView& packet) {
    const bool read = co_await read_message();
    if (!read) {
        co_return false;
    }
    const auto data = buffer_.cdata();
    const std::string_view text(static_cast<const char*>(data.data()), data.size());
    if (stream_.got_binary()) {
        packet.type = PacketType::message;
        packet.data = text;
        packet.binary = true;
        co_return true;
    }
    const auto decoded = decode_packet(text);
    if (decoded) {
        packet = *decoded;
    }
    co_return decoded.has_value();
}

/// One message into buffer_. Beast's own limit would not tell the size of what was too large, so the limit is here: on
/// what a frame announces, where it is not compressed, and on what has come.
asio::awaitable<bool> WebSocketLink::read_message() {
    constexpr std::size_t kPiece = 1536;
    const std::size_t limit = config_->max_payload;
    buffer_.consume(buffer_.size());
    bool more = true;
    while (more) {
        const std::size_t room = limit + 1 - buffer_.size();
        const std::size_t wanted = std::min(stream_.read_size_hint(kPiece), room);
        const auto [error, size] = co_await stream_.async_read_some(buffer_, wanted, kTuple);
        if (error) {
            co_return false;
        }
        more = !stream_.is_message_done();
        // A hint of 1 says nothing: it stands for a frame that is complete, too.
        const std::size_t left = more && !config_->deflate ? stream_.read_size_hint(1) : 0;
        const std::size_t total = left > limit ? left : buffer_.size() + (left > 1 ? left : 0);
        if (total > limit) {
            log_of(*config_).warn("websocket message too large client={} size={} limit={}", remote_, total, limit);
            goodbye_ = websocket::close_code::too_big;
            co_return false;
        }
    }
    co_return true;
}

asio::awaitable<void> WebSocketLink::read_loop(std::shared_ptr<EngineSession> session) {
    const auto self = shared_from_this();
    PacketView packet;
    bool sane = true;
    while (sane && co_await read_packet(packet)) {
        sane = session->receive(packet);
    }
    const bool peer_left = !stream_.is_open();
    session->fail(peer_left || !sane ? "transport close" : "parse error");
    wake();
}

void WebSocketLink::start_writer(const std::shared_ptr<EngineSession>& session) {
    auto ended = [self = shared_from_this(), session](std::exception_ptr failure) {
        if (failure) {
            log_of(*self->config_).error("websocket writer failed client={}", self->remote_);
            session->fail("transport error");
        }
    };
    asio::co_spawn(stream_.get_executor(), write_loop(session), std::move(ended));
}

asio::awaitable<void> WebSocketLink::write_loop(std::shared_ptr<EngineSession> session) {
    const auto self = shared_from_this();
    while (!shut_) {
        const bool written = co_await write_batch(*session);
        if (!written) {
            session->fail("transport error");
            co_return;
        }
        if (session->finished()) {
            session->fail("closed");
            co_return;
        }
        if (session->pending_bytes() == 0 && !shut_) {
            wake_.expires_at(TimePoint::max());
            co_await wake_.async_wait(kTuple);
        }
    }
}

asio::awaitable<bool> WebSocketLink::write_batch(EngineSession& session) {
    std::size_t cost = 0;
    std::size_t count = 0;
    bool ok = true;
    while (ok && stream_.next_layer().pending() < kBatchBytes) {
        const auto message = session.take();
        if (!message) {
            break;
        }
        cost += message->cost();
        ok = co_await write_message(*message);
        if (ok && (++count <= kSingleMessages || message->pause_after)) {
            const ErrorCode error = co_await stream_.next_layer().drain();
            ok = !error;
        }
        if (ok && message->pause_after) {
            asio::steady_timer pause(stream_.get_executor(), kPause);
            co_await pause.async_wait(kTuple);
        }
    }
    const ErrorCode error = co_await stream_.next_layer().drain();
    ok = ok && !error;
    session.written(cost, ok);
    co_return ok;
}

asio::awaitable<bool> WebSocketLink::write_message(const Message& message) {
    bool ok = true;
    if (message.text) {
        ok = co_await write_frame(*message.text, false);
    }
    for (const Bytes& attachment : message.attachments) {
        if (ok) {
            ok = co_await write_frame(*attachment, true);
        }
    }
    co_return ok;
}

asio::awaitable<bool> WebSocketLink::write_frame(const std::string& bytes, bool binary) {
    stream_.binary(binary);
    const auto [error, size] = co_await stream_.async_write(asio::buffer(bytes), kTuple);
    co_return !error;
}

void WebSocketLink::shut() {
    if (std::exchange(shut_, true)) {
        return;
    }
    wake();
    auto ended = [self = shared_from_this()](std::exception_ptr) { self->kill(); };
    asio::co_spawn(stream_.get_executor(), say_goodbye(), std::move(ended));
}

asio::awaitable<void> WebSocketLink::say_goodbye() {
    const auto self = shared_from_this();
    shut_ = true;
    if (!stream_.is_open()) {
        co_return;
    }
    limit_.expires_after(kGoodbyeLimit);
    limit_.async_wait([weak = weak_from_this()](ErrorCode error) {
        const auto link = weak.lock();
        if (link && !error) {
            link->kill();
        }
    });
    const websocket::close_reason reason(goodbye_);
    co_await stream_.async_close(reason, kTuple);
    limit_.cancel();
}

void WebSocketLink::kill() {
    stream_.next_layer().abort();
}

}  // namespace flow::socketio
