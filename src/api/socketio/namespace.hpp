// The sockets of one namespace, the rooms they have joined, and what is needed to send to many of them
// at once. Knows nothing of transports. Everything belongs to the thread of the server's io_context;
// owned by the server's table, kept by its sockets while they live.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "api/socketio/recovery.hpp"
#include "api/socketio/server.hpp"

namespace flow::socketio {

class Namespace {
public:
    Namespace(std::string name, Handlers handlers, RecoveryLimits limits);

    const std::string& name() const { return name_; }
    /// A call into the application holds them: it may replace them from inside of itself.
    std::shared_ptr<const Handlers> handlers() const { return handlers_; }
    void set_handlers(Handlers handlers);
    Recovery& recovery() { return recovery_; }

    void add(const std::shared_ptr<Socket>& socket);
    /// Out of all its rooms, too.
    void remove(Socket& socket);
    void join(Socket& socket, std::string_view room);
    void leave(Socket& socket, std::string_view room);
    std::size_t size() const { return sockets_.size(); }

    /// Each socket once, in no order. A socket's id counts as a room with only it inside.
    std::vector<std::shared_ptr<Socket>> select(const Audience& audience) const;

private:
    using Members = std::unordered_set<Socket*>;

    template <class Visit>
    void each_of(const std::string& room, Visit&& visit) const;

    std::string name_;
    std::shared_ptr<const Handlers> handlers_;
    Recovery recovery_;
    std::unordered_map<std::string_view, std::shared_ptr<Socket>> sockets_;  ///< the keys are the sockets' ids
    std::unordered_map<std::string, Members> rooms_;
};

using NamespaceTable = std::map<std::string, std::shared_ptr<Namespace>, std::less<>>;

}  // namespace flow::socketio
