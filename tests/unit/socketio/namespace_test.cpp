// Socket.IO proper: namespaces, events, acknowledgements, over a websocket.
#include <gtest/gtest.h>

#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {
namespace {

Handlers echo_handlers() {
    Handlers handlers;
    handlers.on_connect = [](const std::shared_ptr<Socket>& socket) {
        socket->emit("auth", socket->auth());
    };
    handlers.on_event = [](const std::shared_ptr<Socket>& socket, const std::string& event,
                           const Json& args, const Ack& ack) {
        if (ack) {
            ack(args);
            ack("a second answer is ignored");
        } else if (event == "leave") {
            socket->disconnect();
            socket->emit("late", 1);
        } else if (event == "throw") {
            throw std::runtime_error("a bug");
        } else {
            socket->emit_args(event + "-back", args);
        }
    };
    return handlers;
}

class Namespaces : public ::testing::Test {
protected:
    Namespaces()
        : loop_(Loopback::quick_config(),
                [](Server& server) {
                    server.set_namespace("/", echo_handlers());
                    server.set_namespace("/custom", echo_handlers());
                    Handlers guarded = echo_handlers();
                    guarded.middleware.emplace_back(
                        [](const std::shared_ptr<Socket>& socket, const Next& next) {
                            if (socket->auth().value("token", "") == "secret") {
                                return next(std::nullopt);
                            }
                            ConnectError error;
                            error.message = "wrong token";
                            error.data = Json{{"hint", "ask"}};
                            next(std::move(error));
                        });
                    server.set_namespace("/guarded", guarded);
                }),
          socket_(loop_.port()) {
        open_websocket(socket_);
    }

