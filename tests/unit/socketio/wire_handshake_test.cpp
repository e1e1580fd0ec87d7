// The first bytes of a session and every way to be refused one: open packets, error bodies, second websockets, CORS.
#include <regex>

#include <gtest/gtest.h>

#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

std::string open_pattern(const std::string& upgrades) {
    return R"re(0\{"sid":"[A-Za-z0-9_-]{20}","upgrades":\[)re" + upgrades +
           R"re(\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\})re";
}

TEST(WireHandshake, TheOpenPacketOverPolling) {
    Loopback loop;
    Wire client(loop.port());
    const WireAnswer answer = client.get("/socket.io/?EIO=4&transport=polling&t=abc");
    EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 200 OK\r\n")) << answer.head;
    EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=UTF-8");
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
    EXPECT_EQ(answer.header("Content-Length"), std::to_string(answer.body.size()));
    EXPECT_TRUE(std::regex_match(answer.body, std::regex(open_pattern("\"websocket\"")))) << answer.body;
}

TEST(WireHandshake, TheOpenPacketOverAWebsocket) {
    Loopback loop;
    Wire socket(loop.port());
    ASSERT_TRUE(socket.upgrade("/socket.io/?EIO=4&transport=websocket"));
    EXPECT_NE(socket.head.find("Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI="), std::string::npos)
        << socket.head;
    const WireFrame open = socket.read_frame();
    EXPECT_EQ(open.first, kTextFrame);
    EXPECT_TRUE(std::regex_match(open.data, std::regex(open_pattern("")))) << open.data;
}

TEST(WireHandshake, ThePathCanBeSet) {
    Config config = Loopback::quick_config();
    config.path = "/chat/";
    Loopback loop(config);
    Wire client(loop.port());
    EXPECT_EQ(client.get("/chat/?EIO=4&transport=polling").status(), 200U);
    EXPECT_EQ(client.get("/socket.io/?EIO=4&transport=polling").status(), 404U);
    Wire socket(loop.port());
    EXPECT_TRUE(open_wire(socket, "/chat/"));
}

