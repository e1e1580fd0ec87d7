// Socket.IO packets as they go over the wire, the ways of the different client libraries, and decoder state that
// belongs to the session.
#include <gtest/gtest.h>

#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

class WireNamespace : public ::testing::Test {
protected:
    WireNamespace()
        : loop_(Loopback::quick_config(),
                [](Server& server) {
                    mount_answering(server);
                    server.set_namespace("/guarded", guarded());
                    server.set_namespace("/asking", asking());
                }),
          socket_(loop_.port()) {}

    static Handlers guarded() {
        Handlers handlers = answering_handlers();
        handlers.middleware.emplace_back([](const std::shared_ptr<Socket>& socket, const Next& next) {
            if (socket->auth().value("token", "") == "123") {
                return next(std::nullopt);
            }
            ConnectError error;
            error.message = "Not authorized";
            next(std::move(error));
        });
        return handlers;
    }
    /// Asks each client that joins, and sends on what it answers.
    static Handlers asking() {
        Handlers handlers;
        handlers.on_connect = [](const std::shared_ptr<Socket>& socket) {
            socket->emit_with_ack("question", Json::array({1}), std::chrono::seconds(60),
                                  [socket](const std::optional<Json>& answer) {
                                      socket->emit("answer", answer ? *answer : Json());
                                  });
        };
        return handlers;
    }
    std::string exchange(const std::string& text) {
        socket_.send(text);
        return socket_.read_packet().data;
    }
    void joins(const std::string& nsp, const std::string& payload = "", const std::string& auth = "{}") {
        const std::string prefix = nsp == "/" ? "" : nsp + ",";
        const std::string answer = exchange("40" + prefix + payload);
        EXPECT_TRUE(answer.starts_with("40" + prefix + R"({"sid":")")) << answer;
        EXPECT_EQ(answer.size(), std::string("40{'sid':''}").size() + prefix.size() + 20) << answer;
        EXPECT_TRUE(socket_.read_packet().is(kTextFrame, "42" + prefix + R"(["auth",)" + auth + "]"));
    }

    /// Opens a session, joins "/" and reads what the server says to it; the sid.
    static std::string join_by_polling(Wire& http) {
        const std::string sid = open_polling(http);
        EXPECT_EQ(http.post(polling_target(sid), "40").body, "ok");
        std::string got;
        while (got.find("auth") == std::string::npos) {
            got = http.get(polling_target(sid)).body;
        }
        return sid;
    }

    Loopback loop_;
    Wire socket_;
};

TEST_F(WireNamespace, ConnectIsAnsweredWithTheSidOrAnError) {
    ASSERT_TRUE(open_wire(socket_));
    joins("/");
    joins("/custom", R"({"token":"abc"})", R"({"token":"abc"})");
    EXPECT_EQ(exchange("40/guarded,"), R"(44/guarded,{"message":"Not authorized"})");
    EXPECT_EQ(exchange(R"(40/guarded,{"token":"12"})"), R"(44/guarded,{"message":"Not authorized"})");
    joins("/guarded", R"({"token":"123"})", R"({"token":"123"})");
    EXPECT_EQ(exchange("40/random"), R"(44/random,{"message":"Invalid namespace"})");
    EXPECT_EQ(exchange("40/random,"), R"(44/random,{"message":"Invalid namespace"})");
}

TEST_F(WireNamespace, TheIdOfASocketIsNotThatOfItsSession) {
    ASSERT_TRUE(socket_.upgrade(websocket_target("")));
    const std::string open = socket_.read_frame().data;
    const std::string sid = Json::parse(open.substr(1))["sid"].get<std::string>();
    const Json main = Json::parse(exchange("40").substr(2));
    socket_.read_packet();
    const Json custom = Json::parse(exchange("40/custom,").substr(std::string("40/custom,").size()));
    EXPECT_NE(main["sid"], sid);
    EXPECT_NE(custom["sid"], sid);
    EXPECT_NE(custom["sid"], main["sid"]);
    EXPECT_EQ(main.size(), 1U) << "neither pid nor offset unless recovery is on";
}

TEST_F(WireNamespace, NobodyIsJoinedWithoutAsking) {
    ASSERT_TRUE(open_wire(socket_));
    joins("/custom");
    socket_.send(R"(42["message",1])");
    EXPECT_EQ(exchange(R"(42/custom,["message",2])"), R"(42/custom,["message-back",2])") << "of / came nothing";
}

TEST_F(WireNamespace, AnythingBeforeConnectClosesTheConnection) {
    for (const std::string text : {R"(42["message"])", R"(420["message"])", "41", "430[]", R"(44{"message":"x"})",
                                   R"(42/custom,["message"])"}) {
        Wire socket(loop_.port());
        ASSERT_TRUE(open_wire(socket));
        socket.send(text);
        EXPECT_NE(socket.read_close(), 0U) << text;
    }
    Wire client(loop_.port());
    const std::string sid = open_polling(client);
    EXPECT_EQ(client.post(polling_target(sid), R"(42["message"])").status(), 400U);
    EXPECT_EQ(client.get(polling_target(sid)).status(), 400U);
}

TEST_F(WireNamespace, EventsGoAndComeAsTheyAre) {
    ASSERT_TRUE(open_wire(socket_));
    joins("/");
    joins("/custom");
    for (const std::string args :
         {R"(1,"2",{"3":[true]})", R"("\u00e4")", R"({"z":1,"a":2,"m":{"b":null}})", "1.5,-0.0,1e+100,12345678901234567890",
          "\"\xe2\x82\xac\"", R"([[],{}])"}) {
        const std::string shown = args == R"("\u00e4")" ? "\"\xc3\xa4\"" : args;
        EXPECT_EQ(exchange(R"(42["message",)" + args + "]"), R"(42["message-back",)" + shown + "]");
        EXPECT_EQ(exchange(R"(42/custom,["message",)" + args + "]"), R"(42/custom,["message-back",)" + shown + "]");
    }
    EXPECT_EQ(exchange(R"(42[ "message" , 1 ])"), R"(42["message-back",1])") << "no whitespace";
    EXPECT_EQ(exchange("42[7,1]"), R"(42["7-back",1])") << "an event's name may be a number";
}

TEST_F(WireNamespace, AcknowledgementsCarryTheIdTheyAreAskedWith) {
    ASSERT_TRUE(open_wire(socket_));
    joins("/");
    joins("/custom");
    for (const std::string id : {"0", "1", "12", "4294967296", "9007199254740991"}) {
        EXPECT_EQ(exchange("42" + id + R"(["ask",1])"), "43" + id + "[1]");
        EXPECT_EQ(exchange("42/custom," + id + R"(["ask"])"), "43/custom," + id + "[]");
    }
    socket_.send(R"(429007199254740992["ask"])");
    EXPECT_NE(socket_.read_close(), 0U) << "above 2^53-1";
}

TEST_F(WireNamespace, TheServerAsksAndTheClientAnswersAlsoWithBinary) {
    ASSERT_TRUE(open_wire(socket_));
    EXPECT_TRUE(exchange("40/asking,").starts_with("40/asking,"));
    EXPECT_TRUE(socket_.read_packet().is(kTextFrame, R"(42/asking,0["question",1])"));
    EXPECT_EQ(exchange(R"(43/asking,0["bar"])"), R"(42/asking,["answer",["bar"]])");
    Wire second(loop_.port());
    ASSERT_TRUE(open_wire(second));
    second.send("40/asking,");
    second.read_packet();
    EXPECT_TRUE(second.read_packet().is(kTextFrame, R"(42/asking,0["question",1])"));
    second.send(R"(461-/asking,0["bar",{"_placeholder":true,"num":0}])");
    second.send_frame(kBinaryFrame, "\x01\x02\x03\x04");
    EXPECT_TRUE(second.read_packet().is(
        kTextFrame, R"(451-/asking,["answer",["bar",{"_placeholder":true,"num":0}]])"));
    EXPECT_TRUE(second.read_packet().is(kBinaryFrame, "\x01\x02\x03\x04"));
}

TEST_F(WireNamespace, BinaryEventsBothWays) {
    ASSERT_TRUE(open_wire(socket_));
    joins("/");
    joins("/custom");
    socket_.send(R"(451-["baz",{"_placeholder":true,"num":0}])");
    socket_.send_frame(kBinaryFrame, "\x01\x02\x03\x04");
    EXPECT_TRUE(socket_.read_packet().is(kTextFrame, R"(451-["baz-back",{"_placeholder":true,"num":0}])"));
    EXPECT_TRUE(socket_.read_packet().is(kBinaryFrame, "\x01\x02\x03\x04"));
    const std::string two = R"(,{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";
    socket_.send(R"(452-/custom,["baz")" + two);
    socket_.send_frame(kBinaryFrame, "\x01\x02");
    socket_.send_frame(kBinaryFrame, "\x03\x04");
    EXPECT_TRUE(socket_.read_packet().is(kTextFrame, R"(452-/custom,["baz-back")" + two));
    EXPECT_TRUE(socket_.read_packet().is(kBinaryFrame, "\x01\x02"));
    EXPECT_TRUE(socket_.read_packet().is(kBinaryFrame, "\x03\x04"));
    socket_.send(R"(451-15["ask","bar",{"_placeholder":true,"num":0}])");
    socket_.send_frame(kBinaryFrame, "\x05");
    EXPECT_TRUE(socket_.read_packet().is(kTextFrame, R"(461-15["bar",{"_placeholder":true,"num":0}])"));
    EXPECT_TRUE(socket_.read_packet().is(kBinaryFrame, "\x05"));
}

TEST_F(WireNamespace, LeavingOneKeepsTheConnectionAndTheOthers) {
    ASSERT_TRUE(open_wire(socket_));
    joins("/");
    joins("/custom");
    socket_.send("41/custom,");
    socket_.send(R"(42/custom,["message",1])");
    EXPECT_EQ(exchange(R"(42["message",2])"), R"(42["message-back",2])") << "no answer to the leave, none from /custom";
    joins("/custom");
    socket_.send("41");
    EXPECT_EQ(exchange(R"(42/custom,["message",3])"), R"(42/custom,["message-back",3])");
}

TEST_F(WireNamespace, AsPythonDoesItConnectAfterTheUpgradeAndOneForEachNamespace) {
    Wire http(loop_.port());
    const std::string sid = open_polling(http);
    take_over(socket_, sid);
    joins("/");
    joins("/custom");
    EXPECT_EQ(exchange(R"(421["ask","one"])"), R"(431["one"])") << "counts from 1";
    EXPECT_EQ(exchange(R"(42/custom,1["ask","one"])"), R"(43/custom,1["one"])") << "in each namespace";
    socket_.send("41/custom,");
    EXPECT_EQ(exchange(R"(422["ask"])"), "432[]");
}

TEST_F(WireNamespace, AsJavaScriptDoesItConnectByPostAndCountsFromZero) {
    Wire http(loop_.port());
    const std::string sid = open_polling(http);
    EXPECT_EQ(http.post(polling_target(sid), "40").body, "ok");
    std::string got = http.get(polling_target(sid)).body;
    if (got.find('\x1e') == std::string::npos) {
        got += '\x1e' + http.get(polling_target(sid)).body;
    }
    EXPECT_TRUE(got.starts_with(R"(40{"sid":")")) << got;
    EXPECT_TRUE(got.ends_with("\x1e" R"(42["auth",{}])")) << got;
    EXPECT_EQ(http.post(polling_target(sid), R"(420["ask",1])" "\x1e" R"(421["ask",2])").body, "ok");
    EXPECT_EQ(http.get(polling_target(sid)).body, "430[1]\x1e" "431[2]");
    take_over(socket_, sid);
    EXPECT_EQ(exchange(R"(422["ask",3])"), "432[3]");
    joins("/custom");
    EXPECT_EQ(exchange(R"(42/custom,0["ask"])"), "43/custom,0[]");
}

TEST_F(WireNamespace, AHeaderByPostAndItsAttachmentsByTheWebsocket) {
    Wire http(loop_.port());
    const std::string sid = join_by_polling(http);
    const std::string header =
        R"(452-3["ask",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}])" "\x1e" "bAQI=";
    EXPECT_EQ(http.post(polling_target(sid), header).body, "ok");
    take_over(socket_, sid);
    socket_.send_frame(kBinaryFrame, "\x03\x04");
    EXPECT_TRUE(socket_.read_packet().is(
        kTextFrame, R"(462-3[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])"));
    EXPECT_TRUE(socket_.read_packet().is(kBinaryFrame, "\x03\x04")) << "the one that came by websocket was num 1";
    EXPECT_TRUE(socket_.read_packet().is(kBinaryFrame, "\x01\x02"));
}

TEST_F(WireNamespace, AnEventWhoseAttachmentsGoByPolling) {
    Wire http(loop_.port());
    const std::string sid = join_by_polling(http);
    const std::string event = R"(451-["x",{"_placeholder":true,"num":0}])" "\x1e" "bAQIDBA==";
    EXPECT_EQ(http.post(polling_target(sid), event).body, "ok");
    EXPECT_EQ(http.get(polling_target(sid)).body,
              R"(451-["x-back",{"_placeholder":true,"num":0}])" "\x1e" "bAQIDBA==");
}

TEST(WireConnectLimit, ASessionThatJoinsNothingIsClosedInTime) {
    Config config = Loopback::quick_config();
    config.connect_timeout = std::chrono::milliseconds(60);
    Loopback loop(config, mount_answering);
    Wire socket(loop.port());
    ASSERT_TRUE(open_wire(socket));
    socket.send("40/random,");
    EXPECT_TRUE(socket.read_packet().data.starts_with("44/random,"));
    EXPECT_NE(socket.read_close(), 0U) << "a refused one counts as none";
    EXPECT_TRUE(eventually([&] { return loop.sessions() == 0; }));
}

}  // namespace
}  // namespace flow::socketio::testing