    std::string exchange(const std::string& text) {
        socket_.send(text);
        return socket_.read().data;
    }
    void join() {
        EXPECT_TRUE(exchange("40").starts_with(R"(40{"sid":")"));
        EXPECT_EQ(socket_.read().data, R"(42["auth",{}])");
    }

    Loopback loop_;
    WsClient socket_;
};

TEST_F(Namespaces, ConnectAnswersBeforeTheFirstEvent) {
    EXPECT_TRUE(exchange(R"(40/custom,{"token":"1"})").starts_with(R"(40/custom,{"sid":")"));
    EXPECT_EQ(socket_.read().data, R"(42/custom,["auth",{"token":"1"}])");
    join();
}

TEST_F(Namespaces, UnknownAndForbiddenOnesAreRefused) {
    EXPECT_EQ(exchange("40/random"), R"(44/random,{"message":"Invalid namespace"})");
    EXPECT_EQ(exchange("40/guarded,"),
              R"(44/guarded,{"message":"wrong token","data":{"hint":"ask"}})");
    EXPECT_TRUE(exchange(R"(40/guarded,{"token":"secret"})").starts_with("40/guarded,"));
}

TEST_F(Namespaces, EventsAndAcknowledgements) {
    join();
    EXPECT_EQ(exchange(R"(42["message",1,"2",{"3":[true]}])"),
              R"(42["message-back",1,"2",{"3":[true]}])");
    EXPECT_EQ(exchange(R"(42456["ask",1,{"b":0,"a":1}])"), R"(43456[1,{"b":0,"a":1}])");
    socket_.send(R"(42["throw"])");
    EXPECT_EQ(exchange(R"(42["message"])"), R"(42["message-back"])") << "a bug ends nothing";
}

TEST_F(Namespaces, BinaryBothWays) {
    join();
    socket_.send(R"(452-7["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
    socket_.send_binary("ab");
    socket_.send_binary("cd");
    EXPECT_EQ(socket_.read().data,
              R"(462-7[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
    EXPECT_EQ(socket_.read().data, "ab");
    EXPECT_EQ(socket_.read().data, "cd");
}

TEST_F(Namespaces, LeavingOneKeepsTheOthers) {
    join();
    EXPECT_TRUE(exchange("40/custom,").starts_with("40/custom,"));
    EXPECT_EQ(socket_.read().data, R"(42/custom,["auth",{}])");
    socket_.send("41/custom,");
    socket_.send(R"(42/custom,["message",1])");
    EXPECT_EQ(exchange(R"(42["message",2])"), R"(42["message-back",2])");
}

TEST_F(Namespaces, TheServerSendsAClientAway) {
    join();
    EXPECT_EQ(exchange(R"(42["leave"])"), "41");
    EXPECT_TRUE(exchange("40").starts_with("40{")) << "it may come back on the same session";
}

TEST_F(Namespaces, PacketsBeforeConnectEndTheSession) {
    socket_.send(R"(42["message"])");
    EXPECT_TRUE(socket_.read().closed);
}

TEST_F(Namespaces, MalformedPacketsEndTheSession) {
    for (const std::string text : {"4abc", "42{}", "42abc[\"x\"]", "451-[\"x\"]\x01"}) {
        WsClient socket(loop_.port());
        open_websocket(socket);
        socket.send("40");
        socket.read();
        socket.read();
        socket.send(text);
        EXPECT_TRUE(socket.read().closed) << text;
    }
}

TEST(Decoding, AHeaderMayComeByPostAndItsAttachmentByTheWebsocket) {
    Loopback loop(Loopback::quick_config(),
                  [](Server& server) { server.set_namespace("/", echo_handlers()); });
    HttpClient http(loop.port());
    const std::string sid = open_session(http);
    EXPECT_EQ(http.post(polling_target(sid), "40").body, "ok");
    EXPECT_TRUE(poll(http, sid).starts_with("40{"));
    const std::string header = R"(451-1["x",{"_placeholder":true,"num":0}])";
    EXPECT_EQ(http.post(polling_target(sid), header).body, "ok");
    WsClient socket(loop.port());
    ASSERT_EQ(socket.connect(websocket_target(sid)), 101U);
    socket.send("2probe");
    EXPECT_EQ(socket.read().data, "3probe");
    socket.send("5");
    socket.send_binary("bytes");
    EXPECT_EQ(socket.read().data, R"(461-1[{"_placeholder":true,"num":0}])");
    EXPECT_EQ(socket.read().data, "bytes");
}

TEST(Acks, TheServerAsksTheClient) {
    std::vector<std::string> answers;
    Loopback loop(Loopback::quick_config(), [&answers](Server& server) {
        Handlers handlers;
        handlers.on_connect = [&answers](const std::shared_ptr<Socket>& socket) {
            const auto note = [&answers](const std::optional<Json>& args) {
                answers.push_back(args ? args->dump() : "nothing");
            };
            socket->emit_with_ack("one", Json::array({1}), std::chrono::seconds(60), note);
            socket->emit_with_ack("two", Json::array(), std::chrono::milliseconds(1), note);
            socket->emit_with_ack("three", Json::array(), std::chrono::seconds(60), note);
        };
        server.set_namespace("/", handlers);
    });
    const auto count = [&] {
        std::size_t size = 0;
        loop.on_loop([&](Server&) { size = answers.size(); });
        return size;
    };
    {
        WsClient socket(loop.port());
        open_websocket(socket);
        socket.send("40");
        socket.read();
        EXPECT_EQ(socket.read().data, R"(420["one",1])");
        EXPECT_EQ(socket.read().data, R"(421["two"])");
        EXPECT_EQ(socket.read().data, R"(422["three"])");
        EXPECT_TRUE(eventually([&] { return count() == 1; }));
        socket.send(R"(430["yes"])");
        socket.send(R"(430["again"])");
        socket.send(R"(431["too late"])");
        EXPECT_TRUE(eventually([&] { return count() == 2; }));
    }
    EXPECT_TRUE(eventually([&] { return count() == 3; })) << "the disconnect settles the last";
    EXPECT_EQ(answers, (std::vector<std::string>{"nothing", R"(["yes"])", "nothing"}));
}

TEST(Broadcast, OneEncodingForManyAndForSeveralNamespaces) {
    const EncodedEvent event = encode_event("news", Json{{"n", 1}});
    Loopback loop(Loopback::quick_config(), [&event](Server& server) {
        Handlers handlers;
        handlers.on_connect = [&event](const std::shared_ptr<Socket>& socket) {
            socket->send(event);
        };
        server.set_namespace("/", handlers);
        server.set_namespace("/b", handlers);
    });
    WsClient socket(loop.port());
    open_websocket(socket);
    socket.send("40");
    socket.read();
    EXPECT_EQ(socket.read().data, R"(42["news",{"n":1}])");
    socket.send("40/b,");
    socket.read();
    EXPECT_EQ(socket.read().data, R"(42/b,["news",{"n":1}])");
}

}  // namespace
}  // namespace flow::socketio::testing
