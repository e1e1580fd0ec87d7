// Engine.IO over plain HTTP: handshake, polls, POSTs, refusals, CORS, access.
#include <future>
#include <utility>

#include <gtest/gtest.h>

#include "api/socketio/engine_session.hpp"
#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {
namespace {

void mount_echo(Server& server) {
    server.mount_raw_engine("/engine.io/", [](EngineSession& session, const std::string& data,
                                              bool binary) { session.send_raw(data, binary); });
}

TEST(Http, OpenPacketHasExactlyTheFieldsOfTheProtocol) {
    Loopback loop;
    HttpClient client(loop.port());
    const HttpAnswer answer = client.get("/socket.io/?EIO=4&transport=polling");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
    ASSERT_EQ(answer.body.front(), '0');
    Json open = Json::parse(answer.body.substr(1));
    EXPECT_EQ(open["sid"].get<std::string>().size(), 20U);
    open["sid"] = "";
    EXPECT_EQ(open.dump(), R"({"sid":"","upgrades":["websocket"],"pingInterval":25000,)"
                           R"("pingTimeout":20000,"maxPayload":1000000})");
}

TEST(Http, EchoesSeveralPacketsOverPolling) {
    Loopback loop(Loopback::quick_config(), mount_echo);
    HttpClient client(loop.port());
    const std::string sid = open_session(client, "/engine.io/");
    const HttpAnswer posted =
        client.post(polling_target(sid, "/engine.io/"), "4one\x1e" "bAQIDBA==\x1e" "4two");
    EXPECT_EQ(posted.status, 200U);
    EXPECT_EQ(posted.body, "ok");
    EXPECT_EQ(poll(client, sid, "/engine.io/"), "4one\x1e" "bAQIDBA==\x1e" "4two");
}

TEST(Http, APollIsAnsweredWithAtMostSixteenPackets) {
    Loopback loop(Loopback::quick_config(), mount_echo);
    HttpClient client(loop.port());
    const std::string sid = open_session(client, "/engine.io/");
    std::string body = "4x";
    for (int i = 1; i < 40; ++i) {
        body += "\x1e" "4x";
    }
    client.post(polling_target(sid, "/engine.io/"), body);
    EXPECT_EQ(poll(client, sid, "/engine.io/").size(), 16 * 3 - 1U);
    EXPECT_EQ(poll(client, sid, "/engine.io/").size(), 16 * 3 - 1U);
    EXPECT_EQ(poll(client, sid, "/engine.io/").size(), 8 * 3 - 1U);
}

TEST(Http, RefusalsCarryACode) {
    Loopback loop;
    HttpClient client(loop.port());
    const auto code = [&](const std::string& target) {
        const HttpAnswer answer = client.get(target);
        EXPECT_EQ(answer.status, 400U) << target;
        return Json::parse(answer.body)["code"].get<int>();
    };
    EXPECT_EQ(code("/socket.io/?EIO=4&transport=tcp"), 0);
    EXPECT_EQ(code("/socket.io/?EIO=4&transport=polling&sid=nobody"), 1);
    EXPECT_EQ(code("/socket.io/?EIO=3&transport=polling"), 5);
    EXPECT_EQ(code("/socket.io/?transport=polling"), 5);
    EXPECT_EQ(code("/socket.io/?EIO=4&transport=websocket"), 3);
    EXPECT_EQ(client.post("/socket.io/?EIO=4&transport=polling", "").body,
              R"({"code":2,"message":"Bad handshake method"})");
    EXPECT_EQ(client.get("/elsewhere").status, 404U);
}

TEST(Http, MalformedPayloadEndsTheSession) {
    Loopback loop(Loopback::quick_config(), mount_echo);
    HttpClient client(loop.port());
    const std::string sid = open_session(client, "/engine.io/");
    EXPECT_EQ(client.post(polling_target(sid, "/engine.io/"), "abc").status, 400U);
    EXPECT_EQ(client.get(polling_target(sid, "/engine.io/")).status, 400U);
}

TEST(Http, ASecondPollEndsTheSession) {
    Loopback loop;
    HttpClient first(loop.port());
    HttpClient second(loop.port());
    const std::string sid = open_session(first);
    const std::string target = polling_target(sid);
    first.write_raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // The first poll is open once a second one is refused; until then the second one waits itself.
    HttpAnswer refused = second.get(target);
    const HttpAnswer ended = first.read_answer();
    EXPECT_TRUE((ended.body == "1" && refused.status == 400U) ||
                (refused.body == "1" && ended.status == 400U));
    EXPECT_EQ(second.get(target).status, 400U);
}

TEST(Http, ASecondPostEndsTheSession) {
    Loopback loop;
    HttpClient first(loop.port());
    HttpClient second(loop.port());
    const std::string sid = open_session(first);
    const std::string target = polling_target(sid);
    first.write_raw("POST " + target +
                    " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n4");
    ASSERT_TRUE(eventually([&] {
        HttpClient other(loop.port());
        return other.post(target, "3").status == 400U;
    }));
    first.write_raw("0");
    EXPECT_EQ(first.read_answer().status, 400U);
    EXPECT_EQ(loop.sessions(), 0U);
}

TEST(Http, TheClientsCloseEndsTheOpenPollWithANoop) {
    Loopback loop;
    HttpClient poller(loop.port());
    HttpClient poster(loop.port());
    const std::string sid = open_session(poller);
    const std::string target = polling_target(sid);
    poller.write_raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // A packet to a namespace nobody joined would be an error; a pong is not, and gives the poll
    // time.
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(poster.post(target, "3").status, 200U);
    }
    EXPECT_EQ(poster.post(target, "1").body, "ok");
    EXPECT_EQ(poller.read_answer().body, "6");
    EXPECT_EQ(poster.get(target).status, 400U);
}

