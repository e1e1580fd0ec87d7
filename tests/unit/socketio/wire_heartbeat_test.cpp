// The server pings, the client pongs; who is silent is gone. Times have exact lower bounds; upper ones hold for the
// best of several tries, because a busy machine may be late once.
#include <gtest/gtest.h>

#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

Config beating(int interval, int timeout) {
    Config config = Loopback::quick_config();
    config.ping_interval = milliseconds(interval);
    config.ping_timeout = milliseconds(timeout);
    return config;
}

TEST(WireHeartbeat, PingsOverAWebsocketComeAnIntervalAfterThePong) {
    Loopback loop(beating(60, 20'000));
    Wire socket(loop.port());
    auto since = Clock::now();
    ASSERT_TRUE(open_wire(socket));
    for (int i = 0; i < 4; ++i) {
        const WireFrame ping = socket.read_frame();
        EXPECT_TRUE(ping.is(kTextFrame, "2"));
        EXPECT_GE(Clock::now() - since, milliseconds(60));
        // The pong takes its time: the next ping counts from it, not from the ping before.
        const auto late = Clock::now() + milliseconds(40 * i);
        EXPECT_TRUE(eventually([&] { return Clock::now() >= late; }));
        since = Clock::now();
        socket.send("3");
    }
    EXPECT_EQ(loop.sessions(), 1U);
}

TEST(WireHeartbeat, APingOvertakesWhatWaitsForASlowClient) {
    constexpr int kEvents = 800;
    const auto opened = Clock::now();
    Loopback loop(beating(500, 20'000), [](Server& server) {
        Handlers handlers;
        handlers.on_connect = [event = encode_event("x", std::string(10'000, 'x'))](const auto& socket) {
            for (int i = 0; i < kEvents; ++i) {
                socket->send(event);
            }
        };
        server.set_namespace("/", handlers);
    });
    Wire slow(loop.port());
    ASSERT_TRUE(open_wire(slow));
    slow.send("40");
    EXPECT_TRUE(eventually([&] { return Clock::now() >= opened + milliseconds(1'000); })) << "the ping is due";
    int before = 0;
    ASSERT_TRUE(slow.read_frame().data.starts_with("40")) << "the flood began before the ping was due";
    while (before < kEvents && !slow.read_frame().is(kTextFrame, "2")) {
        ++before;
    }
    EXPECT_GT(before, 0);
    EXPECT_LT(before, kEvents / 2) << "only what was in the kernel already";
    for (int rest = before; rest < kEvents; ++rest) {
        ASSERT_EQ(slow.read_frame().data.substr(0, 7), "42[\"x\",") << "whole frames, all of them";
    }
}

TEST(WireHeartbeat, PingsByPollingAndPongsByPost) {
    Loopback loop(beating(40, 20'000));
    Wire client(loop.port());
    const std::string sid = open_polling(client);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.get(polling_target(sid)).body, "2");
        const auto since = Clock::now();
        EXPECT_EQ(client.post(polling_target(sid), "3").body, "ok");
        client.write(get_text(polling_target(sid)));
        EXPECT_EQ(client.read_answer().body, "2");
        EXPECT_GE(Clock::now() - since, milliseconds(40));
        EXPECT_EQ(client.post(polling_target(sid), "3").body, "ok");
    }
}

TEST(WireHeartbeat, AnOverduePingIs400WithinTwentyMillisecondsOfTheLimit) {
    Loopback loop(beating(100, 150));
    auto soonest = Clock::duration::max();
    for (int i = 0; i < 5; ++i) {
        Wire client(loop.port());
        const auto opened = Clock::now();
        const std::string sid = open_polling(client);
        EXPECT_EQ(client.get(polling_target(sid)).body, "2");
        EXPECT_TRUE(eventually([&] { return loop.sessions() == 0; }));
        const auto lived = Clock::now() - opened;
        EXPECT_GE(lived, milliseconds(250)) << "not before its time";
        const WireAnswer answer = client.get(polling_target(sid));
        EXPECT_EQ(answer.status(), 400U);
        EXPECT_EQ(answer.body, R"({"code":1,"message":"Session ID unknown"})");
        soonest = std::min(soonest, Clock::now() - opened);
    }
    EXPECT_LT(soonest, milliseconds(270));
}

TEST(WireHeartbeat, AnOpenPollEndsWithTheSession) {
    Loopback loop(beating(30, 60));
    Wire client(loop.port());
    const std::string sid = open_polling(client);
    EXPECT_EQ(client.get(polling_target(sid)).body, "2");
    EXPECT_EQ(client.get(polling_target(sid)).body, "1");
    EXPECT_EQ(client.get(polling_target(sid)).status(), 400U);
}

TEST(WireHeartbeat, ASilentWebsocketIsClosed) {
    Loopback loop(beating(30, 60));
    Wire socket(loop.port());
    ASSERT_TRUE(open_wire(socket));
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "2"));
    EXPECT_EQ(socket.read_frame().first, kCloseFrame);
    EXPECT_EQ(loop.sessions(), 0U);
}

TEST(WireHeartbeat, AnyPacketCountsAsLife) {
    EchoSite echo;
    Loopback loop(beating(50, 600), [&](Server& server) { echo.mount(server); });
    Wire polling(loop.port());
    const std::string sid = open_polling(polling, kEcho);
    Wire socket(loop.port());
    ASSERT_TRUE(open_wire(socket, kEcho));
    const auto end = Clock::now() + milliseconds(1'500);
    while (Clock::now() < end) {
        socket.send("4x");
        EXPECT_TRUE(socket.read_packet().is(kTextFrame, "4x"));
        EXPECT_EQ(polling.post(polling_target(sid, kEcho), "6").body, "ok");
    }
    EXPECT_EQ(loop.sessions(), 2U) << "no pong ever came, and yet";
}

TEST(WireHeartbeat, HalfAMessageIsNoLife) {
    Loopback loop(beating(30, 60));
    Wire socket(loop.port());
    ASSERT_TRUE(open_wire(socket));
    const std::string frame = frame_bytes(kTextFrame, "4" + std::string(1'000, 'x'));
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "2"));
    socket.write(frame.substr(0, 500));
    EXPECT_TRUE(eventually([&] { return loop.sessions() == 0; }));
}

}  // namespace
}  // namespace flow::socketio::testing
