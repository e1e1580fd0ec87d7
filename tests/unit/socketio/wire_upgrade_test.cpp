// From polling to a websocket: noops, order, what is accepted, what is abandoned, and the heartbeat meanwhile.
#include <gtest/gtest.h>

#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class WireUpgrade : public ::testing::Test {
protected:
    explicit WireUpgrade(Config config = Loopback::quick_config())
        : loop_(std::move(config), [this](Server& server) { echo_.mount(server); }),
          http_(loop_.port()),
          sid_(open_polling(http_, kEcho)) {}

    std::string polling() const { return polling_target(sid_, kEcho); }
    std::string websocket() const { return websocket_target(sid_, kEcho); }
    void probe(Wire& socket) {
        ASSERT_TRUE(socket.upgrade(websocket()));
        socket.send("2probe");
        ASSERT_TRUE(socket.read_frame().is(kTextFrame, "3probe"));
    }
    void expect_polling_works() {
        EXPECT_EQ(http_.post(polling(), "4still here").body, "ok");
        std::string body;
        EXPECT_TRUE(eventually([&] {
            body = http_.get(polling()).body;
            return body != "6";
        }));
        EXPECT_EQ(body, "4still here");
    }

    EchoSite echo_;
    Loopback loop_;
    Wire http_;
    std::string sid_;
};

TEST_F(WireUpgrade, EveryPollBetweenProbeAndUpgradeEndsWithANoopSoon) {
    Wire socket(loop_.port());
    probe(socket);
    auto fastest = Clock::duration::max();
    for (int i = 0; i < 10; ++i) {
        const auto begin = Clock::now();
        EXPECT_EQ(http_.get(polling()).body, "6");
        fastest = std::min(fastest, Clock::now() - begin);
    }
    // A busy machine may be late, though not ten times.
    EXPECT_LT(fastest, milliseconds(100));
    socket.send("5");
    socket.send("4x");
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "4x"));
}

TEST_F(WireUpgrade, APollThatIsOpenAtTheProbeEndsWithANoop) {
    http_.write(get_text(polling()));
    Wire socket(loop_.port());
    probe(socket);
    EXPECT_EQ(http_.read_answer().body, "6");
    EXPECT_EQ(http_.get(polling()).body, "6") << "and so does the next one";
}

TEST_F(WireUpgrade, WhatIsSentMeanwhileGoesOutOnTheWebsocketInOrder) {
    Wire socket(loop_.port());
    probe(socket);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(http_.post(polling(), "4" + std::to_string(i)).body, "ok");
        if (i % 5 == 0) {
            EXPECT_EQ(http_.get(polling()).body, "6") << "no data by polling any more";
        }
    }
    EXPECT_EQ(http_.post(polling(), "bAQI=").body, "ok");
    socket.write(frame_bytes(kTextFrame, "5") + frame_bytes(kTextFrame, "420"));
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(socket.read_frame().is(kTextFrame, "4" + std::to_string(i))) << i;
    }
    EXPECT_TRUE(socket.read_frame().is(kBinaryFrame, "\x01\x02"));
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "420"));
}

TEST_F(WireUpgrade, AnUpgradePacketMayComeWithPayloadAndWithoutProbe) {
    for (const bool probed : {false, true}) {
        for (const std::string packet : {"5", "52", "5probe"}) {
            const std::string sid = open_polling(http_, kEcho);
            Wire socket(loop_.port());
            ASSERT_TRUE(socket.upgrade(websocket_target(sid, kEcho)));
            if (probed) {
                socket.send("2probe");
                EXPECT_TRUE(socket.read_frame().is(kTextFrame, "3probe"));
            }
            socket.send(packet);
            socket.send("4taken over");
            EXPECT_TRUE(socket.read_frame().is(kTextFrame, "4taken over")) << packet << probed;
        }
    }
}

TEST_F(WireUpgrade, ACandidateThatHangsUpLeavesPolling) {
    {
        Wire socket(loop_.port());
        probe(socket);
    }
    expect_polling_works();
}

