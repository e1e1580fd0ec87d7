// Long polling, byte for byte: POSTs and polls, what is forbidden side by side, connections that are kept, bodies in
// chunks.
#include <gtest/gtest.h>

#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

const std::string kSeparator = "\x1e";
const std::string kBadRequest = R"({"code":3,"message":"Bad request"})";
const std::string kUnknownSid = R"({"code":1,"message":"Session ID unknown"})";

class WirePolling : public ::testing::Test {
protected:
    WirePolling()
        : loop_(Loopback::quick_config(), [this](Server& server) { echo_.mount(server); }),
          client_(loop_.port()),
          sid_(open_polling(client_, kEcho)) {}

    std::string target() const { return polling_target(sid_, kEcho); }
    /// The session on the server's side; one message must have been echoed.
    bool session_has(const std::function<bool(EngineSession&)>& what) {
        return eventually([&] {
            bool holds = false;
            loop_.on_loop([&](Server&) {
                const auto session = echo_.last.lock();
                holds = session && what(*session);
            });
            return holds;
        });
    }
    void echo_one() {
        EXPECT_EQ(client_.post(target(), "4hello").body, "ok");
        EXPECT_EQ(client_.get(target()).body, "4hello");
    }

    EchoSite echo_;
    Loopback loop_;
    Wire client_;
    std::string sid_;
};

TEST_F(WirePolling, APostIsAnsweredWithExactlyOk) {
    const WireAnswer answer = client_.post(target(), "4hello");
    EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 200 OK\r\n")) << answer.head;
    EXPECT_EQ(answer.header("Content-Length"), "2");
    EXPECT_EQ(answer.body, "ok");
    EXPECT_EQ(client_.post(target(), "3").body, "ok");
}

TEST_F(WirePolling, APollWaitsUntilThereIsSomething) {
    echo_one();
    client_.write(get_text(target()));
    ASSERT_TRUE(session_has([](EngineSession& session) { return session.transport().poll_open(); }));
    Wire poster(loop_.port());
    EXPECT_EQ(poster.post(target(), "4late").body, "ok");
    const WireAnswer answer = client_.read_answer();
    EXPECT_EQ(answer.status(), 200U);
    EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=UTF-8");
    EXPECT_EQ(answer.body, "4late");
}

TEST_F(WirePolling, SeveralPacketsGoInOneBodyBothWaysAndBinaryIsBase64) {
    const std::string body = "4hello" + kSeparator + "bAQIDBA==" + kSeparator + "4w\xc3\xb6rld";
    EXPECT_EQ(client_.post(target(), body).body, "ok");
    EXPECT_EQ(client_.get(target()).body, body);
}

TEST_F(WirePolling, WhatLooksLikeTheOldBinaryFormIsBase64) {
    EXPECT_EQ(client_.post(target(), "b4AEC").body, "ok");
    loop_.on_loop([&](Server&) { EXPECT_EQ(echo_.messages, 1U); });
    EXPECT_EQ(client_.get(target()).body, "b4AEC");
}