TEST(Http, HangingUpDuringAPollEndsTheSession) {
    Loopback loop;
    auto client = std::make_unique<HttpClient>(loop.port());
    const std::string sid = open_session(*client);
    client->write_raw("GET " + polling_target(sid) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(loop.sessions(), 1U);
    client.reset();
    EXPECT_TRUE(eventually([&] { return loop.sessions() == 0; }));
}

TEST(Http, BodiesMayBeChunkedAndCutAnywhere) {
    Loopback loop(Loopback::quick_config(), mount_echo);
    HttpClient client(loop.port());
    const std::string sid = open_session(client, "/engine.io/");
    const std::string request = "POST " + polling_target(sid, "/engine.io/") +
                                " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "3\r\n4ab\r\n2\r\ncd\r\n0\r\n\r\n";
    for (const char c : request) {
        client.write_raw(std::string(1, c));
    }
    EXPECT_EQ(client.read_answer().body, "ok");
    EXPECT_EQ(poll(client, sid, "/engine.io/"), "4abcd");
}

TEST(Http, GarbageGets400AndALargeHeader431) {
    Loopback loop;
    HttpClient garbage(loop.port());
    garbage.write_raw("this is no http\r\n\r\n");
    EXPECT_EQ(garbage.read_answer().status, 400U);
    HttpClient large(loop.port());
    EXPECT_EQ(large.get("/", {{"X-Large", std::string(20'000, 'x')}}).status, 431U);
}

TEST(Http, CorsOnAnswersErrorsAndPreflight) {
    Config config = Loopback::quick_config();
    config.cors_origins = {"http://page"};
    config.cors_credentials = true;
    Loopback loop(config);
    HttpClient client(loop.port());
    const Headers origin{{"Origin", "http://page"}};
    const HttpAnswer error = client.get("/socket.io/?EIO=4&transport=polling&sid=nobody", origin);
    EXPECT_EQ(error.status, 400U);
    EXPECT_EQ(error.header("Access-Control-Allow-Origin"), "http://page");
    EXPECT_EQ(error.header("Vary"), "Origin");
    EXPECT_EQ(error.header("Access-Control-Allow-Credentials"), "true");
    const HttpAnswer preflight = client.request("OPTIONS", "/socket.io/?sid=nobody", "", origin);
    EXPECT_EQ(preflight.status, 204U);
    EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "http://page");
    const HttpAnswer other =
        client.get("/socket.io/?EIO=4&transport=polling", {{"Origin", "http://x"}});
    EXPECT_EQ(other.header("Access-Control-Allow-Origin"), "");
}

TEST(Http, TheAccessCheckSeesHostAndOriginOfHttpAndWebsocket) {
    Loopback loop(Loopback::quick_config(), [](Server& server) {
        server.set_access_check([](const AccessRequest& request) -> std::optional<std::string> {
            if (request.host != "localhost") {
                return "unknown host " + std::string(request.host);
            }
            if (!request.origin.empty() && request.origin != "http://page") {
                return "origin not allowed";
            }
            return request.local.starts_with("127.0.0.1:") ? std::optional<std::string>()
                                                           : std::optional<std::string>("local?");
        });
    });
    HttpClient client(loop.port());
    const std::string open = "/socket.io/?EIO=4&transport=polling";
    EXPECT_EQ(client.get(open).status, 200U);
    EXPECT_EQ(client.get(open, {{"Origin", "http://page"}}).status, 200U);
    const HttpAnswer refused = client.get(open, {{"Origin", "http://evil"}});
    EXPECT_EQ(refused.status, 403U);
    EXPECT_EQ(refused.body, R"({"code":4,"message":"origin not allowed"})");
    EXPECT_EQ(client.get(open, {{"Host", "evil"}}).body,
              R"({"code":4,"message":"unknown host evil"})");
    EXPECT_EQ(client.get("/healthz", {{"Host", "evil"}}).status, 403U);
    WsClient evil(loop.port());
    EXPECT_EQ(evil.connect(websocket_target(""), {{"Origin", "http://evil"}}), 403U);
    WsClient good(loop.port());
    EXPECT_EQ(good.connect(websocket_target(""), {{"Origin", "http://page"}}), 101U);
}

TEST(Http, RefusalsOfOtherPathsHaveTheApplicationsForm) {
    Config config = Loopback::quick_config();
    config.refusal_body = [](unsigned status, std::string_view message) {
        return std::to_string(status) + " " + std::string(message);
    };
    Loopback loop(config, [](Server& server) {
        server.set_access_check([](const AccessRequest& request) -> std::optional<std::string> {
            return request.host == "localhost" ? std::nullopt : std::optional<std::string>("no");
        });
    });
    HttpClient client(loop.port());
    EXPECT_EQ(client.get("/healthz", {{"Host", "evil"}}).body, "403 no");
    EXPECT_EQ(client.get("/socket.io/?EIO=4&transport=polling", {{"Host", "evil"}}).body,
              R"({"code":4,"message":"no"})");
}

TEST(Http, OtherPathsGoToTheApplication) {
    Loopback loop(Loopback::quick_config(), [](Server& server) {
        server.set_http_handler(
            [](const Server::HttpRequest& request) -> std::optional<Server::HttpResponse> {
                if (request.target() != "/healthz") {
                    return std::nullopt;
                }
                Server::HttpResponse response(http::status::ok, 11);
                response.body() = "fine";
                return response;
            });
    });
    HttpClient client(loop.port());
    EXPECT_EQ(client.get("/healthz").body, "fine");
    EXPECT_EQ(client.get("/healthz").status, 200U) << "on the same connection";
    EXPECT_EQ(client.get("/nothing").status, 404U);
}

TEST(Http, WhatIsAnsweredLater) {
    Server::HttpDone held;      // touched on the loop's thread only
    Loopback loop(Loopback::quick_config(), [&held](Server& server) {
        server.set_later_handler([&held](const Server::HttpRequest& request, Server::HttpDone done) {
            if (request.target() == "/hold") {
                held = std::move(done);
                return true;
            }
            if (request.target() != "/release") {
                return false;
            }
            Server::HttpResponse now(http::status::ok, 11);
            now.body() = held ? "released" : "not yet";
            if (const auto release = std::exchange(held, nullptr)) {
                Server::HttpResponse late(http::status::ok, 11);
                late.body() = "late";
                release(std::move(late));
            }
            done(std::move(now));       // before it returns: at once
            return true;
        });
    });
    HttpClient waiting(loop.port());
    HttpClient other(loop.port());
    auto late = std::async(std::launch::async, [&] { return waiting.get("/hold").body; });
    while (other.get("/release").body != "released") {
    }
    EXPECT_EQ(late.get(), "late");
    EXPECT_EQ(waiting.get("/nobodys").status, 404U);
}

}  // namespace
}  // namespace flow::socketio::testing