TEST_F(WireUpgrade, ACandidateThatSaysGoodbyeLeavesPolling) {
    {
        Wire socket(loop_.port());
        probe(socket);
        socket.send_frame(kCloseFrame, "\x03\xe8");
        EXPECT_EQ(socket.read_frame().first, kCloseFrame);
        EXPECT_TRUE(socket.ended()) << "the server hangs up first";
    }
    expect_polling_works();
}

TEST_F(WireUpgrade, ACandidateThatSaysNonsenseLeavesPolling) {
    for (const std::string packet : {"4x", "2", "2prob", "3probe", "1", "x", ""}) {
        Wire socket(loop_.port());
        ASSERT_TRUE(socket.upgrade(websocket()));
        socket.send(packet);
        EXPECT_EQ(socket.read_frame().first, kCloseFrame) << packet;
    }
    Wire binary(loop_.port());
    ASSERT_TRUE(binary.upgrade(websocket()));
    binary.send_frame(kBinaryFrame, "5");
    EXPECT_EQ(binary.read_frame().first, kCloseFrame);
    expect_polling_works();
    loop_.on_loop([&](Server&) { EXPECT_EQ(echo_.messages, 1U) << "nothing of a candidate is a message"; });
}

TEST_F(WireUpgrade, AfterAnAbandonedUpgradeAnotherOneWorks) {
    {
        Wire socket(loop_.port());
        probe(socket);
    }
    expect_polling_works();
    EXPECT_EQ(http_.post(polling(), "4kept").body, "ok");
    Wire again(loop_.port());
    take_over(again, sid_, kEcho);
    EXPECT_TRUE(again.read_frame().is(kTextFrame, "4kept"));
}

class WireUpgradeThatStops : public WireUpgrade {
protected:
    static Config hasty() {
        Config config = Loopback::quick_config();
        config.upgrade_timeout = milliseconds(50);
        return config;
    }
    WireUpgradeThatStops() : WireUpgrade(hasty()) {}
};

TEST_F(WireUpgradeThatStops, IsAbandonedAfterItsTimeAndLeavesPolling) {
    Wire silent(loop_.port());
    ASSERT_TRUE(silent.upgrade(websocket()));
    EXPECT_TRUE(silent.read_frame().ended);
    Wire probed(loop_.port());
    probe(probed);
    EXPECT_TRUE(probed.read_frame().ended);
    expect_polling_works();
}

class WireUpgradeHeartbeat : public WireUpgrade {
protected:
    static Config lively() {
        Config config = Loopback::quick_config();
        config.ping_interval = milliseconds(100);
        config.ping_timeout = milliseconds(400);
        return config;
    }
    WireUpgradeHeartbeat() : WireUpgrade(lively()) {}
};

TEST_F(WireUpgradeHeartbeat, APingThatIsDueMeanwhileComesOnTheWebsocket) {
    Wire socket(loop_.port());
    probe(socket);
    const auto end = Clock::now() + milliseconds(150);
    while (Clock::now() < end) {
        EXPECT_EQ(http_.get(polling()).body, "6");
    }
    socket.send("5");
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "2"));
    socket.send("3");
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "2")) << "and the next one after the pong";
}

TEST_F(WireUpgradeHeartbeat, ProbesAreASignOfLife) {
    Wire socket(loop_.port());
    probe(socket);
    const auto end = Clock::now() + milliseconds(1'000);
    while (Clock::now() < end) {
        socket.send("2probe");
        ASSERT_TRUE(socket.read_frame().is(kTextFrame, "3probe"));
    }
    socket.send("5");
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "2")) << "the ping that was due meanwhile";
}

TEST_F(WireUpgradeHeartbeat, AnUpgradeThatStopsHalfwayDoesNotKeepADeadSession) {
    Wire socket(loop_.port());
    probe(socket);
    EXPECT_EQ(socket.read_close(), 1000U);
    EXPECT_TRUE(eventually([&] { return loop_.sessions() == 0; }));
    EXPECT_EQ(http_.get(polling()).body, R"({"code":1,"message":"Session ID unknown"})");
}

}  // namespace
}  // namespace flow::socketio::testing
