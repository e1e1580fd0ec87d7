#include "api/socketio/engine_session.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "api/socketio/json_text.hpp"
#include "api/socketio/log.hpp"

namespace flow::socketio {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a closing session waits for the client to fetch what is left.
constexpr Millis kLinger{5'000};

}  // namespace

EngineSession::EngineSession(boost::asio::any_io_executor executor,
                             std::shared_ptr<const Config> config, SessionInit init)
    : config_(std::move(config)),
      init_(std::move(init)),
      transport_(init_.transport),
      heartbeat_(config_->ping_interval, config_->ping_timeout, Clock::now()),
      queue_(config_->max_send_queue),
      timer_(executor) {}

void EngineSession::start(std::shared_ptr<SessionUser> user) {
    user_ = std::move(user);
    arm(heartbeat_.next());
}

std::string EngineSession::open_packet() const {
    Json open = Json::object();
    open["sid"] = init_.sid;
    open["upgrades"] = Json::array();
    if (init_.transport == TransportKind::polling) {
        open["upgrades"].push_back("websocket");
    }
    open["pingInterval"] = config_->ping_interval.count();
    open["pingTimeout"] = config_->ping_timeout.count();
    open["maxPayload"] = config_->max_payload;
    return "0" + dump_json(open);
}

void EngineSession::send(Message message) {
    if (life_ != Life::open) {
        return;
    }
    const bool droppable = message.droppable;
    if (queue_.push(std::move(message))) {
        if (droppable) {
            trim_queue();
        }
        wake_writer();
        return;
    }
    // The caller may be going through its sockets: it hears of the end later, not from inside this
    // call.
    life_ = Life::doomed;
    log_of(*config_).warn("slow client closed client={} queued_bytes={} limit={}",
                          init_.handshake->remote, pending_bytes(), config_->max_send_queue);
    boost::asio::post(timer_.get_executor(),
                      [self = shared_from_this()] { self->fail("send queue full"); });
}

/// What may be dropped must not keep a slow client from its pings, its answers and what it has to hear. As long as the
/// kernel takes all that a turn brings, nothing says that the client is slow.
void EngineSession::trim_queue() {
    if (!link_ || link_->stalled()) {
        queue_.trim_droppable(config_->max_volatile_queue);
    }
    if (queue_.dropped() > 0 && !std::exchange(told_of_drops_, true)) {
        log_of(*config_).warn("slow client misses volatile events from here on client={} queued_bytes={} limit={}",
                              init_.handshake->remote, pending_bytes(), config_->max_volatile_queue);
    }
}

void EngineSession::send_raw(std::string_view data, bool binary) {
    Message message;
    if (binary) {
        message.attachments.push_back(make_bytes(std::string(data)));
    } else {
        message.text = make_bytes("4" + std::string(data));
    }
    send(std::move(message));
}

void EngineSession::finish(const std::string& reason) {
    if (life_ != Life::open) {
        return;
    }
    life_ = Life::closing;
    arm(Clock::now() + kLinger);
    if (candidate_) {
        std::exchange(candidate_, nullptr)->shut();
        transport_.upgrade_abandoned();
    }
    tell_user(reason);
    wake_writer();
}

void EngineSession::fail(const std::string& reason, PacketType farewell) {
    if (life_ == Life::closed) {
        return;
    }
    const auto self = shared_from_this();
    life_ = Life::closed;
    farewell_ = farewell;
    queue_.clear();
    timer_.cancel();
    wake_poll();
    for (auto* link : {&candidate_, &link_}) {
        if (const auto gone = std::exchange(*link, nullptr)) {
            gone->shut();
        }
    }
    tell_user(reason);
    if (const auto on_gone = std::exchange(init_.on_gone, nullptr)) {
        on_gone(init_.sid);
    }
}

void EngineSession::tell_user(const std::string& reason) {
    if (const auto user = std::exchange(user_, nullptr)) {
        user->on_closed(reason);
    }
}

std::optional<Message> EngineSession::take() {
    if (life_ == Life::closed) {
        return std::nullopt;
    }
    auto message = queue_.pop();
    if (message) {
        in_flight_ += message->cost();
    }
    return message;
}

void EngineSession::written(std::size_t cost, bool ok) {
    in_flight_ -= cost;
    if (!ok) {
        fail("transport error");
    } else if (cost > 0 && life_ == Life::open && owed_bytes() == 0) {
        const auto user = user_;
        user->on_drained();
    }
}

bool EngineSession::receive(const PacketView& packet) {
    if (life_ == Life::closing) {
        // Only its own goodbye ends it: what is queued for the client still goes out.
        if (packet.type == PacketType::close) {
            fail("transport close", PacketType::noop);
        }
        return true;
    }
    if (life_ != Life::open) {
        return false;
    }
    const TimePoint now = Clock::now();
    heartbeat_.on_packet(now);
    switch (packet.type) {
        case PacketType::pong:
            heartbeat_.on_pong(now);
            if (heartbeat_.next() < armed_) {
                arm(heartbeat_.next());
            }
            return true;
        case PacketType::message: {
            const auto user = user_;
            if (!user->on_message(packet.data, packet.binary)) {
                fail("parse error");
                return false;
            }
            return true;
        }
        case PacketType::close: fail("transport close", PacketType::noop); return true;
        // Since version 4 the server pings; a client that does is of another version.
        case PacketType::ping: fail("transport error"); return false;
        case PacketType::open:
        case PacketType::upgrade:
        case PacketType::noop: return true;
    }
    return true;
}

bool EngineSession::attach_candidate(std::shared_ptr<TransportLink> link) {
    if (life_ != Life::open || !transport_.upgrade_begins()) {
        return false;
    }
    candidate_ = std::move(link);
    return true;
}

TransportState::Step EngineSession::on_candidate_packet(const PacketView& packet) {
    if (life_ != Life::open) {
        return TransportState::Step::refuse;
    }
    const auto step = transport_.on_candidate_packet(packet);
    if (step == TransportState::Step::take_over) {
        link_ = std::move(candidate_);
    }
    if (step != TransportState::Step::refuse) {
        heartbeat_.on_packet(Clock::now());
        wake_poll();
    }
    return step;
}

void EngineSession::abandon_candidate() {
    candidate_.reset();
    if (transport_.kind() == TransportKind::polling) {
        transport_.upgrade_abandoned();
        wake_poll();
    }
}

void EngineSession::wake_writer() {
    if (transport_.kind() == TransportKind::websocket) {
        if (link_) {
            link_->wake();
        }
    } else if (life_ != Life::open || !transport_.poll_gets_noop()) {
        wake_poll();
    }
}

void EngineSession::wake_poll() {
    if (poll_wake_) {
        poll_wake_->cancel();
    }
}

void EngineSession::arm(TimePoint when) {
    armed_ = when;
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (self && !error) {
            self->on_timer();
        }
    });
}

void EngineSession::on_timer() {
    if (life_ == Life::closing) {
        fail("closed");
        return;
    }
    if (life_ != Life::open) {
        return;
    }
    switch (heartbeat_.check(Clock::now())) {
        case Heartbeat::Due::timeout: fail("ping timeout"); return;
        case Heartbeat::Due::ping:
            queue_.push_control(text_message("2"));
            wake_writer();
            break;
        case Heartbeat::Due::nothing: break;
    }
    arm(heartbeat_.next());
}

}  // namespace flow::socketio