TEST(WireHandshake, TheOpenPacketSaysWhatIsConfigured) {
    Config config;
    config.ping_interval = std::chrono::milliseconds(300'000);
    config.ping_timeout = std::chrono::milliseconds(200'000);
    config.max_payload = 12'345;
    Loopback loop(config);
    Wire client(loop.port());
    const std::string body = client.get("/socket.io/?EIO=4&transport=polling").body;
    EXPECT_NE(body.find(R"("pingInterval":300000,"pingTimeout":200000,"maxPayload":12345})"), std::string::npos)
        << body;
}

struct Refusal {
    std::string request;
    std::string body;
};

TEST(WireHandshake, EveryRefusalHasItsCodeAndMessage) {
    const std::string path = "/socket.io/";
    const std::string unknown_transport = R"({"code":0,"message":"Transport unknown"})";
    const std::string unknown_sid = R"({"code":1,"message":"Session ID unknown"})";
    const std::string bad_method = R"({"code":2,"message":"Bad handshake method"})";
    const std::string bad_request = R"({"code":3,"message":"Bad request"})";
    const std::string bad_version = R"({"code":5,"message":"Unsupported protocol version"})";
    const std::vector<Refusal> refusals{
        {get_text(path), unknown_transport},
        {get_text(path + "?EIO=4"), unknown_transport},
        {get_text(path + "?EIO=4&transport="), unknown_transport},
        {get_text(path + "?EIO=4&transport=tcp"), unknown_transport},
        {get_text(path + "?EIO=4&transport=tcp&sid=nobody"), unknown_transport},
        {get_text(path + "?EIO=4&transport=polling&sid=nobody"), unknown_sid},
        {post_text(path + "?EIO=4&transport=polling&sid=nobody", "4"), unknown_sid},
        {upgrade_text(path + "?EIO=4&transport=websocket&sid=nobody"), unknown_sid},
        {post_text(path + "?EIO=4&transport=polling", ""), bad_method},
        {"DELETE " + path + "?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n", bad_method},
        {get_text(path + "?EIO=4&transport=websocket"), bad_request},
        {upgrade_text(path + "?EIO=4&transport=polling"), bad_request},
        {get_text(path + "?transport=polling"), bad_version},
        {get_text(path + "?EIO=&transport=polling"), bad_version},
        {get_text(path + "?EIO=3&transport=polling"), bad_version},
        {get_text(path + "?EIO=5&transport=polling"), bad_version},
        {upgrade_text(path + "?EIO=3&transport=websocket"), bad_version},
        {upgrade_text(path + "?transport=websocket"), bad_version},
    };
    Loopback loop;
    for (const Refusal& refusal : refusals) {
        Wire client(loop.port());
        client.write(refusal.request);
        const WireAnswer answer = client.read_answer();
        EXPECT_EQ(answer.status(), 400U) << refusal.request;
        EXPECT_EQ(answer.header("Content-Type"), "application/json");
        EXPECT_EQ(answer.body, refusal.body) << refusal.request;
    }
    EXPECT_EQ(loop.sessions(), 0U);
}

TEST(WireHandshake, AForbiddenRequestHasCodeFourAndStatus403) {
    Loopback loop(Loopback::quick_config(), [](Server& server) {
        server.set_access_check([](const AccessRequest& request) -> std::optional<std::string> {
            return request.origin == "http://evil" ? std::optional<std::string>("not you") : std::nullopt;
        });
    });
    const std::string evil = "Origin: http://evil\r\n";
    Wire client(loop.port());
    const WireAnswer polling = client.get("/socket.io/?EIO=4&transport=polling", evil);
    EXPECT_EQ(polling.status(), 403U);
    EXPECT_EQ(polling.body, R"({"code":4,"message":"not you"})");
    const std::string sid = open_polling(client);
    for (const std::string& of : {std::string(), sid}) {
        Wire socket(loop.port());
        socket.write(upgrade_text(websocket_target(of), evil));
        const WireAnswer refused = socket.read_answer();
        EXPECT_EQ(refused.status(), 403U) << "the websocket's Origin is checked as well";
        EXPECT_EQ(refused.body, R"({"code":4,"message":"not you"})");
        EXPECT_TRUE(socket.ended());
    }
    Wire good(loop.port());
    EXPECT_TRUE(good.upgrade(websocket_target(sid), "Origin: http://page\r\n"));
}

TEST(WireHandshake, AWebsocketThatIsRefusedIsClosed) {
    Loopback loop;
    for (const std::string target : {"/socket.io/?transport=websocket", "/socket.io/?EIO=4",
                                     "/socket.io/?EIO=4&transport=websocket&sid=nobody"}) {
        Wire socket(loop.port());
        EXPECT_FALSE(socket.upgrade(target));
        EXPECT_TRUE(socket.head.starts_with("HTTP/1.1 400 ")) << socket.head;
        EXPECT_TRUE(socket.ended()) << target;
    }
}

TEST(WireHandshake, ASecondWebsocketGets101AndIsThenClosed) {
    EchoSite echo;
    Loopback loop(Loopback::quick_config(), [&](Server& server) { echo.mount(server); });
    Wire polling(loop.port());
    const std::string upgraded = open_polling(polling, kEcho);
    Wire socket(loop.port());
    take_over(socket, upgraded, kEcho);
    Wire second(loop.port());
    ASSERT_TRUE(second.upgrade(websocket_target(upgraded, kEcho)));
    EXPECT_EQ(second.read_frame().first, kCloseFrame) << "closed, and nothing else";
    socket.send("4still mine");
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "4still mine"));

    const std::string tried = open_polling(polling, kEcho);
    Wire candidate(loop.port());
    ASSERT_TRUE(candidate.upgrade(websocket_target(tried, kEcho)));
    candidate.send("2probe");
    EXPECT_TRUE(candidate.read_frame().is(kTextFrame, "3probe"));
    Wire rival(loop.port());
    ASSERT_TRUE(rival.upgrade(websocket_target(tried, kEcho)));
    EXPECT_EQ(rival.read_frame().first, kCloseFrame);
    candidate.send("5");
    candidate.send("4first come");
    EXPECT_TRUE(candidate.read_frame().is(kTextFrame, "4first come"));
}

TEST(WireHandshake, AfterTheUpgradePollsAndPostsAreBadRequests) {
    EchoSite echo;
    Loopback loop(Loopback::quick_config(), [&](Server& server) { echo.mount(server); });
    Wire polling(loop.port());
    const std::string sid = open_polling(polling, kEcho);
    Wire socket(loop.port());
    take_over(socket, sid, kEcho);
    socket.send("4x");
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "4x"));
    const std::string bad_request = R"({"code":3,"message":"Bad request"})";
    EXPECT_EQ(polling.get(polling_target(sid, kEcho)).body, bad_request);
    EXPECT_EQ(polling.post(polling_target(sid, kEcho), "4y").body, bad_request);
    socket.send("4z");
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "4z"));
}

TEST(WireHandshakeAlone, WhatComesBehindAnUpgradeRequestIsRead) {
    Loopback loop(Loopback::quick_config(), mount_answering);
    Wire socket(loop.port());
    socket.write(upgrade_text(websocket_target("")) + frame_bytes(kTextFrame, "40") +
                 frame_bytes(kTextFrame, R"(42["message",1])").substr(0, 9));
    EXPECT_EQ(socket.read_answer().status(), 101U);
    EXPECT_TRUE(socket.read_frame().data.starts_with("0{"));
    EXPECT_TRUE(socket.read_packet().data.starts_with("40{"));
    EXPECT_TRUE(socket.read_packet().data.starts_with("42[\"auth\""));
    socket.write(frame_bytes(kTextFrame, R"(42["message",1])").substr(9));
    EXPECT_TRUE(socket.read_packet().is(kTextFrame, R"(42["message-back",1])"));
}

}  // namespace
}  // namespace flow::socketio::testing