TEST_F(WirePolling, APayloadMayHoldAnyNumberOfPackets) {
    std::string body = "4x";
    for (int i = 1; i < 100'000; ++i) {
        body += kSeparator + (i % 2 == 0 ? "4x" : "6");
    }
    EXPECT_EQ(client_.post(target(), body).body, "ok");
    loop_.on_loop([&](Server&) { EXPECT_EQ(echo_.messages, 50'000U); });
}

TEST_F(WirePolling, TheContentTypeOfABodyDoesNotMatter) {
    for (const std::string type : {"text/plain;charset=UTF-8", "application/octet-stream", "nonsense"}) {
        EXPECT_EQ(client_.post(target(), "4a" + kSeparator + "bAQ==", "Content-Type: " + type + "\r\n").body, "ok");
        EXPECT_EQ(client_.get(target()).body, "4a" + kSeparator + "bAQ==") << type;
    }
    EXPECT_EQ(client_.post(target(), "4none").body, "ok");
    EXPECT_EQ(client_.get(target()).body, "4none");
}

TEST_F(WirePolling, TwoPollsAtOnceEndTheSession) {
    echo_one();
    client_.write(get_text(target()));
    ASSERT_TRUE(session_has([](EngineSession& session) { return session.transport().poll_open(); }));
    Wire second(loop_.port());
    const WireAnswer refused = second.get(target());
    EXPECT_EQ(refused.status(), 400U);
    EXPECT_EQ(refused.body, kBadRequest);
    const WireAnswer ended = client_.read_answer();
    EXPECT_EQ(ended.status(), 200U);
    EXPECT_EQ(ended.body, "1");
    EXPECT_EQ(client_.get(target()).body, kUnknownSid) << "on the connection that had the open poll";
    EXPECT_EQ(second.post(target(), "4x").body, kUnknownSid);
    EXPECT_EQ(loop_.sessions(), 0U);
}

TEST_F(WirePolling, TwoPostsAtOnceEndTheSession) {
    echo_one();
    client_.write(get_text(target()));
    ASSERT_TRUE(session_has([](EngineSession& session) { return session.transport().poll_open(); }));
    Wire first(loop_.port());
    const std::string post = post_text(target(), "4half");
    first.write(post.substr(0, post.size() - 2));
    ASSERT_TRUE(session_has([](EngineSession& session) {
        const bool free = session.transport().post_begins();
        if (free) {
            session.transport().post_ends();
        }
        return !free;
    }));
    Wire second(loop_.port());
    EXPECT_EQ(second.post(target(), "4x").status(), 400U);
    const WireAnswer ended = client_.read_answer();
    EXPECT_EQ(ended.status(), 200U);
    EXPECT_EQ(ended.body, "1");
    first.write(post.substr(post.size() - 2));
    EXPECT_EQ(first.read_answer().status(), 400U);
    EXPECT_EQ(loop_.sessions(), 0U);
    loop_.on_loop([&](Server&) { EXPECT_EQ(echo_.messages, 1U) << "nothing of either POST counts"; });
}

TEST_F(WirePolling, OneAfterTheOtherIsFine) {
    for (int i = 0; i < 50; ++i) {
        client_.write(post_text(target(), "4a") + get_text(target()));
        EXPECT_EQ(client_.read_answer().body, "ok");
        EXPECT_EQ(client_.read_answer().body, "4a") << "requests may even be sent ahead of their answers";
    }
    EXPECT_EQ(loop_.sessions(), 1U);
}

TEST_F(WirePolling, NoAnswerMayBeKeptByACache) {
    EXPECT_EQ(client_.post(target(), "4a").header("Cache-Control"), "no-store");
    EXPECT_EQ(client_.get(target()).header("Cache-Control"), "no-store");
    EXPECT_EQ(client_.get(polling_target("nobody", kEcho)).header("Cache-Control"), "no-store");
    EXPECT_EQ(client_.get(kEcho + "?EIO=4&transport=polling").header("Cache-Control"), "no-store");
}

TEST_F(WirePolling, TheConnectionIsKeptUnlessTheClientSaysOtherwise) {
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(client_.post(target(), "4a").body, "ok");
        EXPECT_EQ(client_.get(target()).body, "4a");
        EXPECT_EQ(client_.get(polling_target("nobody", kEcho)).status(), 400U) << "a refusal ends nothing";
    }
    EXPECT_EQ(client_.post(target(), "4a", "Connection: close\r\n").body, "ok");
    EXPECT_TRUE(client_.ended());
    Wire old(loop_.port());
    old.write("GET " + target() + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(old.read_answer().body, "4a");
    EXPECT_TRUE(old.ended());
}

TEST_F(WirePolling, ABodyMayComeInChunks) {
    const std::string head = "POST " + target() + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    client_.write(head + "1\r\n4\r\nA;note=\"x\"\r\n0123456789\r\n0001\r\nx\r\n0\r\nTrailer: y\r\n\r\n");
    EXPECT_EQ(client_.read_answer().body, "ok");
    EXPECT_EQ(client_.get(target()).body, "40123456789x");
}

TEST_F(WirePolling, AnEmptyBodyOrPacketEndsTheSession) {
    for (const std::string& body : {std::string(), "4a" + kSeparator, std::string("7"), std::string("b*")}) {
        const std::string sid = open_polling(client_, kEcho);
        const WireAnswer answer = client_.post(polling_target(sid, kEcho), body);
        EXPECT_EQ(answer.status(), 400U) << body;
        EXPECT_EQ(answer.body, kBadRequest);
        EXPECT_EQ(client_.get(polling_target(sid, kEcho)).body, kUnknownSid);
    }
    EXPECT_EQ(loop_.sessions(), 1U) << "the fixture's own is not touched";
}

TEST_F(WirePolling, TheClientsCloseIsAnsweredAndEndsTheSession) {
    echo_one();
    client_.write(get_text(target()));
    ASSERT_TRUE(session_has([](EngineSession& session) { return session.transport().poll_open(); }));
    Wire poster(loop_.port());
    EXPECT_EQ(poster.post(target(), "1").body, "ok");
    EXPECT_EQ(client_.read_answer().body, "6");
    EXPECT_EQ(client_.get(target()).body, kUnknownSid);
}

TEST_F(WirePolling, AHangupIsNoticedInTheSecondPollToo) {
    {
        Wire poller(loop_.port());
        EXPECT_EQ(client_.post(target(), "4hello").body, "ok");
        EXPECT_EQ(poller.get(target()).body, "4hello");
        poller.write(get_text(target()));
        ASSERT_TRUE(session_has([](EngineSession& session) { return session.transport().poll_open(); }));
    }
    EXPECT_TRUE(eventually([this] { return loop_.sessions() == 0; }));
}

TEST_F(WirePolling, AHangupIsNoticedBehindAnotherRequest) {
    echo_one();
    {
        Wire poller(loop_.port());
        poller.write(get_text(target()));
        ASSERT_TRUE(session_has([](EngineSession& session) { return session.transport().poll_open(); }));
        poller.write(get_text("/other"));
        for (int turn = 0; turn < 100; ++turn) {
            loop_.on_loop([](Server&) {});
        }
    }
    EXPECT_TRUE(eventually([this] { return loop_.sessions() == 0; }));
}

TEST_F(WirePolling, ARequestBehindAPollIsAnsweredAfterIt) {
    echo_one();
    Wire poller(loop_.port());
    poller.write(get_text(target()));
    ASSERT_TRUE(session_has([](EngineSession& session) { return session.transport().poll_open(); }));
    poller.write(get_text("/other"));
    EXPECT_EQ(client_.post(target(), "4later").body, "ok");
    EXPECT_EQ(poller.read_answer().body, "4later");
    EXPECT_EQ(poller.read_answer().status(), 404U);
}

TEST_F(WirePolling, APingOfTheClientIsOfAnotherVersion) {
    EXPECT_EQ(client_.post(target(), "2").status(), 400U);
    EXPECT_EQ(client_.get(target()).body, kUnknownSid);
}

}  // namespace
}  // namespace flow::socketio::testing
