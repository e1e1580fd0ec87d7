// Connection state recovery: its memory as pure rules, then a client that loses its connection.
#include <gtest/gtest.h>

#include "api/socketio/recovery.hpp"
#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {
namespace {

using namespace std::chrono_literals;
using TimePoint = Recovery::TimePoint;

EncodedEvent event(int number) {
    return encode_event("n", number);
}

Audience in(const std::string& room) {
    Audience audience;
    audience.rooms.push_back(room);
    return audience;
}

Recovery::Parked session(const std::string& id, std::vector<std::string> rooms = {}) {
    Recovery::Parked parked;
    parked.id = id;
    parked.rooms = std::move(rooms);
    return parked;
}

std::vector<Recovery::Offset> offsets(const Recovery::Restored& restored) {
    std::vector<Recovery::Offset> all;
    for (const auto& [offset, missed] : restored.missed) {
        all.push_back(offset);
    }
    return all;
}

const TimePoint kStart{1h};
using Offsets = std::vector<Recovery::Offset>;

TEST(RecoveryMemory, GivesWhatConcernedTheSessionAfterItsOffset) {
    Recovery memory{RecoveryLimits{}};
    memory.enter();
    memory.record(kStart, event(1), {});
    memory.record(kStart, event(2), in("red"));
    memory.record(kStart, event(3), in("blue"));
    memory.record(kStart, event(4), in("me"));
    Audience all_but_red;
    all_but_red.except.push_back("red");
    memory.record(kStart, event(5), all_but_red);
    memory.record(kStart, event(6), {});
    memory.leave();
    memory.park(kStart, "p", session("me", {"red"}));
    const auto restored = memory.restore(kStart + 1s, "p", "1");
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->session.id, "me");
    EXPECT_EQ(offsets(*restored), (Offsets{2, 4, 6}));
    EXPECT_FALSE(memory.restore(kStart + 1s, "p", "1")) << "only once";
}

TEST(RecoveryMemory, WithoutAnOffsetItBeginsWhereTheSessionJoined) {
    Recovery memory{RecoveryLimits{}};
    memory.enter();
    memory.record(kStart, event(1), {});
    auto parked = session("me");
    parked.joined = memory.newest();
    memory.record(kStart, event(2), {});
    memory.park(kStart, "p", std::move(parked));
    const auto restored = memory.restore(kStart, "p", "");
    ASSERT_TRUE(restored);
    EXPECT_EQ(offsets(*restored), (Offsets{2}));
}

TEST(RecoveryMemory, GivesUpWhenTimeIsOver) {
    RecoveryLimits limits;
    limits.keep = 10s;
    Recovery memory{limits};
    memory.enter();
    memory.park(kStart, "p", session("me"));
    memory.park(kStart + 5s, "q", session("you"));
    EXPECT_FALSE(memory.restore(kStart + 11s, "p", ""));
    EXPECT_TRUE(memory.restore(kStart + 11s, "q", ""));
}

TEST(RecoveryMemory, OneThatCameBackAndIsLostAgainHasItsTimeAnew) {
    RecoveryLimits limits;
    limits.keep = 10s;
    Recovery memory{limits};
    memory.enter();
    memory.park(kStart, "p", session("me"));
    ASSERT_TRUE(memory.restore(kStart + 1s, "p", ""));
    memory.park(kStart + 9s, "p", session("me"));
    memory.record(kStart + 11s, event(1), {});
    EXPECT_TRUE(memory.restore(kStart + 12s, "p", ""));
}

TEST(RecoveryMemory, WhoMissedWhatIsNotKeptAnyMoreIsNotRecovered) {
    RecoveryLimits limits;
    limits.max_bytes = 3 * event(1).held_bytes();
    Recovery memory{limits};
    memory.enter();
    for (int i = 1; i <= 5; ++i) {
        memory.record(kStart, event(i), {});
    }
    memory.park(kStart, "old", session("a"));
    memory.park(kStart, "new", session("b"));
    EXPECT_EQ(memory.kept_events(), 3U);
    EXPECT_LE(memory.kept_bytes(), limits.max_bytes);
    EXPECT_FALSE(memory.restore(kStart, "old", "1"));
    const auto restored = memory.restore(kStart, "new", "2");
    ASSERT_TRUE(restored);
    EXPECT_EQ(offsets(*restored), (Offsets{3, 4, 5}));
}

