// What an EngineSession is made with and meets: the layer above it, a websocket below it, the answer
// to a poll. Interfaces and plain values; everything is called on the io_context's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/socketio/session_state.hpp"
#include "api/socketio/socket.hpp"

namespace flow::socketio {

/// The layer above.
class SessionUser {
public:
    virtual ~SessionUser() = default;
    /// False: not understood; the session ends with "parse error".
    virtual bool on_message(std::string_view data, bool binary) = 0;
    virtual void on_closed(const std::string& reason) = 0;
    /// Nothing that may not be dropped is queued or being written any more.
    virtual void on_drained() = 0;
};

/// A websocket as the session sees it.
class TransportLink {
public:
    virtual ~TransportLink() = default;
    virtual void wake() = 0;
    /// The kernel has taken what it takes: the client reads more slowly than it is written to.
    virtual bool stalled() const = 0;
    /// Says goodbye and closes, soon.
    virtual void shut() = 0;
};

struct PollAnswer {
    bool conflict = false;  ///< a second poll at once: 400
    std::string payload;
    std::size_t cost = 0;  ///< for written()
};

struct SessionInit {
    std::string sid;
    TransportKind transport = TransportKind::polling;
    std::shared_ptr<const Handshake> handshake;
    std::function<void(const std::string& sid)> on_gone;
};

}  // namespace flow::socketio
