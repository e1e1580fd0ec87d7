// Websockets: sessions of their own, and taking over from polling.
#include <gtest/gtest.h>

#include "api/socketio/engine_session.hpp"
#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {
namespace {

const std::string kPath = "/engine.io/";

class Upgrade : public ::testing::Test {
protected:
    Upgrade()
        : loop_(Loopback::quick_config(),
                [](Server& server) {
                    server.mount_raw_engine(kPath,
                                            [](EngineSession& session, const std::string& data,
                                               bool binary) { session.send_raw(data, binary); });
                }),
          http_(loop_.port()),
          sid_(open_session(http_, kPath)) {}

    std::string target() const { return websocket_target(sid_, kPath); }
    std::string post(const std::string& body) {
        return http_.post(polling_target(sid_, kPath), body).body;
    }

    Loopback loop_;
    HttpClient http_;
    std::string sid_;
};

TEST_F(Upgrade, AWebsocketOfItsOwnEchoesTextAndBinary) {
    WsClient socket(loop_.port());
    EXPECT_EQ(socket.connect(websocket_target("", kPath)), 101U);
    const Json open = Json::parse(socket.read().data.substr(1));
    EXPECT_EQ(open["upgrades"], Json::array());
    socket.send("4hello");
    EXPECT_EQ(socket.read().data, "4hello");
    socket.send_binary(std::string("\x00\x01\xff", 3));
    const Frame back = socket.read();
    EXPECT_TRUE(back.binary);
    EXPECT_EQ(back.data, std::string("\x00\x01\xff", 3));
}

TEST_F(Upgrade, ProbeNoopsThenDataInOrderOnTheWebsocket) {
    WsClient socket(loop_.port());
    ASSERT_EQ(socket.connect(target()), 101U);
    socket.send("2probe");
    EXPECT_EQ(socket.read().data, "3probe");
    EXPECT_EQ(post("4one"), "ok");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(http_.get(polling_target(sid_, kPath)).body, "6") << "every one";
    }
    EXPECT_EQ(post("4two"), "ok");
    socket.send("5");
    socket.send("4three");
    EXPECT_EQ(socket.read().data, "4one");
    EXPECT_EQ(socket.read().data, "4two");
    EXPECT_EQ(socket.read().data, "4three");
    EXPECT_EQ(http_.get(polling_target(sid_, kPath)).status, 400U);
}

TEST_F(Upgrade, AnOpenPollIsEndedByTheProbe) {
    http_.write_raw("GET " + polling_target(sid_, kPath) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    WsClient socket(loop_.port());
    ASSERT_EQ(socket.connect(target()), 101U);
    socket.send("2probe");
    EXPECT_EQ(socket.read().data, "3probe");
    EXPECT_EQ(http_.read_answer().body, "6");
}

TEST_F(Upgrade, FiveWithPayloadAndWithoutProbe) {
    WsClient socket(loop_.port());
    ASSERT_EQ(socket.connect(target()), 101U);
    socket.send("52");
    socket.send("4x");
    EXPECT_EQ(socket.read().data, "4x");
}

TEST_F(Upgrade, AnAbandonedUpgradeLeavesPolling) {
    {
        WsClient socket(loop_.port());
        ASSERT_EQ(socket.connect(target()), 101U);
        socket.send("2probe");
        EXPECT_EQ(socket.read().data, "3probe");
        socket.cut();
    }
    EXPECT_EQ(post("4still here"), "ok");
    std::string body;
    EXPECT_TRUE(eventually([&] {
        body = poll(http_, sid_, kPath);
        return body != "6";
    }));
    EXPECT_EQ(body, "4still here");
    WsClient again(loop_.port());
    ASSERT_EQ(again.connect(target()), 101U);
    again.send("2probe");
    EXPECT_EQ(again.read().data, "3probe");
}

TEST_F(Upgrade, OtherPacketsOnTheCandidateEndItAlone) {
    WsClient socket(loop_.port());
    ASSERT_EQ(socket.connect(target()), 101U);
    socket.send("4too early");
    EXPECT_TRUE(socket.read().closed);
    EXPECT_EQ(post("4x"), "ok");
    EXPECT_EQ(poll(http_, sid_, kPath), "4x");
}

TEST_F(Upgrade, ASecondWebsocketIsTurnedAwayAndAnUnknownSidRefused) {
    WsClient socket(loop_.port());
    ASSERT_EQ(socket.connect(target()), 101U);
    socket.send("2probe");
    EXPECT_EQ(socket.read().data, "3probe");
    socket.send("5");
    socket.send("4x");
    EXPECT_EQ(socket.read().data, "4x");
    WsClient second(loop_.port());
    EXPECT_EQ(second.connect(target()), 101U);
    EXPECT_TRUE(second.read().closed);
    socket.send("4y");
    EXPECT_EQ(socket.read().data, "4y");
    WsClient unknown(loop_.port());
    EXPECT_EQ(unknown.connect(websocket_target("nobody", kPath)), 400U);
}

TEST_F(Upgrade, MalformedPacketsCloseTheWebsocket) {
    for (const std::string text : {"abc", "", "2"}) {
        WsClient socket(loop_.port());
        open_websocket(socket, kPath);
        socket.send(text);
        EXPECT_TRUE(socket.read().closed) << text;
    }
    EXPECT_TRUE(eventually([&] { return loop_.sessions() == 1; })) << "the fixture's own is left";
}

TEST_F(Upgrade, TheClientsGoodbyeEndsTheSession) {
    WsClient polite(loop_.port());
    open_websocket(polite, kPath);
    WsClient rude(loop_.port());
    open_websocket(rude, kPath);
    EXPECT_EQ(loop_.sessions(), 3U);
    polite.close();
    rude.cut();
    EXPECT_TRUE(eventually([&] { return loop_.sessions() == 1; }));
}

TEST(Deflate, WorksWhenOn) {
    Config config = Loopback::quick_config();
    config.deflate = true;
    Loopback loop(config, [](Server& server) {
        server.mount_raw_engine(kPath, [](EngineSession& session, const std::string& data,
                                          bool binary) { session.send_raw(data, binary); });
    });
    WsClient socket(loop.port());
    open_websocket(socket, kPath);
    const std::string large = "4" + std::string(200'000, 'y');
    socket.send(large);
    EXPECT_EQ(socket.read().data, large);
}

}  // namespace
}  // namespace flow::socketio::testing
