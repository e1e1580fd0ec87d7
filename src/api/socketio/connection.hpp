// What the core knows of an open connection, HTTP or websocket: how to end it. Registers itself for as long as
// it lives, so that the number of open ones is bounded and close() finds them.
#pragma once

#include <memory>

namespace flow::socketio {

class ServerCore;

class Connection : public std::enable_shared_from_this<Connection> {
public:
    explicit Connection(std::shared_ptr<ServerCore> core);
    virtual ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Closes the socket without a word.
    virtual void kill() = 0;
    /// Closes it if nothing is being read, answered or carried.
    virtual void close_if_idle() {}

protected:
    const std::shared_ptr<ServerCore>& core() const { return core_; }

private:
    std::shared_ptr<ServerCore> core_;
};

}  // namespace flow::socketio
