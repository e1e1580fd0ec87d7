#include "api/socketio/client.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/post.hpp>

#include "api/socketio/log.hpp"

namespace flow::socketio {

Client::Client(boost::asio::any_io_executor executor, std::shared_ptr<const Config> config,
               std::shared_ptr<const NamespaceTable> namespaces,
               std::weak_ptr<EngineSession> session)
    : executor_(executor),
      config_(std::move(config)),
      namespaces_(std::move(namespaces)),
      session_(std::move(session)),
      decoder_(DecoderLimits{config_->max_json_depth, config_->max_attachments,
                             config_->max_payload}) {}

void Client::start() {
    limit_session(config_->connect_timeout, "connect timeout");
}

bool Client::guarded(std::string_view what, const std::function<void()>& call) const {
    try {
        call();
        return true;
    } catch (const std::exception& failure) {
        log_of(*config_).error("handler failed handler={} what=\"{}\"", what, failure.what());
        return false;
    }
}

std::shared_ptr<Socket> Client::find(std::string_view nsp) const {
    for (const auto& socket : sockets_) {
        if (socket->nsp() == nsp) {
            return socket;
        }
    }
    return nullptr;
}

/// Ends the session later unless the timer is used for something else or cancelled before.
void Client::limit_session(std::chrono::milliseconds after, std::string reason) {
    limit_ = std::make_unique<boost::asio::steady_timer>(executor_, after);
    auto over = [weak = session_, reason = std::move(reason)](boost::system::error_code error) {
        const auto session = weak.lock();
        if (session && !error) {
            session->fail(reason);
        }
    };
    limit_->async_wait(std::move(over));
}

bool Client::on_message(std::string_view data, bool binary) {
    const auto self = shared_from_this();
    const bool waited = decoder_.waiting();
    const auto status = binary ? decoder_.feed_binary(data) : decoder_.feed_text(data);
    if (status == Decoder::Status::error) {
        const auto session = session_.lock();
        log_of(*config_).warn("malformed packet client={} bytes={} why=\"{}\"",
                              session ? session->handshake()->remote : "", data.size(),
                              decoder_.error());
        return false;
    }
    if (decoder_.waiting() && !waited && joined_once_) {
        limit_session(config_->attachment_timeout, "parse error");
    }
    if (status == Decoder::Status::need_more) {
        return true;
    }
    if (waited && joined_once_) {
        limit_.reset();
    }
    return on_packet(decoder_.take());
}

bool Client::on_packet(SocketPacket packet) {
    if (packet.type == SocketPacketType::connect) {
        on_connect(std::move(packet));
        return true;
    }
    const auto socket = find(packet.nsp);
    if (!socket) {
        // What was on its way while the server closed the namespace is no mistake of the client.
        return joined_once_;
    }
    if (socket->state_ == Socket::State::joining && packet.type != SocketPacketType::disconnect) {
        return true;    // as Node does: nothing is heard before the answer to CONNECT
    }
    switch (packet.type) {
        case SocketPacketType::disconnect:
            remove(socket, "client namespace disconnect");
            return true;
        case SocketPacketType::event: on_event(socket, std::move(packet)); return true;
        case SocketPacketType::ack: on_ack(std::move(packet)); return true;
        case SocketPacketType::connect:
        case SocketPacketType::connect_error: break;
    }
    return false;
}

void Client::on_event(const std::shared_ptr<Socket>& socket, SocketPacket packet) {
    const auto handlers = socket->nsp_->handlers();
    // The application may have sent it away a moment ago.
    if (!handlers->on_event || !socket->connected()) {
        return;
    }
    Json args = std::move(*packet.data);
    std::string event =
        args.front().is_string() ? args.front().get<std::string>() : dump_json(args.front());
    args.erase(args.begin());
    Ack ack = packet.id ? make_ack(socket, *packet.id) : Ack{};
    guarded("on_event", [&] {
        handlers->on_event(socket, std::move(event), std::move(args), std::move(ack));
    });
}

Ack Client::make_ack(const std::shared_ptr<Socket>& socket, std::uint64_t id) {
    return [weak = weak_from_this(), of = std::weak_ptr<Socket>(socket), id,
            used = std::make_shared<bool>(false)](const Json& answer) {
        const auto self = weak.lock();
        const auto owner = of.lock();
        if (self && owner && owner->connected() && !std::exchange(*used, true)) {
            self->send_ack(owner->nsp(), id, answer);
        }
    };
}

void Client::send_ack(const std::string& nsp, std::uint64_t id, const Json& answer) {
    SocketPacket packet;
    packet.type = SocketPacketType::ack;
    packet.nsp = nsp;
    packet.id = id;
    if (answer.is_array()) {
        packet.data = answer;
    } else {
        packet.data = Json::array();
        packet.data->push_back(answer);
    }
    send_packet(packet);
}

std::uint64_t Client::expect_ack(const std::string& nsp, std::chrono::milliseconds timeout,
                                 AckReply reply) {
    const std::uint64_t id = next_ack_++;
    Expected expected{nsp, std::move(reply), boost::asio::steady_timer(executor_)};
    expected.timer.expires_after(timeout);
    const auto at = expected_.emplace(id, std::move(expected)).first;
    at->second.timer.async_wait([weak = weak_from_this(), id](boost::system::error_code error) {
        const auto self = weak.lock();
        if (self && !error) {
            self->settle_ack(id, std::nullopt);
        }
    });
    return id;
}

void Client::on_ack(SocketPacket packet) {
    const auto found = expected_.find(*packet.id);
    if (found != expected_.end() && found->second.nsp == packet.nsp) {
        settle_ack(*packet.id, std::move(packet.data));
    }
}

void Client::settle_ack(std::uint64_t id, std::optional<Json> args) {
    auto node = expected_.extract(id);
    if (!node.empty() && node.mapped().reply) {
        guarded("ack", [&] { node.mapped().reply(std::move(args)); });
    }
}

void Client::leave(const std::shared_ptr<Socket>& socket) {
    SocketPacket goodbye;
    goodbye.type = SocketPacketType::disconnect;
    goodbye.nsp = socket->nsp();
    send_packet(goodbye);
    boost::asio::post(executor_, [self = shared_from_this(), socket] {
        self->remove(socket, "server namespace disconnect");
    });
}

void Client::remove(const std::shared_ptr<Socket>& socket, const std::string& reason) {
    const auto found = std::find(sockets_.begin(), sockets_.end(), socket);
    if (found == sockets_.end()) {
        return;
    }
    sockets_.erase(found);
    const bool heard_of = socket->state_ != Socket::State::joining;
    socket->state_ = Socket::State::gone;
    socket->drained_ = nullptr;
    std::vector<std::uint64_t> open;
    for (const auto& [id, expected] : expected_) {
        if (expected.nsp == socket->nsp()) {
            open.push_back(id);
        }
    }
    for (const std::uint64_t id : open) {
        settle_ack(id, std::nullopt);
    }
    if (!heard_of) {
        return;
    }
    part(*socket, reason);
    const auto handlers = socket->nsp_->handlers();
    if (handlers->on_disconnect) {
        guarded("on_disconnect", [&] { handlers->on_disconnect(socket, reason); });
    }
}

void Client::on_closed(const std::string& reason) {
    const auto self = shared_from_this();
    limit_.reset();
    while (!sockets_.empty()) {
        const auto socket = sockets_.back();
        remove(socket, reason);
    }
}

void Client::on_drained() {
    const auto self = shared_from_this();
    const auto sockets = sockets_;
    for (const auto& socket : sockets) {
        const auto drained = socket->drained_;
        if (drained) {
            guarded("on_drain", drained);
        }
    }
}

void Client::send(Message message) {
    if (const auto session = session_.lock()) {
        session->send(std::move(message));
    }
}

void Client::send_packet(const SocketPacket& packet) {
    send(encode_packet(packet));
}

std::size_t Client::pending_bytes() const {
    const auto session = session_.lock();
    return session ? session->pending_bytes() : 0;
}

std::size_t Client::owed_bytes() const {
    const auto session = session_.lock();
    return session ? session->owed_bytes() : 0;
}

}  // namespace flow::socketio
