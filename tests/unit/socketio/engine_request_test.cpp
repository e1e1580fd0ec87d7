#include "api/socketio/engine_request.hpp"

#include <gtest/gtest.h>

namespace flow::socketio {
namespace {

namespace http = boost::beast::http;

RequestFacts facts(std::string_view target, bool upgrade = false) {
    RequestFacts made;
    made.query = parse_engine_query(target);
    made.upgrade = upgrade;
    return made;
}

TEST(EngineQuery, ReadsParametersInAnyOrder) {
    const auto query =
        parse_engine_query("/socket.io/?t=x&sid=a%2Db%zz&EIO=4&flag&transport=polling");
    EXPECT_EQ(query.sid, "a-b%zz");
    EXPECT_EQ(query.eio, "4");
    EXPECT_EQ(query.transport, "polling");
    EXPECT_EQ(parse_engine_query("/socket.io/").transport, "");
    EXPECT_EQ(parse_engine_query("/socket.io/?sid=%4").sid, "%4");
}

TEST(CheckRequest, RefusesAsNodeDoes) {
    EXPECT_EQ(check_request(facts("/?EIO=4")), EngineError::unknown_transport);
    EXPECT_EQ(check_request(facts("/?EIO=4&transport=tcp")), EngineError::unknown_transport);
    EXPECT_EQ(check_request(facts("/?transport=polling")), EngineError::unsupported_version);
    EXPECT_EQ(check_request(facts("/?EIO=3&transport=polling")), EngineError::unsupported_version);
    EXPECT_EQ(check_request(facts("/?EIO=4&transport=polling&sid=x")), EngineError::unknown_sid);
    EXPECT_EQ(check_request(facts("/?EIO=4&transport=websocket")), EngineError::bad_request);
    EXPECT_EQ(check_request(facts("/?EIO=4&transport=polling", true)), EngineError::bad_request);
    EXPECT_FALSE(check_request(facts("/?EIO=4&transport=polling")));
    EXPECT_FALSE(check_request(facts("/?EIO=4&transport=websocket", true)));
    auto post = facts("/?EIO=4&transport=polling");
    post.method = http::verb::post;
    EXPECT_EQ(check_request(post), EngineError::bad_handshake_method);
}

TEST(CheckRequest, KnowsTheTransportOfTheSession) {
    auto poll = facts("/?EIO=4&transport=polling&sid=x");
    poll.known = TransportKind::polling;
    EXPECT_FALSE(check_request(poll));
    poll.known = TransportKind::websocket;
    EXPECT_EQ(check_request(poll), EngineError::bad_request);
    auto candidate = facts("/?EIO=4&transport=websocket&sid=x", true);
    candidate.known = TransportKind::polling;
    EXPECT_FALSE(check_request(candidate));
    auto put = facts("/?EIO=4&transport=polling&sid=x");
    put.known = TransportKind::polling;
    put.method = http::verb::put;
    EXPECT_EQ(check_request(put), EngineError::bad_request);
}

TEST(ErrorResponse, HasCodeAndMessage) {
    const auto unknown = error_response(EngineError::unknown_sid);
    EXPECT_EQ(unknown.result_int(), 400U);
    EXPECT_EQ(unknown.body(), R"({"code":1,"message":"Session ID unknown"})");
    const auto forbidden = error_response(EngineError::forbidden, "not you");
    EXPECT_EQ(forbidden.result_int(), 403U);
    EXPECT_EQ(forbidden.body(), R"({"code":4,"message":"not you"})");
}

std::string allowed(const Config& config, std::string_view origin) {
    HttpFields headers;
    add_cors(headers, origin, config);
    return std::string(headers[http::field::access_control_allow_origin]);
}

TEST(Cors, NamesTheOriginOrNothing) {
    Config config;
    EXPECT_EQ(allowed(config, "http://a"), "");
    config.cors_origins = {"http://a", "http://b"};
    EXPECT_EQ(allowed(config, "http://a"), "http://a");
    EXPECT_EQ(allowed(config, "http://c"), "");
    EXPECT_EQ(allowed(config, ""), "");
    config.cors_origins = {"*"};
    EXPECT_EQ(allowed(config, "http://c"), "*");
    config.cors_credentials = true;
    EXPECT_EQ(allowed(config, "http://c"), "http://c");
    HttpFields headers;
    add_cors(headers, "http://c", config);
    EXPECT_EQ(headers[http::field::vary], "Origin");
    EXPECT_EQ(headers[http::field::access_control_allow_credentials], "true");
}

TEST(Cors, PreflightEchoesTheHeadersAskedFor) {
    Config config;
    config.cors_origins = {"http://a"};
    HttpFields request;
    request.set(http::field::origin, "http://a");
    request.set(http::field::access_control_request_headers, "x-one,x-two");
    const auto yes = preflight_response(request, config);
    EXPECT_EQ(yes.result_int(), 204U);
    EXPECT_EQ(yes[http::field::access_control_allow_headers], "x-one,x-two");
    request.set(http::field::origin, "http://evil");
    const auto no = preflight_response(request, config);
    EXPECT_EQ(no.result_int(), 204U);
    EXPECT_EQ(no[http::field::access_control_allow_headers], "");
}

}  // namespace
}  // namespace flow::socketio
