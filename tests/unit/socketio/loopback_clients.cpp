#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
constexpr std::chrono::seconds kLimit{10};

/// Runs one asynchronous operation to its end, and no longer: the stream's own timers go on waiting.
template <class Start>
beast::error_code finish(asio::io_context& io, Start start) {
    bool done = false;
    beast::error_code result;
    start([&](beast::error_code error, auto...) {
        done = true;
        result = error;
    });
    io.restart();
    while (!done) {
        io.run_one();
    }
    return result;
}

void open_stream(asio::io_context& io, beast::tcp_stream& stream, std::uint16_t port) {
    stream.expires_after(kLimit);
    const asio::ip::tcp::endpoint server(asio::ip::make_address("127.0.0.1"), port);
    finish(io, [&](auto done) { stream.async_connect(server, done); });
}

}  // namespace

std::string HttpAnswer::header(const std::string& name) const {
    for (const auto& [key, value] : headers) {
        if (beast::iequals(key, name)) {
            return value;
        }
    }
    return {};
}

struct HttpClient::Impl {
    asio::io_context io;
    beast::tcp_stream stream{io};
    beast::flat_buffer buffer;
};

HttpClient::HttpClient(std::uint16_t port) : impl_(std::make_unique<Impl>()) {
    open_stream(impl_->io, impl_->stream, port);
}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::get(const std::string& target, const Headers& headers) {
    return request("GET", target, "", headers);
}

HttpAnswer HttpClient::post(const std::string& target, const std::string& body,
                            const Headers& headers) {
    return request("POST", target, body, headers);
}

HttpAnswer HttpClient::request(const std::string& method, const std::string& target,
                               const std::string& body, const Headers& headers) {
    std::string text = method + " " + target + " HTTP/1.1\r\n";
    bool has_host = false;
    for (const auto& [name, value] : headers) {
        text += name + ": " + value + "\r\n";
        has_host = has_host || name == "Host";
    }
    if (!has_host) {
        text += "Host: localhost\r\n";
    }
    if (!body.empty() || method == "POST") {
        text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    write_raw(text + "\r\n" + body);
    return read_answer();
}

void HttpClient::write_raw(const std::string& bytes) {
    impl_->stream.expires_after(kLimit);
    finish(impl_->io, [&](auto done) {
        asio::async_write(impl_->stream, asio::buffer(bytes), done);
    });
}

HttpAnswer HttpClient::read_answer() {
    http::response_parser<http::string_body> parser;
    parser.body_limit(64 * 1024 * 1024);
    impl_->stream.expires_after(kLimit);
    const auto error = finish(impl_->io, [&](auto done) {
        http::async_read(impl_->stream, impl_->buffer, parser, done);
    });
    HttpAnswer answer;
    if (!error) {
        answer.status = parser.get().result_int();
        answer.body = parser.get().body();
        for (const auto& field : parser.get()) {
            answer.headers.emplace_back(std::string(field.name_string()),
                                        std::string(field.value()));
        }
    }
    return answer;
}

struct WsClient::Impl {
    asio::io_context io;
    websocket::stream<beast::tcp_stream> stream{io};
    beast::flat_buffer buffer;
};

WsClient::WsClient(std::uint16_t port) : impl_(std::make_unique<Impl>()) {
    open_stream(impl_->io, impl_->stream.next_layer(), port);
    impl_->stream.next_layer().expires_never();
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = kLimit;
    limits.idle_timeout = kLimit;
    limits.keep_alive_pings = false;
    impl_->stream.set_option(limits);
    impl_->stream.read_message_max(64 * 1024 * 1024);
}

WsClient::~WsClient() = default;

unsigned WsClient::connect(const std::string& target, const Headers& headers) {
    websocket::response_type response;
    impl_->stream.set_option(
        websocket::stream_base::decorator([&headers](websocket::request_type& request) {
            for (const auto& [name, value] : headers) {
                request.set(name, value);
            }
        }));
    finish(impl_->io, [&](auto done) {
        impl_->stream.async_handshake(response, "localhost", target, done);
    });
    return response.result_int();
}

void WsClient::send(const std::string& text) {
    impl_->stream.binary(false);
    finish(impl_->io,
           [&](auto done) { impl_->stream.async_write(asio::buffer(text), done); });
}

void WsClient::send_binary(const std::string& bytes) {
    impl_->stream.binary(true);
    finish(impl_->io,
           [&](auto done) { impl_->stream.async_write(asio::buffer(bytes), done); });
}

Frame WsClient::read() {
    Frame frame;
    frame.data = "2";
    while (frame.data == "2" && !frame.closed) {
        impl_->buffer.consume(impl_->buffer.size());
        const auto error = finish(impl_->io, [&](auto done) {
            impl_->stream.async_read(impl_->buffer, done);
        });
        frame.closed = static_cast<bool>(error);
        frame.data = beast::buffers_to_string(impl_->buffer.data());
        frame.binary = impl_->stream.got_binary();
    }
    if (frame.closed) {
        frame.close_code = impl_->stream.reason().code;
    }
    return frame;
}

void WsClient::close() {
    finish(impl_->io, [&](auto done) {
        impl_->stream.async_close(websocket::close_code::normal, done);
    });
}

void WsClient::cut() {
    impl_->stream.next_layer().close();
}

}  // namespace flow::socketio::testing
