#include "api/socketio/batch_teardown.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace flow::socketio {

bool BatchStream::flush(ErrorCode& error) {
    constexpr std::size_t kKept = 4096;
    error = {};
    while (pending() > 0 && !error) {
        const ssize_t sent = ::send(socket_.native_handle(), pending_.data() + sent_, pending(),
                                    MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            sent_ += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            pending_.erase(0, std::exchange(sent_, 0));
            return false;
        } else if (errno != EINTR) {
            error.assign(errno, boost::system::system_category());
        }
    }
    sent_ = 0;
    pending_.clear();
    if (pending_.capacity() > kKept) {
        pending_ = {};
    }
    return true;
}

void beast_close_socket(BatchStream& stream) {
    ErrorCode ignored;
    stream.next_layer().close(ignored);
}

void teardown(boost::beast::role_type role, BatchStream& stream, ErrorCode& error) {
    using boost::beast::websocket::teardown;
    stream.flush(error);
    teardown(role, stream.next_layer(), error);
}

}  // namespace flow::socketio
