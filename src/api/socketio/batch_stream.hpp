// A stream under Beast's websocket that gathers small writes: what is written in one turn of the
// loop goes to the kernel together. A write completes when its bytes are kept; drain() waits until
// they are gone and reports what went wrong. The state is shared with the write in progress, which
// may outlive the stream.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>

namespace flow::socketio {

/// TCP and Unix sockets alike.
using HttpStream = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;
using ErrorCode = boost::beast::error_code;

class BatchStream {
public:
    using next_layer_type = HttpStream;
    using executor_type = HttpStream::executor_type;

    explicit BatchStream(HttpStream stream);
    ~BatchStream();
    BatchStream(BatchStream&&) noexcept = default;
    BatchStream& operator=(BatchStream&&) = delete;

    executor_type get_executor() { return state_->stream.get_executor(); }
    HttpStream& next_layer() { return state_->stream; }
    const HttpStream& next_layer() const { return state_->stream; }

    template <class Buffers, class Handler>
    auto async_read_some(const Buffers& buffers, Handler&& handler) {
        return state_->stream.async_read_some(buffers, std::forward<Handler>(handler));
    }

    template <class Buffers, class Handler>
    auto async_write_some(const Buffers& buffers, Handler&& handler) {
        const ErrorCode error = state_->error;
        const std::size_t size = error ? 0 : boost::asio::buffer_size(buffers);
        if (!error) {
            state_->pending.append(boost::asio::buffers_begin(buffers),
                                   boost::asio::buffers_end(buffers));
            schedule(state_);
        }
        auto initiate = [executor = get_executor(), error, size](auto&& done) {
            boost::asio::post(executor, boost::beast::bind_front_handler(
                                            std::forward<decltype(done)>(done), error, size));
        };
        return boost::asio::async_initiate<Handler, void(ErrorCode, std::size_t)>(initiate,
                                                                                  handler);
    }

    std::size_t pending() const { return state_->pending.size() + state_->writing.size(); }
    /// Waits until everything written so far has been given to the kernel.
    boost::asio::awaitable<ErrorCode> drain();
    /// Ends all that is in progress.
    void abort();

private:
    struct State {
        explicit State(HttpStream next) : stream(std::move(next)), drained(stream.get_executor()) {}

        HttpStream stream;
        boost::asio::steady_timer drained;
        std::string pending;
        std::string writing;
        bool scheduled = false;
        ErrorCode error;
    };
    /// The kernel gets the bytes at the end of this turn, or when the write in progress is done.
    static void schedule(const std::shared_ptr<State>& state);
    static void write(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
};

void beast_close_socket(BatchStream& stream);
void teardown(boost::beast::role_type role, BatchStream& stream, ErrorCode& error);

template <class Handler>
void async_teardown(boost::beast::role_type role, BatchStream& stream, Handler&& handler) {
    using boost::beast::websocket::async_teardown;
    async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

}  // namespace flow::socketio