TEST(RecoveryMemory, SmallEventsCountWhatTheyReallyTake) {
    RecoveryLimits limits;
    limits.max_bytes = 100'000;
    Recovery memory{limits};
    memory.enter();
    for (int i = 0; i < 10'000; ++i) {
        memory.record(kStart, event(i), in("a room with a long name, " + std::to_string(i)));
    }
    EXPECT_LT(memory.kept_events(), 200U);
    EXPECT_GT(memory.kept_events(), 50U);
}

TEST(RecoveryMemory, OffsetsThatAreNoneOfOursRecoverNothing) {
    for (const std::string offset : {"x", "-1", "7", "1x", "99999999999999999999999"}) {
        Recovery memory{RecoveryLimits{}};
        memory.enter();
        memory.record(kStart, event(1), {});
        memory.park(kStart, "p", session("me"));
        EXPECT_FALSE(memory.restore(kStart, "p", offset)) << offset;
    }
}

TEST(RecoveryMemory, ParkedSessionsAreBounded) {
    RecoveryLimits limits;
    limits.max_parked = 2;
    Recovery memory{limits};
    for (const std::string pid : {"a", "b", "c"}) {
        memory.park(kStart, pid, session(pid));
    }
    EXPECT_FALSE(memory.restore(kStart, "a", ""));
    EXPECT_TRUE(memory.restore(kStart, "b", ""));
    EXPECT_TRUE(memory.restore(kStart, "c", ""));
    EXPECT_FALSE(memory.wanted()) << "nobody is left, so nothing is recorded";
}

/// A server that recovers, and says of each client whether it was.
class Recovering : public ::testing::Test {
protected:
    explicit Recovering(bool on = true, std::chrono::milliseconds keep = 2min) : loop_(config(on, keep), [this](Server& server) {
        Handlers handlers;
        handlers.middleware.emplace_back([this](const std::shared_ptr<Socket>&, const Next& next) {
            ++asked_;
            next(std::nullopt);
        });
        handlers.on_connect = [this](const std::shared_ptr<Socket>& socket) {
            if (!socket->recovered()) {
                socket->user_data = std::make_shared<int>(++made_);
                socket->join("red");
            }
            socket->emit("hello", *std::static_pointer_cast<int>(socket->user_data));
        };
        handlers.on_event = [](const std::shared_ptr<Socket>& socket, const std::string& event,
                               const Json&, const Ack&) {
            if (event == "bye") {
                socket->disconnect();
            }
        };
        server.set_namespace("/", handlers);
    }) {}

    static Config config(bool on, std::chrono::milliseconds keep) {
        Config config = Loopback::quick_config();
        config.recovery = on;
        config.recovery_keep = keep;
        return config;
    }
    /// The answer to CONNECT.
    Json open(WsClient& ws, const Json& auth) {
        open_websocket(ws);
        ws.send("40" + auth.dump());
        const std::string answer = ws.read().data;
        EXPECT_TRUE(answer.starts_with("40{")) << answer;
        return Json::parse(answer.substr(2));
    }
    void tell(const std::string& room, int number) {
        loop_.on_loop([&](Server& server) { server.in("/").to(room).emit("n", number); });
    }
    void cut(WsClient& ws) {
        ws.cut();
        EXPECT_TRUE(eventually([this] { return loop_.sessions() == 0; }));
    }

    int asked_ = 0;
    int made_ = 0;
    Loopback loop_;
};

TEST_F(Recovering, WhatWasMissedComesWithIdRoomsAndData) {
    WsClient first(loop_.port());
    const Json welcome = open(first, {{"recovery", true}});
    EXPECT_EQ(first.read().data, R"(42["hello",1,"1"])");
    tell("red", 1);
    EXPECT_EQ(first.read().data, R"(42["n",1,"2"])");
    cut(first);
    tell("red", 2);
    tell("blue", 3);
    tell(welcome.at("sid"), 4);

    WsClient second(loop_.port());
    const Json back = open(
        second, {{"recovery", true}, {"pid", welcome.at("pid")}, {"offset", "2"}});
    EXPECT_EQ(back.at("sid"), welcome.at("sid"));
    EXPECT_EQ(back.at("pid"), welcome.at("pid"));
    EXPECT_EQ(second.read().data, R"(42["n",2,"3"])");
    EXPECT_EQ(second.read().data, R"(42["n",4,"5"])");
    EXPECT_EQ(second.read().data, R"(42["hello",1,"6"])") << "the data of the first connection";
    tell("red", 5);
    EXPECT_EQ(second.read().data, R"(42["n",5,"7"])") << "and its rooms";
    loop_.on_loop([this](Server&) { EXPECT_EQ(asked_, 1) << "middleware is not asked again"; });
}

