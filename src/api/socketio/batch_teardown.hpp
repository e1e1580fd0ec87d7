// How a BatchStream ends: what Beast's websocket finds by the argument's type, so that whoever makes a websocket of
// one includes this. One thread, as the stream; the caller keeps the stream until the handler has been called.
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/socket_base.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include "api/socketio/batch_stream.hpp"

namespace flow::socketio {

void beast_close_socket(BatchStream& stream);
void teardown(boost::beast::role_type role, BatchStream& stream, ErrorCode& error);

/// What is pending goes out before the end is said, also when the socket takes it piece by piece. Who does not want
/// to wait closes the socket; the websocket does so after its handshake timeout.
template <class Handler>
struct DrainedTeardown {
    boost::beast::role_type role;
    BatchStream& stream;
    Handler handler;

    void operator()(ErrorCode error) {
        using boost::beast::websocket::async_teardown;
        if (!error && !stream.flush(error)) {
            auto& socket = stream.next_layer();
            socket.async_wait(boost::asio::socket_base::wait_write, std::move(*this));
            return;
        }
        async_teardown(role, stream.next_layer(), std::move(handler));
    }
};

template <class Handler>
void async_teardown(boost::beast::role_type role, BatchStream& stream, Handler&& handler) {
    DrainedTeardown<std::decay_t<Handler>> teardown{role, stream, std::forward<Handler>(handler)};
    teardown(ErrorCode{});
}

}  // namespace flow::socketio
