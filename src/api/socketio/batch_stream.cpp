#include "api/socketio/batch_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace flow::socketio {

BatchStream::BatchStream(HttpStream stream) : state_(std::make_shared<State>(std::move(stream))) {}

BatchStream::~BatchStream() {
    if (state_) {
        abort();
    }
}

void BatchStream::abort() {
    state_->stream.close();
}

void BatchStream::schedule(const std::shared_ptr<State>& state) {
    if (state->scheduled) {
        return;
    }
    state->scheduled = true;
    boost::asio::post(state->stream.get_executor(), [state] { write(state); });
}

void BatchStream::write(const std::shared_ptr<State>& state) {
    state->writing = std::exchange(state->pending, {});
    auto done = [state](ErrorCode error, std::size_t) {
        state->writing.clear();
        if (error) {
            state->error = error;
            state->pending.clear();
        }
        if (!state->pending.empty()) {
            write(state);
            return;
        }
        state->scheduled = false;
        state->drained.cancel();
    };
    boost::asio::async_write(state->stream, boost::asio::buffer(state->writing), std::move(done));
}

boost::asio::awaitable<ErrorCode> BatchStream::drain() {
    const auto state = state_;
    while (state->scheduled) {
        state->drained.expires_at(boost::asio::steady_timer::time_point::max());
        co_await state->drained.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_return state->error;
}

void beast_close_socket(BatchStream& stream) {
    stream.abort();
}

void teardown(boost::beast::role_type role, BatchStream& stream, ErrorCode& error) {
    using boost::beast::websocket::teardown;
    teardown(role, stream.next_layer(), error);
}

}  // namespace flow::socketio
