// A registry of one image on a loopback port of the test's own loop, enough for the engine to pull
// from. Repositories: ok (works), slow (its layer never comes to its end), denied (401), anything
// else (404).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "domain/spec_canonical.hpp"
#include "unit/docker/tar.hpp"

namespace flow::docker::testing {

class StubRegistry {
public:
    using Socket = boost::asio::ip::tcp::socket;

    /// `content` makes the layer different from all the engine has.
    StubRegistry(boost::asio::io_context& context, const std::string& content)
        : acceptor_(context, {boost::asio::ip::address_v4::loopback(), 0}) {
        layer_ = tar_entry("file", content + std::string(200'000, '.'), "0000644");
        layer_.append(1024, '\0');
        config_ = R"({"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers",)"
                  R"("diff_ids":["sha256:)" +
                  domain::sha256_hex(layer_) + "\"]}}";
        manifest_ = R"({"schemaVersion":2,"mediaType":")" + std::string{kManifest} +
                    R"(","config":{"mediaType":"application/vnd.docker.container.image.v1+json",)" +
                    descriptor(config_) +
                    R"(},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar",)" +
                    descriptor(layer_) + "}]}";
        boost::asio::co_spawn(context, accept(), boost::asio::detached);
    }

    /// "127.0.0.1:PORT/repository:1"
    std::string image(const std::string& repository) const {
        return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/" + repository +
               ":1";
    }
    int requests_for(const std::string& part) const {
        int count = 0;
        for (const std::string& path : paths_) {
            count += path.find(part) != std::string::npos ? 1 : 0;
        }
        return count;
    }
    /// Closes all connections and listens no longer.
    void close() {
        acceptor_.close();
        for (const auto& socket : sockets_) {
            boost::system::error_code ignored;
            socket->close(ignored);
        }
    }

private:
    using SharedSocket = std::shared_ptr<Socket>;
    static constexpr char kTlsHandshake = 0x16;
    static constexpr const char* kManifest = "application/vnd.docker.distribution.manifest.v2+json";

    static std::string descriptor(const std::string& blob) {
        return "\"size\":" + std::to_string(blob.size()) + ",\"digest\":\"sha256:" +
               domain::sha256_hex(blob) + "\"";
    }

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
        // The engine tries TLS first; a plain server must say no at once, or it waits for 10 s.
        auto ready = socket->async_wait(Socket::wait_read,
                                        boost::asio::as_tuple(boost::asio::use_awaitable));
        co_await std::move(ready);
        char first = 0;
        boost::system::error_code failed_peek;
        socket->receive(boost::asio::buffer(&first, 1), Socket::message_peek, failed_peek);
        if (failed_peek || first == kTlsHandshake) {
            socket->close();
            co_return;
        }
        std::string buffer;
        for (;;) {
            auto reading = boost::asio::async_read_until(
                *socket, boost::asio::dynamic_buffer(buffer), "\r\n\r\n",
                boost::asio::as_tuple(boost::asio::use_awaitable));
            const auto [failed, size] = co_await std::move(reading);
            if (failed) {
                co_return;
            }
            const std::string line = buffer.substr(0, buffer.find(" HTTP"));
            buffer.erase(0, size);
            paths_.push_back(line);
            const std::string answer = answer_to(line);
            auto writing = boost::asio::async_write(
                *socket, boost::asio::buffer(answer),
                boost::asio::as_tuple(boost::asio::use_awaitable));
            co_await std::move(writing);
        }
    }

    static std::string with(const std::string& status, const std::string& type,
                            const std::string& body) {
        return "HTTP/1.1 " + status + "\r\nDocker-Distribution-Api-Version: registry/2.0\r\n" +
               "Docker-Content-Digest: sha256:" + domain::sha256_hex(body) + "\r\nContent-Type: " +
               type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }

    std::string answer_to(const std::string& line) const {
        const bool head = line.starts_with("HEAD");
        const auto names = [&line](const std::string& part) {
            return line.find(part) != std::string::npos;
        };
        std::string answer;
        if (line.ends_with("/v2/")) {
            answer = with("200 OK", "application/json", "{}");
        } else if (names("/denied/")) {
            answer = with("401 Unauthorized", "application/json",
                          R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})");
        } else if (names(domain::sha256_hex(layer_))) {
            answer = with("200 OK", "application/octet-stream", layer_);
            answer.resize(names("/slow/") ? answer.size() - 1000 : answer.size());
        } else if (names(domain::sha256_hex(config_))) {
            answer = with("200 OK", "application/octet-stream", config_);
        } else if (names("/ok/") || names("/slow/")) {
            answer = with("200 OK", kManifest, manifest_);
        } else {
            answer = with("404 Not Found", "application/json",
                          R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})");
        }
        return head ? answer.substr(0, answer.find("\r\n\r\n") + 4) : answer;
    }

    boost::asio::ip::tcp::acceptor acceptor_;
    std::vector<SharedSocket> sockets_;
    std::vector<std::string> paths_;
    std::string layer_;
    std::string config_;
    std::string manifest_;
};

}  // namespace flow::docker::testing
