// How a client comes into a namespace and leaves it: middleware, the answer to CONNECT, and the recovery
// of a session whose connection was lost.
#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "api/socketio/client.hpp"
#include "api/socketio/engine_site.hpp"

namespace flow::socketio {
namespace {

using Clock = std::chrono::steady_clock;

/// Ends that nobody wished: the client may come back as the one it was.
bool is_recoverable(std::string_view reason) {
    constexpr std::array<std::string_view, 4> kReasons = {"transport error", "transport close",
                                                          "ping timeout", "send queue full"};
    return std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
}

std::string text_of(const Json& auth, const char* key) {
    const auto found = auth.find(key);
    return found != auth.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

bool asks_for_recovery(const Json& auth) {
    const auto found = auth.find("recovery");
    return found != auth.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

void Client::on_connect(SocketPacket packet) {
    const auto known = namespaces_->find(packet.nsp);
    if (known == namespaces_->end()) {
        ConnectError unknown;
        unknown.message = "Invalid namespace";
        refuse(packet.nsp, unknown);
        return;
    }
    if (find(packet.nsp)) {
        return;
    }
    const auto nsp = known->second;
    Json auth = packet.data ? std::move(*packet.data) : Json::object();
    const bool recovers = config_->recovery && asks_for_recovery(auth);
    if (recovers && recover(nsp, auth)) {
        return;
    }
    const auto socket = make_socket(nsp, make_id(), std::move(auth));
    socket->pid_ = recovers ? make_id() : std::string{};
    sockets_.push_back(socket);
    ask_middleware(socket, nsp->handlers(), 0);
}

std::shared_ptr<Socket> Client::make_socket(std::shared_ptr<Namespace> nsp, std::string id,
                                            Json auth) {
    auto socket = std::make_shared<Socket>(weak_from_this(), std::move(nsp), std::move(id),
                                           std::move(auth));
    if (const auto session = session_.lock()) {
        socket->handshake_ = session->handshake();
    }
    return socket;
}

/// All of the chain that was set when the client came.
void Client::ask_middleware(const std::shared_ptr<Socket>& socket,
                            const std::shared_ptr<const Handlers>& handlers, std::size_t index) {
    if (socket->state_ != Socket::State::joining) {
        return;     // left meanwhile
    }
    const auto& chain = handlers->middleware;
    if (index >= chain.size()) {
        join(socket);
        return;
    }
    Next next = [weak = weak_from_this(), socket, handlers, index,
                 used = std::make_shared<bool>(false)](std::optional<ConnectError> error) {
        const auto self = weak.lock();
        if (!self || std::exchange(*used, true)) {
            return;
        }
        if (error) {
            self->turn_away(socket, *error);
        } else {
            self->ask_middleware(socket, handlers, index + 1);
        }
    };
    if (!guarded("middleware", [&] { chain[index](socket, next); })) {
        ConnectError failed;
        failed.message = "internal error";
        next(std::move(failed));
    }
}

void Client::turn_away(const std::shared_ptr<Socket>& socket, const ConnectError& error) {
    if (socket->state_ == Socket::State::joining) {
        refuse(socket->nsp(), error);
        remove(socket, "refused");
    }
}

bool Client::recover(const std::shared_ptr<Namespace>& nsp, const Json& auth) {
    const std::string pid = text_of(auth, "pid");
    auto restored = pid.empty() ? std::nullopt
                                : nsp->recovery().restore(Clock::now(), pid, text_of(auth, "offset"));
    if (!restored) {
        return false;
    }
    const auto socket = make_socket(nsp, std::move(restored->session.id), auth);
    socket->pid_ = pid;
    socket->recovered_ = true;
    // A client that is lost again before it has what it missed asks from the same place.
    socket->joined_offset_ = restored->seen;
    socket->rooms_ = std::move(restored->session.rooms);
    socket->user_data = std::move(restored->session.user_data);
    sockets_.push_back(socket);
    greet(socket);
    for (const auto& [offset, event] : restored->missed) {
        socket->deliver(event, false, offset);
    }
    welcome(socket);
    return true;
}

void Client::join(const std::shared_ptr<Socket>& socket) {
    greet(socket);
    welcome(socket);
}

/// The answer to CONNECT.
void Client::greet(const std::shared_ptr<Socket>& socket) {
    joined_once_ = true;
    limit_.reset();
    if (decoder_.waiting()) {
        limit_session(config_->attachment_timeout, "parse error");
    }
    socket->state_ = Socket::State::connected;
    socket->nsp_->add(socket);
    SocketPacket answer;
    answer.type = SocketPacketType::connect;
    answer.nsp = socket->nsp();
    answer.data = Json::object();
    (*answer.data)["sid"] = socket->id();
    if (!socket->pid_.empty()) {
        Recovery& recovery = socket->nsp_->recovery();
        recovery.enter();
        if (!socket->recovered_) {
            socket->joined_offset_ = recovery.newest();
        }
        (*answer.data)["pid"] = socket->pid_;
        (*answer.data)["offset"] = std::to_string(socket->joined_offset_);
    }
    Message message = encode_packet(answer);
    message.pause_after = true;
    send(std::move(message));
}

void Client::welcome(const std::shared_ptr<Socket>& socket) {
    const auto handlers = socket->nsp_->handlers();
    if (handlers->on_connect) {
        guarded("on_connect", [&] { handlers->on_connect(socket); });
    }
}

void Client::refuse(const std::string& nsp, const ConnectError& error) {
    SocketPacket answer;
    answer.type = SocketPacketType::connect_error;
    answer.nsp = nsp;
    answer.data = Json::object();
    (*answer.data)["message"] = error.message;
    if (!error.data.is_null()) {
        (*answer.data)["data"] = error.data;
    }
    send_packet(answer);
}

void Client::part(Socket& socket, std::string_view reason) {
    Recovery::Parked parked;
    parked.id = socket.id();
    parked.rooms = socket.rooms();
    parked.joined = socket.joined_offset_;
    parked.user_data = socket.user_data;
    socket.nsp_->remove(socket);
    if (socket.pid_.empty()) {
        return;
    }
    socket.nsp_->recovery().leave();
    if (is_recoverable(reason)) {
        socket.nsp_->recovery().park(Clock::now(), socket.pid_, std::move(parked));
    }
}

}  // namespace flow::socketio