TEST_F(Recovering, WorksBeforeTheFirstEventWasSeen) {
    WsClient first(loop_.port());
    const Json welcome = open(first, {{"recovery", true}});
    EXPECT_EQ(welcome.at("offset"), "0");
    first.read();
    cut(first);
    tell("red", 1);
    WsClient second(loop_.port());
    const Json back = open(second, {{"recovery", true}, {"pid", welcome.at("pid")}});
    EXPECT_EQ(back.at("sid"), welcome.at("sid"));
    EXPECT_EQ(second.read().data, R"(42["hello",1,"1"])");
    EXPECT_EQ(second.read().data, R"(42["n",1,"2"])");
}

TEST_F(Recovering, WhoIsLostAgainBeforeItHasWhatItMissedLosesNothing) {
    WsClient first(loop_.port());
    const Json welcome = open(first, {{"recovery", true}});
    cut(first);
    tell("red", 1);
    const Json again{{"recovery", true}, {"pid", welcome.at("pid")}};
    WsClient second(loop_.port());
    EXPECT_EQ(open(second, again).at("offset"), "0");
    cut(second);
    WsClient third(loop_.port());
    EXPECT_EQ(open(third, again).at("sid"), welcome.at("sid"));
    EXPECT_EQ(third.read().data, R"(42["hello",1,"1"])");
    EXPECT_EQ(third.read().data, R"(42["n",1,"2"])");
}

TEST_F(Recovering, WhoDoesNotAskSeesNothingOfIt) {
    WsClient ws(loop_.port());
    const Json welcome = open(ws, Json::object());
    EXPECT_EQ(welcome.size(), 1U) << welcome.dump();
    EXPECT_EQ(ws.read().data, R"(42["hello",1])");
    WsClient other(loop_.port());
    open(other, {{"recovery", true}});
    other.read();
    tell("red", 1);
    EXPECT_EQ(ws.read().data, R"(42["n",1])");
    EXPECT_EQ(other.read().data, R"(42["n",1,"2"])");
}

TEST_F(Recovering, WhoIsSentAwayOrLeavesStartsAnew) {
    WsClient first(loop_.port());
    const Json welcome = open(first, {{"recovery", true}});
    first.read();
    first.send(R"(42["bye"])");
    EXPECT_EQ(first.read().data, "41");
    WsClient second(loop_.port());
    const Json back = open(
        second, {{"recovery", true}, {"pid", welcome.at("pid")}, {"offset", "1"}});
    EXPECT_NE(back.at("sid"), welcome.at("sid"));
    EXPECT_NE(back.at("pid"), welcome.at("pid"));
    loop_.on_loop([this](Server&) { EXPECT_EQ(asked_, 2); });
}

TEST_F(Recovering, AnUnknownPidStartsAnew) {
    WsClient ws(loop_.port());
    const Json welcome = open(ws, {{"recovery", true}, {"pid", "made up"}, {"offset", "0"}});
    EXPECT_NE(welcome.at("pid"), "made up");
}

class RecoveringShortly : public Recovering {
protected:
    RecoveringShortly() : Recovering(true, 20ms) {}
};

TEST_F(RecoveringShortly, WhatIsKeptGoesByItself) {
    WsClient ws(loop_.port());
    open(ws, {{"recovery", true}});
    std::weak_ptr<void> data;
    loop_.on_loop([&](Server& server) {
        const auto sockets = server.in("/").sockets();
        ASSERT_EQ(sockets.size(), 1U);
        data = sockets.front()->user_data;
    });
    cut(ws);
    EXPECT_TRUE(eventually([&] {
        bool gone = false;
        loop_.on_loop([&](Server&) { gone = data.expired(); });
        return gone;
    }));
}

class NotRecovering : public Recovering {
protected:
    NotRecovering() : Recovering(false) {}
};

TEST_F(NotRecovering, OffNobodySeesAnythingOfIt) {
    WsClient ws(loop_.port());
    const Json welcome = open(ws, {{"recovery", true}});
    EXPECT_EQ(welcome.size(), 1U) << welcome.dump();
    EXPECT_EQ(ws.read().data, R"(42["hello",1])");
}

}  // namespace
}  // namespace flow::socketio::testing
