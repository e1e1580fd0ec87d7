// The listening half of ServerCore: binding, accepting, and the names of both ends.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/socketio/http_connection.hpp"
#include "api/socketio/log.hpp"
#include "api/socketio/server_core.hpp"

namespace flow::socketio {
namespace {

namespace asio = boost::asio;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
/// Out of file descriptors, for example: give others time to close some.
constexpr std::chrono::milliseconds kAcceptPause{100};
/// Bytes that the kernel keeps unsent; its own limit is megabytes. What waits with us can be overtaken and dropped.
constexpr int kMostUnsent = 128 * 1024;

std::string endpoint_text(const asio::ip::tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const std::string port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

void ignore_end(std::exception_ptr) {}

/// A file that nobody listens on is what a killed process leaves behind.
ErrorCode remove_stale_socket(asio::io_context& io, const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        return {};
    }
    if (!S_ISSOCK(info.st_mode)) {
        return asio::error::address_in_use;
    }
    asio::local::stream_protocol::socket probe(io);
    ErrorCode error;
    probe.connect(asio::local::stream_protocol::endpoint(path), error);
    if (error != asio::error::connection_refused) {
        return error ? error : ErrorCode(asio::error::address_in_use);
    }
    ::unlink(path.c_str());
    return {};
}

}  // namespace

boost::system::result<std::uint16_t> ServerCore::listen(const Tcp::endpoint& endpoint) {
    auto acceptor = std::make_shared<Tcp::acceptor>(io_);
    ErrorCode error;
    acceptor->open(endpoint.protocol(), error);
    if (!error) {
        acceptor->set_option(Tcp::acceptor::reuse_address(true), error);
    }
    if (!error && endpoint.protocol() == Tcp::v6()) {
        acceptor->set_option(asio::ip::v6_only(true), error);
    }
    if (!error) {
        acceptor->bind(endpoint, error);
    }
    if (!error) {
        acceptor->listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return error;
    }
    const std::uint16_t port = acceptor->local_endpoint().port();
    stop_listeners_.emplace_back([acceptor] {
        ErrorCode ignored;
        acceptor->close(ignored);
    });
    asio::co_spawn(io_, accept_tcp(acceptor), ignore_end);
    return port;
}

boost::system::result<void> ServerCore::listen_unix(const std::string& path) {
    constexpr std::size_t kMaxPath = 107;
    if (path.empty() || path.size() > kMaxPath) {
        return ErrorCode(asio::error::name_too_long);
    }
    ErrorCode error = remove_stale_socket(io_, path);
    if (error) {
        return error;
    }
    auto acceptor = std::make_shared<Unix::acceptor>(io_);
    acceptor->open(Unix(), error);
    if (!error && ::fchmod(acceptor->native_handle(), S_IRUSR | S_IWUSR) != 0) {
        error.assign(errno, boost::system::system_category());
    }
    if (!error) {
        acceptor->bind(Unix::endpoint(path), error);
    }
    if (!error) {
        acceptor->listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return error;
    }
    stop_listeners_.emplace_back([acceptor, path] {
        ErrorCode ignored;
        acceptor->close(ignored);
        ::unlink(path.c_str());
    });
    asio::co_spawn(io_, accept_unix(acceptor), ignore_end);
    return {};
}

asio::awaitable<void> ServerCore::accept_failed(ErrorCode error) {
    log_of(*config_).warn("accept failed error=\"{}\"", error.message());
    asio::steady_timer pause(io_);
    pause.expires_after(kAcceptPause);
    co_await pause.async_wait(kTuple);
}

asio::awaitable<void> ServerCore::accept_tcp(std::shared_ptr<Tcp::acceptor> acceptor) {
    const auto self = shared_from_this();
    while (!closing_) {
        auto [error, socket] = co_await acceptor->async_accept(kTuple);
        if (!acceptor->is_open()) {
            co_return;
        }
        if (error) {
            co_await accept_failed(error);
        } else {
            adopt_tcp(std::move(socket));
        }
    }
}

void ServerCore::adopt_tcp(Tcp::socket socket) {
    ErrorCode error;
    ConnectionNames names;
    const auto remote = socket.remote_endpoint(error);
    if (error) {
        return;
    }
    const auto local = socket.local_endpoint(error);
    names.remote = endpoint_text(remote);
    names.local = endpoint_text(local);
    names.remote_is_loopback = remote.address().is_loopback();
    socket.set_option(Tcp::no_delay(true), error);
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMostUnsent, sizeof(kMostUnsent));
    adopt(HttpStream(asio::generic::stream_protocol::socket(std::move(socket))), std::move(names));
}

asio::awaitable<void> ServerCore::accept_unix(std::shared_ptr<Unix::acceptor> acceptor) {
    const auto self = shared_from_this();
    while (!closing_) {
        auto [error, socket] = co_await acceptor->async_accept(kTuple);
        if (!acceptor->is_open()) {
            co_return;
        }
        if (error) {
            co_await accept_failed(error);
            continue;
        }
        ConnectionNames names;
        names.remote = "unix";
        names.local = "unix";
        names.is_unix = true;
        names.remote_is_loopback = true;
        HttpStream stream(asio::generic::stream_protocol::socket(std::move(socket)));
        adopt(std::move(stream), std::move(names));
    }
}

}  // namespace flow::socketio
