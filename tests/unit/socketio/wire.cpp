#include "unit/socketio/wire.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>

namespace flow::socketio::testing {
namespace {

bool same_name(std::string_view left, std::string_view right) {
    const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
    return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(), same);
}

}  // namespace

unsigned WireAnswer::status() const {
    return head.size() < 12 ? 0U : static_cast<unsigned>(std::stoul(head.substr(9, 3)));
}

std::string WireAnswer::header(std::string_view name) const {
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos) {
        const std::size_t begin = at + 2;
        at = head.find("\r\n", begin);
        const std::string line = head.substr(begin, at == std::string::npos ? at : at - begin);
        const std::size_t colon = line.find(": ");
        if (colon != std::string::npos && same_name(line.substr(0, colon), name)) {
            return line.substr(colon + 2);
        }
    }
    return {};
}

unsigned WireFrame::close_code() const {
    if (data.size() < 2) {
        return 0;
    }
    return static_cast<unsigned char>(data[0]) * 256U + static_cast<unsigned char>(data[1]);
}

Wire::Wire(std::uint16_t port) : socket_(connect_raw(port)) {
    EXPECT_GE(socket_, 0) << "no connection to port " << port;
}

Wire::~Wire() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

std::string Wire::name() const {
    sockaddr_in mine{};
    socklen_t size = sizeof mine;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&mine), &size);
    return "127.0.0.1:" + std::to_string(ntohs(mine.sin_port));
}

void Wire::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return;     // the server has hung up: what it said is still to be read
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void Wire::write_cut(std::string_view bytes, std::mt19937& random, std::size_t longest) {
    while (!bytes.empty()) {
        const std::size_t size = std::min<std::size_t>(bytes.size(), 1 + random() % longest);
        write(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
}

bool Wire::fill() {
    char bytes[65'536];
    const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got > 0) {
        buffer_.append(bytes, static_cast<std::size_t>(got));
    }
    return got > 0;
}

bool Wire::ended() {
    char byte = 0;
    return buffer_.empty() && ::recv(socket_, &byte, 1, 0) == 0;
}

WireAnswer Wire::read_answer() {
    WireAnswer answer;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
        if (!fill()) {
            return answer;
        }
    }
    answer.head = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    const std::string length = answer.header("Content-Length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (buffer_.size() < size && fill()) {
    }
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, answer.body.size());
    return answer;
}

WireAnswer Wire::get(const std::string& target, const std::string& headers) {
    write(get_text(target, headers));
    return read_answer();
}

WireAnswer Wire::post(const std::string& target, const std::string& body, const std::string& headers) {
    write(post_text(target, body, headers));
    return read_answer();
}

bool Wire::upgrade(const std::string& target, const std::string& headers) {
    write(upgrade_text(target, headers));
    const WireAnswer answer = read_answer();
    head = answer.head;
    return answer.status() == 101;
}

void Wire::send_frame(unsigned first, std::string_view data) {
    write(frame_bytes(first, data));
}

WireFrame Wire::read_frame() {
    WireFrame frame;
    const auto have = [this](std::size_t size) {
        while (buffer_.size() < size) {
            if (!fill()) {
                return false;
            }
        }
        return true;
    };
    const auto at = [this](std::size_t index) { return static_cast<unsigned char>(buffer_[index]); };
    frame.ended = !have(2);
    if (frame.ended) {
        return frame;
    }
    EXPECT_LT(at(1), 128U) << "a server does not mask";
    std::size_t size = at(1);
    const std::size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
    frame.ended = !have(2 + extra);
    for (std::size_t i = 0, sum = 0; i < extra && !frame.ended; ++i) {
        sum = sum * 256 + at(2 + i);
        size = sum;
    }
    frame.ended = frame.ended || !have(2 + extra + size);
    if (!frame.ended) {
        frame.first = at(0);
        frame.data = buffer_.substr(2 + extra, size);
        buffer_.erase(0, 2 + extra + size);
    }
    return frame;
}

WireFrame Wire::read_packet() {
    WireFrame frame = read_frame();
    while (frame.is(kTextFrame, "2")) {
        frame = read_frame();
    }
    return frame;
}

