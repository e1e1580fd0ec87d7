// A small HTTP server on a Unix socket of the test's own loop, misbehaving by path. Single thread.
//   /echo        answers method, target and body        /chunked   the same in pieces
//   /half        promises 100 bytes, sends 10, closes   /reset     closes without an answer
//   /never       reads and never answers                /endless   a body without end
//   /status/NNN  answers NNN                            /held      keeps the answer open:
//   /…/events    as /held                                          send() and end()
#pragma once

#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace flow::docker::testing {

class StubServer {
public:
    using Socket = boost::asio::local::stream_protocol::socket;

    StubServer(boost::asio::io_context& context, std::string path)
        : path_(std::move(path)), acceptor_(context) {
        std::filesystem::remove(path_);
        const boost::asio::local::stream_protocol::endpoint endpoint{path_};
        acceptor_.open(endpoint.protocol());
        acceptor_.bind(endpoint);
        acceptor_.listen();
        boost::asio::co_spawn(context, accept(), boost::asio::detached);
    }
    ~StubServer() { std::filesystem::remove(path_); }

    void send(const std::string& bytes) { put(*held_.back(), bytes); }
    void end() { held_.back()->close(); }
    /// Closes connections that wait for their next request.
    void close_idle() {
        for (const auto& socket : sockets_) {
            boost::system::error_code ignored;
            socket->close(ignored);
        }
    }
    int connections() const { return static_cast<int>(sockets_.size()); }
    const std::vector<std::string>& requests() const { return requests_; }
    bool holds() const { return !held_.empty(); }

private:
    using SharedSocket = std::shared_ptr<Socket>;

    boost::asio::awaitable<void> accept() {
        for (;;) {
            auto socket = std::make_shared<Socket>(acceptor_.get_executor());
            auto accepted = acceptor_.async_accept(
                *socket, boost::asio::as_tuple(boost::asio::use_awaitable));
            const auto [failed] = co_await std::move(accepted);
            if (failed) {
                co_return;
            }
            sockets_.push_back(socket);
            boost::asio::co_spawn(acceptor_.get_executor(), serve(socket), boost::asio::detached);
        }
    }

    boost::asio::awaitable<void> serve(SharedSocket socket) {
        std::string buffer;
        for (bool open = true; open;) {
            auto reading = boost::asio::async_read_until(
                *socket, boost::asio::dynamic_buffer(buffer), "\r\n\r\n",
                boost::asio::as_tuple(boost::asio::use_awaitable));
            const auto [failed, size] = co_await std::move(reading);
            if (failed) {
                co_return;
            }
            const std::string head = buffer.substr(0, size);
            buffer.erase(0, size);
            const std::size_t length = length_in(head);
            while (buffer.size() < length) {
                std::array<char, 4096> part{};
                auto more = socket->async_read_some(
                    boost::asio::buffer(part), boost::asio::as_tuple(boost::asio::use_awaitable));
                const auto [broken, count] = co_await std::move(more);
                if (broken) {
                    co_return;
                }
                buffer.append(part.data(), count);
            }
            const std::string line = head.substr(0, head.find(" HTTP"));
            requests_.push_back(head);
            open = answer(socket, line, buffer.substr(0, length));
            buffer.erase(0, length);
        }
    }

    static std::size_t length_in(const std::string& head) {
        const auto at = head.find("Content-Length: ");
        return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    }
    static void put(Socket& socket, const std::string& bytes) {
        boost::system::error_code ignored;
        boost::asio::write(socket, boost::asio::buffer(bytes), ignored);
    }
    static std::string with_length(const std::string& status, const std::string& body) {
        return "HTTP/1.1 " + status + "\r\nApi-Version: 1.41\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    static std::string chunk(const std::string& bytes) {
        std::array<char, 16> size{};
        std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
        return size.data() + bytes + "\r\n";
    }

    /// The stream of the manager "hang" is never opened.
    static bool is_events(const std::string& path) {
        return path.find("/events?") != std::string::npos && path.find("hang") == std::string::npos;
    }

    bool answer(const SharedSocket& socket, const std::string& line, const std::string& body) {
        const std::string path = line.substr(line.find(' ') + 1);
        const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        // A long body is told by its size: a long answer would block this one thread.
        const std::string text =
            line + "|" + (body.size() < 1000 ? body : std::to_string(body.size()));
        if (path.starts_with("/echo")) {
            put(*socket, with_length("200 OK", text));
        } else if (path == "/chunked") {
            put(*socket, head + chunk(text.substr(0, 3)) + chunk(text.substr(3)) + chunk(""));
        } else if (path == "/half") {
            put(*socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
            socket->close();
            return false;
        } else if (path == "/reset") {
            socket->close();
            return false;
        } else if (path == "/endless") {
            const std::string part(1 << 16, 'x');
            put(*socket, head);
            socket->non_blocking(true);
            for (int i = 0; i < 100; ++i) {
                put(*socket, chunk(part));
            }
            held_.push_back(socket);
        } else if (path.starts_with("/status/")) {
            put(*socket, with_length(path.substr(8) + " Text", "{\"message\":\"said\"}"));
        } else if (path == "/held" || is_events(path)) {
            held_.push_back(socket);
            put(*socket, head);
        }
        return true;
    }

    std::string path_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::vector<SharedSocket> sockets_;
    std::vector<SharedSocket> held_;
    std::vector<std::string> requests_;
};

}  // namespace flow::docker::testing
