#include "unit/socketio/loopback.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <future>

#include <boost/asio/post.hpp>

namespace flow::socketio::testing {

bool eventually(const std::function<bool()>& check, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!check()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

int connect_raw(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{10, 0};
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

Config Loopback::quick_config() {
    Config config;
    config.max_payload = 1'000'000;
    config.close_timeout = std::chrono::milliseconds(1'000);
    return config;
}

Loopback::Loopback(Config config, const std::function<void(Server&)>& setup)
    : work_(io_.get_executor()), server_(std::make_unique<Server>(io_, std::move(config))) {
    setup(*server_);
    const auto port = server_->listen({boost::asio::ip::make_address("127.0.0.1"), 0});
    port_ = port.value();
    thread_ = std::thread([this] { io_.run(); });
}

Loopback::~Loopback() {
    on_loop([this](Server&) { server_.reset(); });
    work_.reset();
    io_.stop();
    thread_.join();
}

void Loopback::on_loop(const std::function<void(Server&)>& call) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
        call(*server_);
        done.set_value();
    });
    done.get_future().wait();
}

std::size_t Loopback::sessions() {
    std::size_t count = 0;
    on_loop([&](Server& server) { count = server.session_count(); });
    return count;
}

bool Loopback::close() {
    auto closed = std::make_shared<std::promise<void>>();
    auto done = closed->get_future();
    on_loop([closed](Server& server) { server.close([closed] { closed->set_value(); }); });
    return done.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
}

std::string open_session(HttpClient& client, const std::string& path) {
    const HttpAnswer answer = client.get(path + "?EIO=4&transport=polling");
    const Json open = Json::parse(answer.body.substr(1), nullptr, false);
    return open.is_object() ? open.value("sid", "") : "";
}

std::string polling_target(const std::string& sid, const std::string& path) {
    return path + "?EIO=4&transport=polling&sid=" + sid;
}

std::string websocket_target(const std::string& sid, const std::string& path) {
    return path + "?EIO=4&transport=websocket" + (sid.empty() ? "" : "&sid=" + sid);
}

std::string poll(HttpClient& client, const std::string& sid, const std::string& path) {
    std::string body = "2";
    while (body == "2") {
        body = client.get(polling_target(sid, path)).body;
    }
    return body;
}

void open_websocket(WsClient& client, const std::string& path) {
    client.connect(websocket_target("", path));
    client.read();
}

}  // namespace flow::socketio::testing
