// A client that does not take what it is sent: the server keeps a bounded part of it, then ends the session with a reason
// and has its memory back.
#include <algorithm>

#include <gtest/gtest.h>

#include "unit/socketio/loopback.hpp"
#include "unit/socketio/memory_meter.hpp"

namespace flow::socketio::testing {
namespace {

constexpr std::size_t kQueue = 2'000'000;
constexpr std::size_t kEventBytes = 20'000;
/// The queue, the same again for what is being written, and the event in the making.
constexpr std::size_t kBoundKb = (2 * kQueue + 10 * kEventBytes) / 1024;
/// What is sent in all is twice as much as this and the queue's bound together.
constexpr std::size_t kResidentSlackKb = 16 * 1024;
/// What stays when all is over.
constexpr std::size_t kRestKb = 256;

struct Watched {
    std::shared_ptr<Socket> socket;
    std::string ended;
};

class SlowConsumer : public ::testing::Test {
protected:
    static Config config() {
        Config config = Loopback::quick_config();
        config.max_send_queue = kQueue;
        return config;
    }

    /// Sends `bytes` in events of their own bytes, none shared; the highest memory on the way.
    Memory flood(std::size_t bytes, bool droppable) {
        Memory highest;
        for (std::size_t sent = 0; sent < bytes; sent += kEventBytes) {
            loop_.on_loop([&](Server&) {
                if (!watched_.socket) {
                    return;
                }
                const std::string text(kEventBytes, static_cast<char>('a' + sent % 26));
                if (droppable) {
                    watched_.socket->emit_volatile("x", text);
                } else {
                    watched_.socket->emit("x", text);
                }
            });
            const Memory now = measure_memory();
            highest.live = std::max(highest.live, now.live);
            highest.resident = std::max(highest.resident, now.resident);
        }
        return highest;
    }

    std::string reason() {
        std::string reason;
        eventually([&] {
            loop_.on_loop([&](Server&) { reason = watched_.ended; });
            return !reason.empty();
        });
        return reason;
    }

    bool joined() {
        return eventually([&] {
            bool joined = false;
            loop_.on_loop([&](Server&) { joined = watched_.socket != nullptr; });
            return joined;
        });
    }

    void expect_bounded(const Memory& before, const Memory& highest) {
        EXPECT_LE(live_growth_kb(before, highest), kBoundKb);
        EXPECT_LE(resident_growth_kb(before, highest), kBoundKb + kResidentSlackKb);
    }

    void expect_over(const Memory& before) {
        EXPECT_EQ(reason(), "send queue full");
        EXPECT_TRUE(eventually([&] { return loop_.sessions() == 0; }));
        EXPECT_TRUE(eventually([&] { return live_growth_kb(before, measure_memory()) <= kRestKb; }))
            << live_growth_kb(before, measure_memory());
    }

    Watched watched_;
    Loopback loop_{config(), [this](Server& server) {
        Handlers handlers;
        handlers.on_connect = [this](const std::shared_ptr<Socket>& socket) { watched_.socket = socket; };
        handlers.on_disconnect = [this](const std::shared_ptr<Socket>&, const std::string& reason) {
            watched_.ended = reason;
            watched_.socket.reset();
        };
        server.set_namespace("/", handlers);
    }};
};

TEST_F(SlowConsumer, AWebsocketThatIsNotRead) {
    const Memory before = measure_memory();
    RawPeer peer(loop_.port());
    ASSERT_TRUE(peer.upgrade(websocket_target("")));
    ASSERT_TRUE(peer.send_text("40"));
    ASSERT_TRUE(joined());
    const Memory highest = flood(20 * kQueue, false);
    expect_bounded(before, highest);
    expect_over(before);
}

TEST_F(SlowConsumer, AClientThatDoesNotPoll) {
    const Memory before = measure_memory();
    {
        HttpClient client(loop_.port());
        const std::string sid = open_session(client);
        ASSERT_EQ(client.post(polling_target(sid), "40").body, "ok");
    }
    ASSERT_TRUE(joined());
    const Memory highest = flood(20 * kQueue, false);
    expect_bounded(before, highest);
    expect_over(before);
}

TEST_F(SlowConsumer, VolatileEventsAreDroppedWithoutEnd) {
    const Memory before = measure_memory();
    RawPeer peer(loop_.port());
    ASSERT_TRUE(peer.upgrade(websocket_target("")));
    ASSERT_TRUE(peer.send_text("40"));
    ASSERT_TRUE(joined());
    const Memory highest = flood(20 * kQueue, true);
    expect_bounded(before, highest);
    EXPECT_EQ(loop_.sessions(), 1U);
    EXPECT_EQ(watched_.ended, "");
}

}  // namespace
}  // namespace flow::socketio::testing
