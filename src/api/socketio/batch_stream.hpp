// The stream under Beast's websocket: what is written is kept, and flush() gives it to the kernel, so that many
// small frames make one write. Writing never fails and never waits; flush() tells what went wrong. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/error.hpp>

namespace flow::socketio {

/// TCP and Unix sockets alike.
using HttpStream = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;
using StreamSocket = boost::asio::generic::stream_protocol::socket;
using ErrorCode = boost::beast::error_code;

class BatchStream {
public:
    using next_layer_type = StreamSocket;
    using executor_type = StreamSocket::executor_type;

    explicit BatchStream(StreamSocket socket) : socket_(std::move(socket)) {}

    /// Bytes that were read before this stream began: they come first. Empty: none.
    void begin_with(std::string early) {
        early_ = early.empty() ? nullptr : std::make_unique<std::string>(std::move(early));
    }

    executor_type get_executor() { return socket_.get_executor(); }
    StreamSocket& next_layer() { return socket_; }
    const StreamSocket& next_layer() const { return socket_; }
    /// Called whenever something is kept that was not asked for: an answer to a ping or to a close.
    void on_written(std::function<void()> written) { written_ = std::move(written); }

    std::size_t pending() const { return pending_.size() - sent_; }
    /// False when the socket takes no more now; an error empties what is pending.
    bool flush(ErrorCode& error);

    template <class Buffers>
    std::size_t write_some(const Buffers& buffers, ErrorCode& error) {
        error = {};
        std::size_t size = 0;
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
            const boost::asio::const_buffer part(*it);
            pending_.append(static_cast<const char*>(part.data()), part.size());
            size += part.size();
        }
        return size;
    }
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers) {
        ErrorCode never;
        return write_some(buffers, never);
    }
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers, ErrorCode& error) {
        return early_ ? take_early(buffers) : socket_.read_some(buffers, error);
    }
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers) {
        return early_ ? take_early(buffers) : socket_.read_some(buffers);
    }
    template <class Buffers, class Handler>
    auto async_read_some(const Buffers& buffers, Handler&& handler) {
        if (early_) {
            return complete_with(take_early(buffers), handler);
        }
        return socket_.async_read_some(buffers, std::forward<Handler>(handler));
    }
    template <class Buffers, class Handler>
    auto async_write_some(const Buffers& buffers, Handler&& handler) {
        const std::size_t size = write_some(buffers);
        if (written_) {
            written_();
        }
        return complete_with(size, handler);
    }

private:
    template <class Handler>
    auto complete_with(std::size_t size, Handler& handler) {
        auto initiate = [executor = get_executor(), size](auto&& done) {
            boost::asio::post(executor,
                              boost::beast::bind_front_handler(std::forward<decltype(done)>(done),
                                                               ErrorCode{}, size));
        };
        return boost::asio::async_initiate<Handler, void(ErrorCode, std::size_t)>(initiate,
                                                                                  handler);
    }
    template <class Buffers>
    std::size_t take_early(const Buffers& buffers) {
        const std::size_t size = boost::asio::buffer_copy(buffers, boost::asio::buffer(*early_));
        early_->erase(0, size);
        if (early_->empty()) {
            early_.reset();
        }
        return size;
    }

    StreamSocket socket_;
    std::string pending_;
    std::size_t sent_ = 0;          ///< of pending_
    std::function<void()> written_;
    std::unique_ptr<std::string> early_;
};

}  // namespace flow::socketio
