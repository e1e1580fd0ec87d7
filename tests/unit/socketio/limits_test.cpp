// What is bounded: sizes, depth, times, and the queue of a client that does not read.
#include <gtest/gtest.h>

#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {
namespace {

/// What happened on the server's side; read it on the loop only.
struct Seen {
    std::vector<std::string> ended;
    std::shared_ptr<Socket> socket;
    int events = 0;
    int drained = 0;
};

std::function<void(Server&)> watch(Seen& seen) {
    return [&seen](Server& server) {
        Handlers handlers;
        handlers.on_connect = [&seen](const std::shared_ptr<Socket>& socket) {
            seen.socket = socket;
            socket->on_drain([&seen] { ++seen.drained; });
        };
        handlers.on_event = [&seen](const std::shared_ptr<Socket>&, const std::string&, const Json&,
                                    const Ack&) { ++seen.events; };
        handlers.on_disconnect = [&seen](const std::shared_ptr<Socket>&,
                                         const std::string& reason) {
            seen.ended.push_back(reason);
            seen.socket.reset();
        };
        server.set_namespace("/", handlers);
    };
}

std::string ended(Loopback& loop, Seen& seen) {
    std::string reason;
    eventually([&] {
        loop.on_loop([&](Server&) { reason = seen.ended.empty() ? "" : seen.ended.front(); });
        return !reason.empty();
    });
    return reason;
}

void join(WsClient& socket) {
    open_websocket(socket);
    socket.send("40");
    socket.read();
}

TEST(Limits, TooLargeBodiesGet413) {
    Seen seen;
    Loopback loop(Loopback::quick_config(), watch(seen));
    HttpClient client(loop.port());
    const std::string sid = open_session(client);
    EXPECT_EQ(client.post(polling_target(sid), "40").status, 200U);
    const std::string body = "42[\"x\",\"" + std::string(1'000'000, 'x') + "\"]";
    EXPECT_EQ(client.post(polling_target(sid), body).status, 413U);
    HttpClient chunked(loop.port());
    chunked.write_raw("POST " + polling_target(sid) +
                      " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "f4300\r\n" + std::string(0xf4300, 'x') + "\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.read_answer().status, 413U);
    HttpClient again(loop.port());
    EXPECT_EQ(again.post(polling_target(sid), body.substr(0, 8) + "\"]").status, 200U);
}

TEST(Limits, TooLargeWebsocketMessagesGet1009) {
    Seen seen;
    Loopback loop(Loopback::quick_config(), watch(seen));
    WsClient socket(loop.port());
    join(socket);
    socket.send("42[\"x\",\"" + std::string(900'000, 'x') + "\"]");
    socket.send("42[\"x\",\"" + std::string(1'000'000, 'x') + "\"]");
    const Frame frame = socket.read();
    EXPECT_TRUE(frame.closed);
    EXPECT_EQ(frame.close_code, 1009U);
    EXPECT_NE(ended(loop, seen), "");
    EXPECT_EQ(seen.events, 1);
}

TEST(Limits, DeepNestingEndsTheSessionAndNothingElse) {
    Seen seen;
    Loopback loop(Loopback::quick_config(), watch(seen));
    HttpClient client(loop.port());
    for (const char bracket : {'[', '{'}) {
        const std::string sid = open_session(client);
        EXPECT_EQ(client.post(polling_target(sid), "40").status, 200U);
        const std::string nested = "42[\"x\"," + std::string(400'000, bracket) +
                                   std::string(400'000, bracket == '[' ? ']' : '}') + "]";
        EXPECT_EQ(client.post(polling_target(sid), nested).status, 400U);
        EXPECT_EQ(client.post(polling_target(sid), "3").status, 400U);
    }
    EXPECT_EQ(ended(loop, seen), "parse error");
}

TEST(Limits, BadUtf8EndsTheSession) {
    Seen seen;
    Loopback loop(Loopback::quick_config(), watch(seen));
    HttpClient client(loop.port());
    const std::string sid = open_session(client);
    EXPECT_EQ(client.post(polling_target(sid), "40").status, 200U);
    EXPECT_EQ(client.post(polling_target(sid), "42[\"x\",\"\xff\xfe\"]").status, 400U);
    EXPECT_EQ(ended(loop, seen), "parse error");
}

TEST(Limits, AttachmentsThatNeverComeEndTheSession) {
    Config config = Loopback::quick_config();
    config.attachment_timeout = std::chrono::milliseconds(50);
    Seen seen;
    Loopback loop(config, watch(seen));
    WsClient socket(loop.port());
    join(socket);
    socket.send(R"(451-["x",{"_placeholder":true,"num":0}])");
    EXPECT_TRUE(socket.read().closed);
    EXPECT_EQ(ended(loop, seen), "parse error");
}

TEST(Limits, ASessionThatJoinsNothingIsClosed) {
    Config config = Loopback::quick_config();
    config.connect_timeout = std::chrono::milliseconds(50);
    Loopback loop(config, [](Server& server) { server.set_namespace("/", {}); });
    WsClient socket(loop.port());
    open_websocket(socket);
    EXPECT_TRUE(socket.read().closed);
    EXPECT_TRUE(eventually([&] { return loop.sessions() == 0; }));
}

TEST(Limits, WithoutPongTheSessionEnds) {
    Config config = Loopback::quick_config();
    config.ping_interval = std::chrono::milliseconds(20);
    config.ping_timeout = std::chrono::milliseconds(50);
    Seen seen;
    Loopback loop(config, watch(seen));
    WsClient socket(loop.port());
    join(socket);
    EXPECT_TRUE(socket.read().closed);
    EXPECT_EQ(ended(loop, seen), "ping timeout");
    HttpClient client(loop.port());
    const std::string sid = open_session(client);
    EXPECT_TRUE(eventually([&] { return client.get(polling_target(sid)).status == 400U; }));
}

TEST(Limits, AClientThatDoesNotReadIsClosedAndOthersAreNot) {
    Config config = Loopback::quick_config();
    config.max_send_queue = 500'000;
    Seen seen;
    Loopback loop(config, watch(seen));
    WsClient reader(loop.port());
    join(reader);
    WsClient sleeper(loop.port());
    join(sleeper);
    const EncodedEvent event = encode_event("x", std::string(100'000, 'x'));
    EXPECT_TRUE(eventually([&] {
        bool over = false;
        loop.on_loop([&](Server&) {
            if (seen.socket) {
                seen.socket->send(event);
            }
            over = !seen.ended.empty();
        });
        return over;
    }));
    EXPECT_EQ(ended(loop, seen), "send queue full");
    EXPECT_TRUE(eventually([&] { return loop.sessions() == 1; }));
}

TEST(Limits, VolatileEventsOfASlowClientAreDroppedInstead) {
    Config config = Loopback::quick_config();
    config.max_send_queue = 500'000;
    Seen seen;
    Loopback loop(config, watch(seen));
    WsClient sleeper(loop.port());
    join(sleeper);
    const EncodedEvent event = encode_event("x", std::string(100'000, 'x'));
    for (int i = 0; i < 300; ++i) {
        loop.on_loop([&](Server&) { seen.socket->send_volatile(event); });
    }
    std::size_t pending = 0;
    loop.on_loop([&](Server&) { pending = seen.socket->pending_bytes(); });
    EXPECT_GT(pending, 300'000U);
    EXPECT_TRUE(seen.ended.empty());
    EXPECT_EQ(loop.sessions(), 1U);
}

/// A flood for a client that does not read yet: a turn for each event, as messages of containers come.
void flood(Loopback& loop, Seen& seen, int events) {
    const EncodedEvent event = encode_event("x", std::string(10'000, 'x'));
    for (int i = 0; i < events; ++i) {
        loop.on_loop([&](Server&) { seen.socket->send_volatile(event); });
    }
}

TEST(Limits, AFloodOfVolatileEventsIsNotWhatAnAnswerWaitsFor) {
    Config config = Loopback::quick_config();
    config.max_volatile_queue = 100'000;
    Seen seen;
    Loopback loop(config, watch(seen));
    WsClient slow(loop.port());
    join(slow);
    flood(loop, seen, 1'500);
    loop.on_loop([&](Server&) {
        EXPECT_LT(seen.socket->pending_bytes(), 300'000U);
        EXPECT_LT(seen.socket->owed_bytes(), 200'000U) << "no more than is being written";
        seen.socket->emit("answer", 1);
    });
    int before = 0;
    while (slow.read().data != R"(42["answer",1])" && before < 2'000) {
        ++before;
    }
    EXPECT_GT(before, 10);
    EXPECT_LT(before, 1'000) << "the kernel has taken only a part of them";
}

TEST(Limits, DrainIsToldThoughAFloodGoesOn) {
    Seen seen;
    Loopback loop(Loopback::quick_config(), watch(seen));
    WsClient slow(loop.port());
    join(slow);
    flood(loop, seen, 1'500);
    bool told_amid = false;
    loop.on_loop([&](Server&) {
        seen.socket->emit("stored", 1);
        EXPECT_GT(seen.socket->owed_bytes(), 0U);
        seen.socket->on_drain([&] {
            EXPECT_EQ(seen.socket->owed_bytes(), 0U);
            told_amid = told_amid || seen.socket->pending_bytes() > 0;
        });
    });
    EXPECT_TRUE(eventually([&] {
        flood(loop, seen, 4);
        slow.read();
        slow.read();
        bool told = false;
        loop.on_loop([&](Server&) { told = told_amid; });
        return told;
    }));
}

TEST(Limits, ABurstOfOneTurnIsNoSlowClient) {
    constexpr int kEvents = 300;
    Config config = Loopback::quick_config();
    config.max_volatile_queue = 10'000;
    Seen seen;
    Loopback loop(config, watch(seen));
    WsClient fast(loop.port());
    join(fast);
    ASSERT_TRUE(eventually([&] {
        std::size_t pending = 1;
        loop.on_loop([&](Server&) { pending = seen.socket->pending_bytes(); });
        return pending == 0;
    }));
    loop.on_loop([&](Server&) {
        for (int i = 0; i < kEvents; ++i) {
            seen.socket->emit_volatile("x", i);
        }
        EXPECT_GT(seen.socket->pending_bytes(), 10'000U);
    });
    for (int i = 0; i < kEvents; ++i) {
        ASSERT_EQ(fast.read().data, "42[\"x\"," + std::to_string(i) + "]");
    }
}

TEST(Limits, DrainIsToldWhenEverythingIsWritten) {
    Seen seen;
    Loopback loop(Loopback::quick_config(), watch(seen));
    WsClient socket(loop.port());
    join(socket);
    const auto state = [&] {
        std::pair<int, std::size_t> now;
        loop.on_loop([&](Server&) { now = {seen.drained, seen.socket->pending_bytes()}; });
        return now;
    };
    ASSERT_TRUE(eventually([&] { return state().first >= 1; }));
    const int before = state().first;
    loop.on_loop([&](Server&) {
        seen.socket->emit("x", std::string(10'000'000, 'x'));
        EXPECT_GT(seen.socket->pending_bytes(), 10'000'000U);
    });
    EXPECT_EQ(socket.read().data.size(), 10'000'000U + 10);
    EXPECT_TRUE(eventually([&] { return state() == std::make_pair(before + 1, std::size_t{0}); }));
}

TEST(Limits, WhoRefillsTheQueueLetsOthersHaveTheirTurn) {
    constexpr int kTimes = 10'000;
    Seen seen;
    int at_the_next_turn = 0;
    Loopback loop(Loopback::quick_config(), watch(seen));
    WsClient socket(loop.port());
    join(socket);
    loop.on_loop([&](Server&) {
        seen.socket->on_drain([&] {
            if (++seen.drained == 1) {
                seen.socket->emit_with_ack("x", {}, std::chrono::milliseconds(0),
                                           [&](const auto&) { at_the_next_turn = seen.drained; });
            } else if (seen.drained < kTimes) {
                seen.socket->emit("x", 1);
            }
        });
        seen.drained = 0;
        seen.socket->emit("x", 1);
    });
    const auto drained = [&] {
        int count = 0;
        loop.on_loop([&](Server&) { count = seen.drained; });
        return count;
    };
    EXPECT_TRUE(eventually([&] { return drained() >= kTimes; }));
    loop.on_loop([&](Server&) {
        EXPECT_GT(at_the_next_turn, 0);
        EXPECT_LT(at_the_next_turn, kTimes / 2);
    });
}

TEST(Limits, TooManySessionsAreRefused) {
    Config config = Loopback::quick_config();
    config.max_sessions = 2;
    Loopback loop(config);
    HttpClient client(loop.port());
    EXPECT_NE(open_session(client), "");
    EXPECT_NE(open_session(client), "");
    EXPECT_EQ(client.get("/socket.io/?EIO=4&transport=polling").status, 503U);
}

}  // namespace
}  // namespace flow::socketio::testing
