#include "socket_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace flow::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::chrono::seconds kDeadline{10};

asio::ip::tcp::endpoint endpoint(std::uint16_t port) {
    return {asio::ip::address_v4::loopback(), port};
}

}  // namespace

SocketClient::SocketClient(std::uint16_t port, const Json& auth) {
    boost::system::error_code error;
    stream_.next_layer().socket().connect(endpoint(port), error);
    if (!error) {
        stream_.handshake("localhost:" + std::to_string(port),
                          "/socket.io/?EIO=4&transport=websocket", error);
    }
    EXPECT_FALSE(error) << error.message();
    const auto open = read_frame();
    EXPECT_TRUE(open && open->starts_with("0{")) << open.value_or("nothing");
    write("40" + (auth.is_null() ? std::string() : auth.dump()));
    const auto joined = read_frame();
    if (joined && joined->starts_with("44")) {
        refusal_ = Json::parse(joined->substr(2));
        return;
    }
    EXPECT_TRUE(joined && joined->starts_with("40")) << joined.value_or("nothing");
}

void SocketClient::write(const std::string& text) {
    boost::system::error_code error;
    stream_.text(true);
    stream_.write(asio::buffer(text), error);
    EXPECT_FALSE(error) << error.message();
}

std::optional<std::string> SocketClient::read_frame() {
    beast::flat_buffer buffer;
    boost::system::error_code result = asio::error::would_block;
    beast::get_lowest_layer(stream_).expires_after(kDeadline);
    stream_.async_read(buffer,
                       [&](boost::system::error_code error, std::size_t) { result = error; });
    io_.restart();
    io_.run();
    if (result) {
        return std::nullopt;
    }
    return beast::buffers_to_string(buffer.data());
}

/// The next Socket.IO packet; pings are answered.
std::optional<std::string> SocketClient::read_packet() {
    while (auto frame = read_frame()) {
        if (*frame == "2") {
            write("3");
        } else {
            return frame;
        }
    }
    return std::nullopt;
}

void SocketClient::emit(const std::string& event, const Json& payload) {
    write("42" + Json::array({event, payload}).dump());
}

domain::Json SocketClient::call(const std::string& event, const Json& payload) {
    const std::string id = std::to_string(++last_ack_);
    write("42" + id + Json::array({event, payload}).dump());
    const std::string prefix = "43" + id + "[";
    while (const auto packet = read_packet()) {
        if (packet->starts_with(prefix)) {
            return Json::parse(packet->substr(prefix.size() - 1)).at(0);
        }
        kept_.push_back(*packet);
    }
    ADD_FAILURE() << "no acknowledgement of " << event;
    return nullptr;
}

domain::Json SocketClient::next() {
    std::optional<std::string> packet;
    if (!kept_.empty()) {
        packet = kept_.front();
        kept_.pop_front();
    } else {
        packet = read_packet();
    }
    if (!packet || !packet->starts_with("42[")) {
        return nullptr;
    }
    return Json::parse(packet->substr(2));
}

domain::Json SocketClient::wait_for(const std::string& event) {
    for (Json packet = next(); !packet.is_null(); packet = next()) {
        if (packet.at(0) == event) {
            return packet.at(1);
        }
    }
    ADD_FAILURE() << "no event " << event;
    return nullptr;
}

unsigned SocketClient::get(std::uint16_t port, const std::string& target, const std::string& host,
                           const std::string& origin) {
    asio::io_context io;
    beast::tcp_stream stream(io);
    stream.socket().connect(endpoint(port));
    http::request<http::empty_body> request{http::verb::get, target, 11};
    request.set(http::field::host, host);
    if (!origin.empty()) {
        request.set(http::field::origin, origin);
    }
    http::write(stream, request);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(stream, buffer, response);
    return response.result_int();
}

}  // namespace flow::test
