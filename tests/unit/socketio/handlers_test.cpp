// What a callback may do to the server that calls it: replace handlers, its own too, and destroy the server.
#include <atomic>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {
namespace {

/// Kept by the closure of a callback: tells whether that still is when its call goes on.
using Token = std::shared_ptr<int>;

/// What happened in callbacks; to be looked at on the loop.
struct Outcome {
    int calls = 0;
    int torn = 0;  ///< closures that went away in the middle of their call

    void note(const std::weak_ptr<int>& token) {
        ++calls;
        torn += token.expired() ? 1 : 0;
    }
};

class ReplacedWhileCalled : public ::testing::Test {
protected:
    /// `replace` runs inside of each callback.
    Handlers handlers(std::function<void()> replace) {
        Handlers made;
        made.middleware.push_back([this, replace, token = std::make_shared<int>()](
                                      const std::shared_ptr<Socket>&, const Next& next) {
            const std::weak_ptr<int> watched = token;
            replace();
            outcome_.note(watched);
            next(std::nullopt);
        });
        made.on_connect = [this, replace, token = std::make_shared<int>()](const std::shared_ptr<Socket>&) {
            const std::weak_ptr<int> watched = token;
            replace();
            outcome_.note(watched);
        };
        made.on_event = [this, replace, token = std::make_shared<int>()](
                            const std::shared_ptr<Socket>&, const std::string&, const Json&, const Ack&) {
            const std::weak_ptr<int> watched = token;
            replace();
            outcome_.note(watched);
        };
        made.on_disconnect = [this, replace, token = std::make_shared<int>()](const std::shared_ptr<Socket>&,
                                                                              const std::string&) {
            const std::weak_ptr<int> watched = token;
            replace();
            outcome_.note(watched);
        };
        return made;
    }
    bool seen(int calls) {
        return eventually([&] {
            int now = 0;
            loop_.on_loop([&](Server&) { now = outcome_.calls; });
            return now >= calls;
        });
    }

