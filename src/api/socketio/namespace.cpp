#include "api/socketio/namespace.hpp"

#include <algorithm>
#include <utility>

namespace flow::socketio {

Namespace::Namespace(std::string name, Handlers handlers, RecoveryLimits limits)
    : name_(std::move(name)),
      handlers_(std::make_shared<const Handlers>(std::move(handlers))),
      recovery_(limits) {}

void Namespace::set_handlers(Handlers handlers) {
    handlers_ = std::make_shared<const Handlers>(std::move(handlers));
}

void Namespace::add(const std::shared_ptr<Socket>& socket) {
    sockets_.erase(socket->id());
    sockets_.emplace(socket->id(), socket);
    for (const std::string& room : socket->rooms()) {
        rooms_[room].insert(socket.get());
    }
}

void Namespace::remove(Socket& socket) {
    const auto rooms = socket.rooms_;
    for (const std::string& room : rooms) {
        leave(socket, room);
    }
    sockets_.erase(socket.id());
}

void Namespace::join(Socket& socket, std::string_view room) {
    const std::string name(room);
    if (rooms_[name].insert(&socket).second) {
        socket.rooms_.push_back(name);
    }
}

void Namespace::leave(Socket& socket, std::string_view room) {
    const auto found = rooms_.find(std::string(room));
    if (found == rooms_.end() || found->second.erase(&socket) == 0) {
        return;
    }
    std::erase(socket.rooms_, found->first);
    if (found->second.empty()) {
        rooms_.erase(found);
    }
}

template <class Visit>
void Namespace::each_of(const std::string& room, Visit&& visit) const {
    const auto members = rooms_.find(room);
    if (members != rooms_.end()) {
        std::for_each(members->second.begin(), members->second.end(), visit);
    }
    const auto alone = sockets_.find(room);
    if (alone != sockets_.end()) {
        visit(alone->second.get());
    }
}

std::vector<std::shared_ptr<Socket>> Namespace::select(const Audience& audience) const {
    Members without;
    for (const std::string& room : audience.except) {
        each_of(room, [&without](Socket* socket) { without.insert(socket); });
    }
    std::vector<std::shared_ptr<Socket>> chosen;
    if (audience.rooms.empty()) {
        chosen.reserve(sockets_.size());
        for (const auto& [id, socket] : sockets_) {
            if (without.empty() || !without.contains(socket.get())) {
                chosen.push_back(socket);
            }
        }
        return chosen;
    }
    for (const std::string& room : audience.rooms) {
        each_of(room, [&](Socket* socket) {
            if (without.insert(socket).second) {    // those chosen already are not chosen again
                chosen.push_back(socket->shared_from_this());
            }
        });
    }
    return chosen;
}

}  // namespace flow::socketio
