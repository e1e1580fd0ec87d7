// The HTTP routes: health, containers, and JSON errors for all else.
#include "api/http_routes.hpp"

#include <gtest/gtest.h>

#include "api_fixture.hpp"

namespace flow::test {
namespace {

namespace http = boost::beast::http;

class HttpTest : public testing::Test, public ApiFixture {
protected:
    api::HttpRoutes::Response get(const std::string& target, http::verb verb = http::verb::get) {
        api::HttpRoutes::Request request{verb, target, 11};
        return routes.answer(request);
    }
    Json body(const std::string& target) { return Json::parse(get(target).body()); }
    api::HttpRoutes routes{store, services, queries};
};

TEST_F(HttpTest, Healthz) {
    EXPECT_EQ(get("/healthz").result_int(), 200U);
    EXPECT_EQ(body("/healthz").at("status"), "ok");
}

TEST_F(HttpTest, ReadyzSaysWhyNotAndHowOldTheObservationIs) {
    observed = store.moment.now - std::chrono::milliseconds{2500};
    EXPECT_EQ(get("/readyz").result_int(), 200U);
    EXPECT_DOUBLE_EQ(body("/readyz").at("observation_age").get<double>(), 2.5);
    readiness = {false, {"the engine does not answer"}};
    EXPECT_EQ(get("/readyz").result_int(), 503U);
    EXPECT_EQ(body("/readyz").at("reasons").at(0), "the engine does not answer");
    EXPECT_EQ(body("/readyz").at("ready"), false);
}

TEST_F(HttpTest, ContainersAreListedAndFiltered) {
    domain::Spec labelled = spec();
    labelled.labels = {{"app", "a b&c"}};
    store.put(labelled);
    store.put(spec("db"));
    EXPECT_EQ(body("/api/containers").at("count"), 2);
    EXPECT_EQ(body("/api/containers?label=app%3Da+b%26c").at("count"), 1);
    EXPECT_EQ(body("/api/containers?state=running&state=error").at("count"), 0);
    EXPECT_EQ(body("/api/containers?limit=1").at("count"), 1);
    EXPECT_TRUE(body("/api/containers?limit=1").at("next_cursor").is_string());
}

TEST_F(HttpTest, BadFiltersAreNamed) {
    for (const char* query : {"limit=x", "limit=0", "state=runing", "nonsense=1", "cursor=x"}) {
        const auto response = get("/api/containers?" + std::string(query));
        EXPECT_EQ(response.result_int(), 400U) << query;
        EXPECT_EQ(Json::parse(response.body()).at("error_type"), "validation_error") << query;
    }
}

TEST_F(HttpTest, OneContainerByIdOrName) {
    const std::string id = store.put(spec()).container_id;
    EXPECT_EQ(body("/api/containers/" + id).at("name"), "web");
    EXPECT_EQ(body("/api/containers/%77eb").at("container_id"), id);
    EXPECT_EQ(body("/api/containers/web").at("spec").at("image"), "busybox");
    const auto missing = get("/api/containers/nope");
    EXPECT_EQ(missing.result_int(), 404U);
    EXPECT_EQ(Json::parse(missing.body()).at("error_type"), "container_not_found");
}

TEST_F(HttpTest, AllElseIsAJsonError) {
    for (const char* target : {"/", "/nope", "/api", "/api/containersx", "/api/containers/a/b", "*",
                               "/api/containers/%zz", "/api/containers/%", "/api/containers/%4"}) {
        const auto response = get(target);
        EXPECT_EQ(response.result_int(), 404U) << target;
        EXPECT_EQ(Json::parse(response.body()).at("error"), true) << target;
        EXPECT_EQ(response[http::field::content_type], "application/json");
    }
}

TEST_F(HttpTest, OnlyReading) {
    const auto response = get("/api/containers", http::verb::post);
    EXPECT_EQ(response.result_int(), 405U);
    EXPECT_EQ(response[http::field::allow], "GET, HEAD");
    const auto head = get("/healthz", http::verb::head);
    EXPECT_EQ(head.result_int(), 200U);
    EXPECT_TRUE(head.body().empty());
    EXPECT_NE(head[http::field::content_length], "0");
}

}  // namespace
}  // namespace flow::test
