// Rooms, broadcasts and middleware, over websockets.
#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {
namespace {

/// A client that has joined "/"; its id is what the answer to CONNECT said.
struct Member {
    explicit Member(Loopback& loop) : ws(loop.port()) {
        open_websocket(ws);
        ws.send("40");
        const std::string answer = ws.read().data;
        id = Json::parse(answer.substr(2)).at("sid");
    }
    /// Everything that has been sent to it so far: its own ping-pong with the server ends the list.
    std::vector<std::string> received() {
        ws.send(R"(420["sync"])");
        std::vector<std::string> all;
        for (;;) {
            const Frame frame = ws.read();
            if (frame.closed || frame.data == "430[]") {
                return all;
            }
            all.push_back(frame.data);
        }
    }

    WsClient ws;
    std::string id;
};

class Rooms : public ::testing::Test {
protected:
    Rooms()
        : loop_(Loopback::quick_config(), [this](Server& server) {
              Handlers handlers;
              handlers.on_connect = [this](const std::shared_ptr<Socket>& socket) {
                  sockets_[socket->id()] = socket;
              };
              handlers.on_disconnect = [this](const std::shared_ptr<Socket>& socket,
                                              const std::string&) {
                  sockets_.erase(socket->id());
              };
              handlers.on_event = [](const std::shared_ptr<Socket>& socket,
                                     const std::string& event, const Json& args, const Ack& ack) {
                  if (event == "join") {
                      socket->join(args.at(0).get<std::string>());
                  } else if (event == "leave") {
                      socket->leave(args.at(0).get<std::string>());
                  } else if (event == "to-others") {
                      socket->broadcast().to(args.at(0).get<std::string>()).emit("others", 1);
                  }
                  if (ack) {
                      ack(Json::array());
                  }
              };
              server.set_namespace("/", handlers);
          }) {}

    void join(Member& member, const std::string& room) {
        member.ws.send(R"(421["join",")" + room + R"("])");
        EXPECT_EQ(member.ws.read().data, "431[]");
    }
    std::size_t broadcast(const std::function<std::size_t(const Broadcast&)>& call) {
        std::size_t count = 0;
        loop_.on_loop([&](Server& server) { count = call(server.in("/")); });
        return count;
    }

    std::map<std::string, std::shared_ptr<Socket>> sockets_;
    Loopback loop_;
};

using Texts = std::vector<std::string>;

TEST_F(Rooms, ABroadcastReachesEachOnceHoweverManyOfItsRoomsAreNamed) {
    Member a(loop_);
    Member b(loop_);
    Member c(loop_);
    join(a, "red");
    join(a, "blue");
    join(a, "red");
    join(b, "blue");
    EXPECT_EQ(broadcast([](Broadcast all) { return all.emit("x", 1); }), 3U);
    EXPECT_EQ(broadcast([](Broadcast all) { return all.to("red").to("blue").emit("x", 2); }), 2U);
    EXPECT_EQ(broadcast([](Broadcast all) { return all.to("blue").except("red").emit("x", 3); }),
              1U);
    EXPECT_EQ(broadcast([](Broadcast all) { return all.to("nobody").emit("x", 4); }), 0U);
    EXPECT_EQ(a.received(), (Texts{R"(42["x",1])", R"(42["x",2])"}));
    EXPECT_EQ(b.received(), (Texts{R"(42["x",1])", R"(42["x",2])", R"(42["x",3])"}));
    EXPECT_EQ(c.received(), (Texts{R"(42["x",1])"}));
}

TEST_F(Rooms, ASocketsIdIsARoomAndMayBeLeftOut) {
    Member a(loop_);
    Member b(loop_);
    EXPECT_EQ(broadcast([&](Broadcast all) { return all.to(a.id).emit("mine", 1); }), 1U);
    EXPECT_EQ(broadcast([&](Broadcast all) { return all.except(a.id).emit("theirs", 1); }), 1U);
    EXPECT_EQ(a.received(), (Texts{R"(42["mine",1])"}));
    EXPECT_EQ(b.received(), (Texts{R"(42["theirs",1])"}));
}

TEST_F(Rooms, ToTheOthersInARoomButNotToItself) {
    Member a(loop_);
    Member b(loop_);
    Member c(loop_);
    join(a, "red");
    join(b, "red");
    a.ws.send(R"(42["to-others","red"])");
    EXPECT_EQ(a.received(), Texts{});
    EXPECT_EQ(b.received(), (Texts{R"(42["others",1])"}));
    EXPECT_EQ(c.received(), Texts{});
}

TEST_F(Rooms, WhoLeavesARoomOrTheServerGetsNothingAndIsForgotten) {
    Member a(loop_);
    Member b(loop_);
    join(a, "red");
    join(b, "red");
    a.ws.send(R"(42["leave","red"])");
    EXPECT_EQ(a.received(), Texts{});
    EXPECT_EQ(broadcast([](Broadcast all) { return all.to("red").emit("x", 1); }), 1U);
    b.ws.cut();
    EXPECT_TRUE(eventually([&] {
        return broadcast([](Broadcast all) { return all.to("red").emit("x", 2); }) == 0;
    }));
    EXPECT_EQ(broadcast([](Broadcast all) { return all.sockets().size(); }), 1U);
}

TEST_F(Rooms, RoomsCanBeFilledEmptiedAndEndedFromTheServer) {
    Member a(loop_);
    Member b(loop_);
    broadcast([&](Broadcast all) {
        all.to(a.id).join("red");
        return 0;
    });
    EXPECT_EQ(broadcast([](Broadcast all) { return all.to("red").sockets().size(); }), 1U);
    broadcast([&](Broadcast all) {
        all.leave("red");
        return 0;
    });
    EXPECT_EQ(broadcast([](Broadcast all) { return all.to("red").sockets().size(); }), 0U);
    broadcast([&](Broadcast all) {
        all.to(b.id).disconnect();
        return 0;
    });
    EXPECT_EQ(b.ws.read().data, "41");
    EXPECT_EQ(a.received(), Texts{});
}

TEST_F(Rooms, AcknowledgementsOfManyAreCollectedAndTheMissingCounted) {
    Member a(loop_);
    Member b(loop_);
    std::optional<std::pair<std::vector<Json>, std::size_t>> replies;
    broadcast([&](const Broadcast& all) {
        all.emit_with_ack("ask", Json::array({7}), std::chrono::milliseconds(300),
                          [&](std::vector<Json> answers, std::size_t missing) {
                              replies.emplace(std::move(answers), missing);
                          });
        return 0;
    });
    EXPECT_EQ(a.ws.read().data, R"(420["ask",7])");
    EXPECT_EQ(b.ws.read().data, R"(420["ask",7])");
    a.ws.send(R"(430["yes"])");
    EXPECT_TRUE(eventually([&] {
        bool known = false;
        loop_.on_loop([&](Server&) { known = replies.has_value(); });
        return known;
    }));
    EXPECT_EQ(replies->first, (std::vector<Json>{Json::array({"yes"})}));
    EXPECT_EQ(replies->second, 1U);
}

TEST_F(Rooms, ANamespaceThatThereIsNotHasNobody) {
    loop_.on_loop([](Server& server) { EXPECT_EQ(server.in("/none").emit("x", 1), 0U); });
}

/// Three layers: the first counts, the second decides later, the third refuses a name.
class Layers : public ::testing::Test {
protected:
    Layers()
        : loop_(Loopback::quick_config(), [this](Server& server) {
              Handlers handlers;
              handlers.middleware = {
                  [this](const std::shared_ptr<Socket>&, const Next& next) {
                      ++asked_[0];
                      next(std::nullopt);
                  },
                  [this](const std::shared_ptr<Socket>&, Next next) {
                      ++asked_[1];
                      next_ = std::move(next);
                  },
                  [this](const std::shared_ptr<Socket>& socket, const Next& next) {
                      ++asked_[2];
                      if (socket->auth().value("name", "") == "throw") {
                          throw std::runtime_error("a bug");
                      }
                      next(std::nullopt);
                  }};
              handlers.on_connect = [this](const std::shared_ptr<Socket>&) { ++connected_; };
              handlers.on_disconnect = [this](const std::shared_ptr<Socket>&, const std::string&) {
                  ++left_;
              };
              server.set_namespace("/", handlers);
          }) {}

