// Connect and abandon, thousands of times: what stays in memory. Two numbers are looked at: bytes allocated and not freed,
// which say exactly that nothing was kept, and the resident size of the process, which is what the machine feels.
#include <cstdio>

#include <gtest/gtest.h>

#include "unit/socketio/loopback.hpp"
#include "unit/socketio/memory_meter.hpp"

namespace flow::socketio::testing {
namespace {

/// After the warm-up: a session that stays costs 10 kB and more, thousands of them are far above both.
constexpr std::size_t kLiveBoundKb = 256;
constexpr std::size_t kResidentBoundKb = 8 * 1024;

Config churn_config() {
    Config config = Loopback::quick_config();
    config.ping_interval = std::chrono::milliseconds(200);
    config.ping_timeout = std::chrono::milliseconds(200);
    config.connect_timeout = std::chrono::milliseconds(400);
    config.upgrade_timeout = std::chrono::milliseconds(400);
    config.http_idle_timeout = std::chrono::milliseconds(400);
    return config;
}

void one_namespace(Server& server) {
    Handlers handlers;
    handlers.on_connect = [](const std::shared_ptr<Socket>& socket) { socket->emit("hello", 1); };
    handlers.on_event = [](const std::shared_ptr<Socket>& socket, const std::string& event, const Json& args,
                           const Ack&) { socket->emit_args(event, args); };
    server.set_namespace("/", handlers);
}

bool all_gone(Loopback& loop) {
    return eventually([&] {
        std::size_t left = 0;
        loop.on_loop([&](Server& server) { left = server.session_count() + server.connection_count(); });
        return left == 0;
    });
}

std::string open_polling(RawPeer& peer) {
    const std::string answer = peer.exchange("GET", "/socket.io/?EIO=4&transport=polling", "", "maxPayload");
    const auto at = answer.find("\"sid\":\"");
    return at == std::string::npos ? "" : answer.substr(at + 7, answer.find('"', at + 7) - at - 7);
}

/// Does `round` until everything that is kept for reuse is there, and then `times` more; nothing may have been added.
void expect_flat(Loopback& loop, std::size_t times, const std::function<void()>& round) {
    for (std::size_t i = 0; i < times / 4; ++i) {
        round();
    }
    ASSERT_TRUE(all_gone(loop));
    const Memory before = measure_memory();
    for (std::size_t i = 0; i < times && !::testing::Test::HasFailure(); ++i) {
        round();
    }
    ASSERT_TRUE(all_gone(loop));
    const Memory after = measure_memory();
    EXPECT_LE(live_growth_kb(before, after), kLiveBoundKb);
    EXPECT_LE(resident_growth_kb(before, after), kResidentBoundKb);
    std::printf("after %zu rounds: %zu kB more allocated, %zu kB more resident\n", times,
                live_growth_kb(before, after), resident_growth_kb(before, after));
}

/// The target of the session that joined; empty when it did not.
std::string join_by_polling(RawPeer& peer) {
    const std::string target = polling_target(open_polling(peer));
    const bool joined = !peer.exchange("POST", target, "40", "ok").empty() &&
                        !peer.exchange("GET", target, "", "hello").empty();
    return joined ? target : "";
}

/// A candidate for the session `sid` that has been answered its probe.
bool probe(RawPeer& candidate, const std::string& sid) {
    return candidate.upgrade(websocket_target(sid)) && candidate.send_text("2probe") &&
           !candidate.read_until("3probe").empty();
}

/// The answer to CONNECT has a moment for itself: eight wait for it together.
std::vector<RawPeer> join_eight(Loopback& loop) {
    std::vector<RawPeer> peers;
    for (int i = 0; i < 8; ++i) {
        RawPeer& peer = peers.emplace_back(loop.port());
        EXPECT_TRUE(peer.upgrade(websocket_target("")));
        EXPECT_TRUE(peer.send_text("40"));
    }
    for (RawPeer& peer : peers) {
        EXPECT_NE(peer.read_until("hello"), "");
    }
    return peers;
}

TEST(Memory, WebsocketsThatJoinAndAreCut) {
    Loopback loop(churn_config(), one_namespace);
    expect_flat(loop, 300, [&] { join_eight(loop); });
}

TEST(Memory, WebsocketsThatLeaveProperly) {
    Loopback loop(churn_config(), one_namespace);
    expect_flat(loop, 300, [&] {
        for (RawPeer& peer : join_eight(loop)) {
            ASSERT_TRUE(peer.send_text("42[\"x\",\"y\"]"));
            ASSERT_NE(peer.read_until("[\"x\",\"y\"]"), "");
            ASSERT_TRUE(peer.send_text("41"));
            ASSERT_TRUE(peer.send_text("1"));
            ASSERT_NE(peer.read_until("\x88\x02\x03\xe8"), "");
        }
    });
}

TEST(Memory, PollingClientsThatJoinAndLeave) {
    Loopback loop(churn_config(), one_namespace);
    expect_flat(loop, 2'000, [&] {
        RawPeer peer(loop.port());
        const std::string target = join_by_polling(peer);
        ASSERT_NE(target, "");
        ASSERT_NE(peer.exchange("POST", target, "1", "ok"), "");
    });
}

TEST(Memory, PollingClientsThatHangUpInTheMiddleOfAPoll) {
    Loopback loop(churn_config(), one_namespace);
    expect_flat(loop, 2'000, [&] {
        RawPeer peer(loop.port());
        const std::string target = join_by_polling(peer);
        ASSERT_NE(target, "");
        ASSERT_TRUE(peer.write("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    });
}

/// The session of each is forgotten by its heartbeat.
TEST(Memory, UpgradesThatAreAbandonedAfterTheProbe) {
    Loopback loop(churn_config(), one_namespace);
    expect_flat(loop, 2'000, [&] {
        RawPeer peer(loop.port());
        const std::string sid = open_polling(peer);
        ASSERT_NE(peer.exchange("POST", polling_target(sid), "40", "ok"), "");
        RawPeer candidate(loop.port());
        ASSERT_TRUE(probe(candidate, sid));
    });
}

/// As above, but the websocket stays open and silent: upgrade_timeout ends it.
TEST(Memory, UpgradesThatNeverGoOn) {
    Loopback loop(churn_config(), one_namespace);
    std::vector<RawPeer> silent;
    expect_flat(loop, 900, [&] {
        RawPeer peer(loop.port());
        const std::string sid = open_polling(peer);
        RawPeer& candidate = silent.emplace_back(loop.port());
        ASSERT_TRUE(candidate.upgrade(websocket_target(sid)));
        if (silent.size() == 300) {
            ASSERT_TRUE(silent.front().ends());
            silent.clear();
        }
    });
}

/// One session, tried again and again.
TEST(Memory, OneSessionWithThousandsOfAbandonedUpgrades) {
    Config config = churn_config();
    config.ping_interval = std::chrono::minutes(5);
    config.connect_timeout = std::chrono::minutes(5);
    config.http_idle_timeout = std::chrono::minutes(5);
    Loopback loop(config, one_namespace);
    RawPeer peer(loop.port());
    const std::string sid = open_polling(peer);
    const auto attempt = [&] {
        RawPeer candidate(loop.port());
        ASSERT_TRUE(probe(candidate, sid));
    };
    const auto attempts = [&](int times) {
        for (int i = 0; i < times && !HasFailure(); ++i) {
            attempt();
            // The next one is turned away while this one counts as being tried.
            ASSERT_TRUE(eventually([&] {
                std::size_t open = 0;
                loop.on_loop([&](Server& server) { open = server.connection_count(); });
                return open == 1;
            }));
        }
    };
    attempts(300);
    const Memory before = measure_memory();
    attempts(1'500);
    const Memory after = measure_memory();
    EXPECT_LE(live_growth_kb(before, after), kLiveBoundKb);
    EXPECT_LE(resident_growth_kb(before, after), kResidentBoundKb);
    EXPECT_NE(peer.exchange("POST", polling_target(sid), "40", "ok"), "");
}

/// A frame that announces much and brings nothing costs little.
TEST(Memory, AnAnnouncedFrameReservesNothing) {
    constexpr std::size_t kAtOnce = 50;
    constexpr std::size_t kBoundEachKb = 160;
    constexpr std::string_view kHeader("\x81\xff\0\0\0\0\0\x0d\xbb\xa0\0\0\0\0" "42[\"half", 22);     // 900,000 bytes
    Loopback loop(Loopback::quick_config(), one_namespace);
    const Memory before = measure_memory();
    std::vector<RawPeer> peers;
    for (std::size_t i = 0; i < kAtOnce; ++i) {
        ASSERT_TRUE(peers.emplace_back(loop.port()).upgrade(websocket_target("")));
        ASSERT_TRUE(peers.back().write(std::string(kHeader)));
    }
    // By then the others have been read.
    const std::vector<RawPeer> later = join_eight(loop);
    EXPECT_LE(live_growth_kb(before, measure_memory()), kAtOnce * kBoundEachKb);
}

/// What a connection that says nothing, or half of something, may cost.
TEST(Memory, HalfOpenConnectionsAreCheapAndEnd) {
    constexpr std::size_t kAtOnce = 1'000;
    constexpr std::size_t kBoundEachKb = 16;
    const std::string post = "POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n";
    const std::vector<std::string> halves = {
        "", "GET /socket", "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: loc",
        post + "Content-Length: 900000\r\n\r\nhalf", post + "Transfer-Encoding: chunked\r\n\r\ndbba0\r\nhalf"};
    Config config = churn_config();
    config.http_idle_timeout = std::chrono::seconds(3);
    Loopback loop(config, one_namespace);
    Memory before;
    std::size_t open = 0;
    for (int round = 0; round < 3; ++round) {
        before = round == 1 ? measure_memory() : before;
        std::vector<RawPeer> peers;
        for (std::size_t i = 0; i < kAtOnce; ++i) {
            ASSERT_TRUE(peers.emplace_back(loop.port()).write(halves[i % halves.size()]));
        }
        EXPECT_TRUE(eventually([&] {
            loop.on_loop([&](Server& server) { open = server.connection_count(); });
            return open == kAtOnce;
        })) << open;
        if (round > 0) {
            EXPECT_LE(live_growth_kb(before, measure_memory()), kAtOnce * kBoundEachKb);
        }
        // Nobody but the server closes them.
        ASSERT_TRUE(all_gone(loop));
    }
    EXPECT_LE(live_growth_kb(before, measure_memory()), kLiveBoundKb);
    EXPECT_LE(resident_growth_kb(before, measure_memory()), kResidentBoundKb);
}

}  // namespace
}  // namespace flow::socketio::testing