    Outcome outcome_;
    Loopback loop_;
};

TEST_F(ReplacedWhileCalled, HandlersOfANamespaceFinishTheirCall) {
    std::function<void()> replace;
    loop_.on_loop([&](Server& server) {
        replace = [&, this] { server.set_namespace("/", handlers(replace)); };
        server.set_namespace("/", handlers(replace));
    });
    {
        WsClient socket(loop_.port());
        open_websocket(socket);
        socket.send("40");
        EXPECT_TRUE(socket.read().data.starts_with("40{"));
        socket.send(R"(42["x"])");
        EXPECT_TRUE(seen(3));
    }
    EXPECT_TRUE(seen(4));
    loop_.on_loop([&](Server& server) {
        EXPECT_EQ(outcome_.torn, 0);
        server.set_namespace("/", {});
    });
}

TEST_F(ReplacedWhileCalled, HttpHandlerAndAccessCheckFinishTheirCall) {
    loop_.on_loop([&](Server& server) {
        server.set_access_check([&, token = std::make_shared<int>()](const AccessRequest&) {
            const std::weak_ptr<int> watched = token;
            server.set_access_check(nullptr);
            outcome_.note(watched);
            return std::optional<std::string>();
        });
        server.set_http_handler([&, token = std::make_shared<int>()](const Server::HttpRequest&) {
            const std::weak_ptr<int> watched = token;
            server.set_http_handler(nullptr);
            outcome_.note(watched);
            return std::optional<Server::HttpResponse>();
        });
    });
    HttpClient client(loop_.port());
    EXPECT_EQ(client.get("/other").status, 404U);
    loop_.on_loop([&](Server&) {
        EXPECT_EQ(outcome_.calls, 2);
        EXPECT_EQ(outcome_.torn, 0);
    });
}

/// Middleware that replaces itself by none: who has begun is asked to the end.
TEST_F(ReplacedWhileCalled, AClientIsAskedByTheWholeChainItBeganWith) {
    loop_.on_loop([&](Server& server) {
        Handlers strict;
        strict.middleware.push_back([&](const std::shared_ptr<Socket>&, const Next& next) {
            server.set_namespace("/", {});
            next(std::nullopt);
        });
        strict.middleware.push_back([](const std::shared_ptr<Socket>&, const Next& next) {
            ConnectError error;
            error.message = "no";
            next(std::move(error));
        });
        server.set_namespace("/", strict);
    });
    WsClient socket(loop_.port());
    open_websocket(socket);
    socket.send("40");
    EXPECT_EQ(socket.read().data, R"(44{"message":"no"})");
}

TEST(AfterDisconnect, NoEventComesAnyMore) {
    std::vector<std::string> heard;
    Loopback loop(Loopback::quick_config(), [&heard](Server& server) {
        Handlers handlers;
        handlers.on_event = [&heard](const std::shared_ptr<Socket>& socket, const std::string& event, const Json&,
                                     const Ack&) {
            heard.push_back(event);
            socket->disconnect();
        };
        server.set_namespace("/", handlers);
    });
    HttpClient client(loop.port());
    const std::string sid = open_session(client);
    EXPECT_EQ(client.post(polling_target(sid), "40").status, 200U);
    EXPECT_EQ(client.post(polling_target(sid), "42[\"one\"]\x1e" "42[\"two\"]").status, 200U);
    loop.on_loop([&](Server&) { EXPECT_EQ(heard, std::vector<std::string>{"one"}); });
}

/// A server that goes away inside of the callback of this name.
class DestroyedInside : public ::testing::TestWithParam<std::string> {
protected:
    DestroyedInside() : work_(io_.get_executor()), server_(std::make_unique<Server>(io_, Loopback::quick_config())) {
        Handlers handlers;
        handlers.middleware.push_back([this](const std::shared_ptr<Socket>&, const Next& next) {
            end_in("middleware");
            next(std::nullopt);
        });
        handlers.on_connect = [this](const std::shared_ptr<Socket>& socket) {
            end_in("on_connect");
            socket->on_drain([this] { end_in("on_drain"); });
        };
        handlers.on_event = [this](const std::shared_ptr<Socket>& socket, const std::string&, const Json& args,
                                   const Ack& ack) {
            end_in("on_event");
            socket->emit_args("back", args);
            ack(args);
        };
        handlers.on_disconnect = [this](const std::shared_ptr<Socket>&, const std::string&) {
            end_in("on_disconnect");
        };
        server_->set_namespace("/", handlers);
        server_->set_access_check([this](const AccessRequest& request) {
            if (request.host == "end") {
                end_in("access_check");
            }
            return std::optional<std::string>();
        });
        server_->set_http_handler([this](const Server::HttpRequest&) {
            end_in("http_handler");
            return std::optional<Server::HttpResponse>();
        });
        port_ = *server_->listen({boost::asio::ip::make_address("127.0.0.1"), 0});
        thread_ = std::thread([this] { io_.run(); });
    }
    ~DestroyedInside() override {
        boost::asio::post(io_, [this] {
            server_.reset();
            work_.reset();
        });
        thread_.join();
    }
    void end_in(const std::string& callback) {
        if (callback == GetParam() && server_) {
            server_.reset();
            gone_ = true;
        }
    }

    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::unique_ptr<Server> server_;
    std::uint16_t port_ = 0;
    std::atomic<bool> gone_ = false;
    std::thread thread_;
};

TEST_P(DestroyedInside, EndsItsClientsAndNothingElse) {
    WsClient socket(port_);
    HttpClient http(port_);
    open_websocket(socket);
    socket.send("40");
    socket.send(R"(421["x"])");
    if (GetParam() == "on_disconnect") {
        socket.send("41");
    } else if (GetParam() == "http_handler") {
        http.get("/other");
    } else if (GetParam() == "access_check") {
        http.get("/socket.io/?EIO=4&transport=polling", {{"Host", "end"}});
    }
    EXPECT_TRUE(eventually([this] { return gone_.load(); }));
    while (!socket.read().closed) {
    }
}

INSTANTIATE_TEST_SUITE_P(Callbacks, DestroyedInside,
                         ::testing::Values("middleware", "on_connect", "on_drain", "on_event", "on_disconnect",
                                           "access_check", "http_handler"),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace flow::socketio::testing