    bool waiting() {
        bool is = false;
        loop_.on_loop([&](Server&) { is = static_cast<bool>(next_); });
        return is;
    }
    void go_on(const std::optional<ConnectError>& error = {}) {
        ASSERT_TRUE(eventually([this] { return waiting(); }));
        loop_.on_loop([&](Server&) {
            const Next next = std::exchange(next_, nullptr);
            next(error);
            next(error);    // a second time does nothing
        });
    }

    std::array<int, 3> asked_{};
    int connected_ = 0;
    int left_ = 0;
    Next next_;
    Loopback loop_;
};

TEST_F(Layers, AreAskedInOrderAndMayAnswerLater) {
    WsClient ws(loop_.port());
    open_websocket(ws);
    ws.send("40");
    ws.send("40");                      // a second CONNECT meanwhile starts nothing
    ws.send(R"(42["too early"])");      // ignored, as Node does
    go_on();
    EXPECT_TRUE(ws.read().data.starts_with(R"(40{"sid":")"));
    loop_.on_loop([this](Server&) {
        EXPECT_EQ(asked_, (std::array<int, 3>{1, 1, 1}));
        EXPECT_EQ(connected_, 1);
    });
}

TEST_F(Layers, ARefusalAsksNobodyElse) {
    WsClient ws(loop_.port());
    open_websocket(ws);
    ws.send("40");
    ConnectError error;
    error.message = "no";
    go_on(error);
    EXPECT_EQ(ws.read().data, R"(44{"message":"no"})");
    loop_.on_loop([this](Server&) {
        EXPECT_EQ(asked_, (std::array<int, 3>{1, 1, 0}));
        EXPECT_EQ(connected_, 0);
    });
    ws.send("40");      // it may try again
    go_on();
    EXPECT_TRUE(ws.read().data.starts_with(R"(40{"sid":")"));
}

TEST_F(Layers, OneThatThrowsRefuses) {
    WsClient ws(loop_.port());
    open_websocket(ws);
    ws.send(R"(40{"name":"throw"})");
    go_on();
    EXPECT_EQ(ws.read().data, R"(44{"message":"internal error"})");
}

TEST_F(Layers, WhoLeavesWhileAskedIsNotHeardOf) {
    {
        WsClient ws(loop_.port());
        open_websocket(ws);
        ws.send("40");
        ASSERT_TRUE(eventually([this] { return waiting(); }));
    }
    EXPECT_TRUE(eventually([this] { return loop_.sessions() == 0; }));
    go_on();
    loop_.on_loop([this](Server&) {
        EXPECT_EQ(connected_, 0);
        EXPECT_EQ(left_, 0);
    });
}

}  // namespace
}  // namespace flow::socketio::testing
