// What a browser needs to read an answer from another origin, on every answer, also on refusals.
#include <gtest/gtest.h>

#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

const std::string kPage = "Origin: http://page\r\n";

std::string options_text(const std::string& target, const std::string& headers) {
    return "OPTIONS " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

Config with_origins(std::vector<std::string> origins, bool credentials) {
    Config config = Loopback::quick_config();
    config.cors_origins = std::move(origins);
    config.cors_credentials = credentials;
    return config;
}

TEST(WireCors, PreflightIs204BeforeAnySidOrTransportCheck) {
    Loopback loop(with_origins({"http://page"}, true));
    Wire client(loop.port());
    for (const std::string target : {"/socket.io/?EIO=4&transport=polling&sid=nobody", "/socket.io/?transport=tcp",
                                     "/socket.io/?EIO=3", "/socket.io/"}) {
        client.write(options_text(target, kPage + "Access-Control-Request-Method: POST\r\n"
                                                  "Access-Control-Request-Headers: x-one, content-type\r\n"));
        const WireAnswer answer = client.read_answer();
        EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 204 No Content\r\n")) << answer.head;
        EXPECT_EQ(answer.body, "");
        EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "http://page");
        EXPECT_EQ(answer.header("Access-Control-Allow-Credentials"), "true");
        EXPECT_NE(answer.header("Access-Control-Allow-Methods").find("POST"), std::string::npos);
        EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "x-one, content-type");
        EXPECT_EQ(answer.header("Vary"), "Origin");
    }
    EXPECT_EQ(loop.sessions(), 0U);
}

TEST(WireCors, APreflightOfAnOriginThatIsNotListedAllowsNothing) {
    Loopback loop(with_origins({"http://page"}, true));
    Wire client(loop.port());
    client.write(options_text("/socket.io/", "Origin: http://evil\r\n"));
    const WireAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status(), 204U);
    EXPECT_EQ(answer.head.find("Access-Control"), std::string::npos) << answer.head;
}

/// Every kind of answer, with the status that it must have.
std::vector<std::pair<unsigned, std::string>> answers_of_all_kinds(const std::string& sid) {
    const std::string path = "/socket.io/";
    return {
        {200, get_text(path + "?EIO=4&transport=polling", kPage)},
        {200, post_text(polling_target(sid), "40", kPage)},
        {200, get_text(polling_target(sid), kPage)},
        {400, get_text(path + "?EIO=4&transport=tcp", kPage)},
        {400, get_text(polling_target("nobody"), kPage)},
        {400, post_text(path + "?EIO=4&transport=polling", "", kPage)},
        {400, get_text(path + "?EIO=4&transport=websocket", kPage)},
        {400, get_text(path + "?EIO=3&transport=polling", kPage)},
        {400, upgrade_text(websocket_target("nobody"), kPage)},
        {403, "GET " + path + "?EIO=4&transport=polling HTTP/1.1\r\nHost: forbidden\r\n" + kPage + "\r\n"},
        {404, get_text("/elsewhere", kPage)},
        {413, post_text(polling_target(sid), std::string(1'000'001, 'x'), kPage)},
    };
}

void expect_headers(const Config& config, const std::string& origin, const std::string& credentials) {
    Loopback loop(config, [](Server& server) {
        mount_answering(server);
        server.set_access_check([](const AccessRequest& request) -> std::optional<std::string> {
            return request.host == "forbidden" ? std::optional<std::string>("no") : std::nullopt;
        });
    });
    Wire first(loop.port());
    const std::string sid = open_polling(first);
    for (const auto& [status, request] : answers_of_all_kinds(sid)) {
        Wire client(loop.port());
        client.write(request);
        const WireAnswer answer = client.read_answer();
        EXPECT_EQ(answer.status(), status) << request.substr(0, 200);
        EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), origin) << request.substr(0, 200);
        EXPECT_EQ(answer.header("Access-Control-Allow-Credentials"), credentials);
        EXPECT_EQ(answer.header("Vary"), origin == "*" ? "" : "Origin");
    }
}

TEST(WireCors, EveryAnswerNamesTheOriginAlsoARefusal) {
    expect_headers(with_origins({"http://other", "http://page"}, false), "http://page", "");
}

TEST(WireCors, WithCredentialsTheOriginItselfAndNeverAStar) {
    expect_headers(with_origins({"*"}, true), "http://page", "true");
}

TEST(WireCors, AStarWithoutCredentials) {
    expect_headers(with_origins({"*"}, false), "*", "");
}

TEST(WireCors, NothingUnlessItIsConfigured) {
    Loopback loop;
    Wire client(loop.port());
    const WireAnswer answer = client.get("/socket.io/?EIO=4&transport=polling", kPage);
    EXPECT_EQ(answer.status(), 200U);
    EXPECT_EQ(answer.head.find("Access-Control"), std::string::npos) << answer.head;
    EXPECT_EQ(answer.header("Vary"), "");
}

}  // namespace
}  // namespace flow::socketio::testing