unsigned Wire::read_close() {
    WireFrame frame = read_frame();
    while (!frame.ended && frame.first != kCloseFrame) {
        frame = read_frame();
    }
    if (!frame.ended) {
        send_frame(kCloseFrame, frame.data.substr(0, 2));
    }
    return frame.close_code();
}

std::string get_text(const std::string& target, const std::string& headers) {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

std::string post_text(const std::string& target, const std::string& body, const std::string& headers) {
    return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string upgrade_text(const std::string& target, const std::string& headers) {
    return get_text(target, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" + headers);
}

std::string frame_bytes(unsigned first, std::string_view data) {
    std::string bytes(1, static_cast<char>(first));
    const std::size_t size = data.size();
    const unsigned extra = size < 126 ? 0 : size < 65'536 ? 2 : 8;
    const std::size_t mark = extra == 0 ? size : extra == 2 ? 126 : 127;
    bytes.push_back(static_cast<char>(0x80U | mark));
    for (unsigned i = extra; i > 0; --i) {
        bytes.push_back(static_cast<char>(size >> 8U * (i - 1) & 0xffU));
    }
    const std::string_view key("\x0f\xa5\x3c\x81", 4);
    bytes += key;
    for (std::size_t i = 0; i < size; ++i) {
        bytes.push_back(static_cast<char>(data[i] ^ key[i % 4]));
    }
    return bytes;
}

struct LogLines::Sink : spdlog::sinks::base_sink<std::mutex> {
    std::vector<std::string> taken() {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        lines_.emplace_back(message.payload.data(), message.payload.size());
    }
    void flush_() override {}

private:
    std::vector<std::string> lines_;
};

LogLines::LogLines()
    : sink_(std::make_shared<Sink>()), logger_(std::make_shared<spdlog::logger>("test", sink_)) {}

std::string LogLines::line_with(const std::vector<std::string>& words) const {
    std::string found;
    eventually([&] {
        for (const std::string& line : sink_->taken()) {
            const bool fits = std::all_of(words.begin(), words.end(), [&line](const std::string& word) {
                return line.find(word) != std::string::npos;
            });
            found = fits && found.empty() ? line : found;
        }
        return !found.empty();
    });
    return found;
}

void EchoSite::mount(Server& server) {
    server.mount_raw_engine(kEcho, [this](EngineSession& session, const std::string& data, bool binary) {
        ++messages;
        last = session.weak_from_this();
        session.send_raw(data, binary);
    });
}

Handlers answering_handlers() {
    Handlers handlers;
    handlers.on_connect = [](const std::shared_ptr<Socket>& socket) { socket->emit("auth", socket->auth()); };
    handlers.on_event = [](const std::shared_ptr<Socket>& socket, const std::string& event, const Json& args,
                           const Ack& ack) {
        if (ack) {
            ack(args);
        } else {
            socket->emit_args(event + "-back", args);
        }
    };
    return handlers;
}

void mount_answering(Server& server) {
    server.set_namespace("/", answering_handlers());
    server.set_namespace("/custom", answering_handlers());
}

std::string open_polling(Wire& client, const std::string& path) {
    const std::string body = client.get(path + "?EIO=4&transport=polling").body;
    const Json open = body.empty() ? Json() : Json::parse(body.substr(1), nullptr, false);
    return open.is_object() ? open.value("sid", "") : "";
}

void take_over(Wire& socket, const std::string& sid, const std::string& path) {
    ASSERT_TRUE(socket.upgrade(websocket_target(sid, path)));
    socket.send("2probe");
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "3probe"));
    socket.send("5");
}

bool open_wire(Wire& socket, const std::string& path) {
    return socket.upgrade(websocket_target("", path)) && socket.read_frame().data.starts_with("0{");
}

void join_main(Wire& socket) {
    ASSERT_TRUE(open_wire(socket));
    socket.send("40");
    EXPECT_TRUE(socket.read_packet().data.starts_with("40{"));
    EXPECT_TRUE(socket.read_packet().data.starts_with("42[\"auth\""));
}

}  // namespace flow::socketio::testing
