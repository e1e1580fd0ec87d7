// The HTTP routes that write, and the revisions.
#include "api/http_writes.hpp"

#include <gtest/gtest.h>

#include "api/http_routes.hpp"
#include "api_fixture.hpp"

namespace flow::test {
namespace {

namespace http = boost::beast::http;

constexpr const char* kWeb =
    "apiVersion: flow/v1\nkind: Container\nmetadata: {name: web}\nspec: {image: busybox}\n";

class HttpWritesTest : public testing::Test, public ApiFixture {
protected:
    /// Its answer; a status of 0 when it is none of its routes.
    api::HttpReply ask(const std::string& target, const std::string& body,
                       http::verb verb = http::verb::post) {
        api::HttpWrites::Request request{verb, target, 11};
        request.body() = body;
        api::HttpReply got{0, {}, ""};
        int replies = 0;
        const bool taken = writes.answer(request, [&](api::HttpReply reply) {
            got = std::move(reply);
            ++replies;
        });
        for (int i = 0; i < 3; ++i) {
            store.commit();
        }
        EXPECT_EQ(replies, taken ? 1 : 0) << target;
        return got;
    }
    std::string put_with_history() {
        domain::Record& row = store.put(spec());
        row.generation_seq = 1;
        for (domain::Generation generation : {1, 2}) {
            domain::Revision revision;
            revision.generation = generation;
            revision.actor = "ann";
            revision.spec = spec();
            revision.spec.environment["DB_PASSWORD"] = "x" + std::to_string(generation);
            store.history[row.container_id].push_back(revision);
        }
        row.generation = row.status.active_generation = 2;
        row.specs[2] = store.history[row.container_id].back().spec;
        return row.container_id;
    }
    api::HttpWrites writes{api::Parts{store, services, config, feed, answers, queries, apply}};
    api::HttpRoutes routes{store, services, queries};
};

TEST_F(HttpWritesTest, ApplyTakesYamlAndJson) {
    const auto reply = ask("/api/apply", kWeb);
    ASSERT_EQ(reply.status, 200U) << reply.body.dump();
    EXPECT_EQ(reply.body.at("results")[0].at("action"), "created");
    EXPECT_EQ(reply.body.at("request_id").get<std::string>().size(), 36U);
    const std::string document = R"({"apiVersion": "flow/v1", "kind": "Container",
        "metadata": {"name": "web"}, "spec": {"image": "busybox"}})";
    for (const std::string& body : {document, "[" + document + "]",
                                    R"({"manifests": [)" + document + "]}"}) {
        const auto again = ask("/api/apply", body);
        ASSERT_EQ(again.status, 200U) << again.body.dump();
        EXPECT_EQ(again.body.at("results")[0].at("action"), "unchanged") << body;
    }
}

TEST_F(HttpWritesTest, ApplyReadsItsFlagsFromTheQuery) {
    for (const char* query : {"?dry_run", "?dry_run=1", "?dry_run=true&prune=false"}) {
        const auto reply = ask("/api/apply" + std::string(query), kWeb);
        ASSERT_EQ(reply.status, 200U) << reply.body.dump();
        EXPECT_EQ(reply.body.at("dry_run"), true);
        EXPECT_EQ(reply.body.at("results")[0].at("plan")[0], "#1 Steps of web");
    }
    EXPECT_EQ(store.size(), 0U);
    for (const char* query : {"?dry_run=maybe", "?dryrun=1", "?wait_timeout=x"}) {
        EXPECT_EQ(ask("/api/apply" + std::string(query), kWeb).status, 400U) << query;
    }
    EXPECT_EQ(ask("/api/apply?request_id=0123456789abcdef", kWeb).status, 200U);
    EXPECT_EQ(store.accepted.back().request_id, "0123456789abcdef/web");
}

TEST_F(HttpWritesTest, ApplyRefusesWithTheFittingStatus) {
    const auto bad = ask("/api/apply", "apiVersion: flow/v1\nkind: Container\nmetadata: {name: a}\n"
                                       "spec: {image: busybox, ports: [x]}\n");
    EXPECT_EQ(bad.status, 400U);
    EXPECT_EQ(bad.body.at("details").at("field_errors")[0].at("path"), "manifests.spec.ports[0]");
    EXPECT_EQ(ask("/api/apply", "").status, 400U);
    domain::Error error;
    error.type = domain::ErrorType::conflict_error;
    store.refuse_next(error);
    EXPECT_EQ(ask("/api/apply", kWeb).status, 409U);
    EXPECT_EQ(ask("/api/apply", kWeb, http::verb::get).status, 405U);
}

TEST_F(HttpWritesTest, Rollback) {
    const std::string id = put_with_history();
    const auto reply = ask("/api/containers/web/rollback", R"({"to_generation": 1})");
    ASSERT_EQ(reply.status, 200U) << reply.body.dump();
    EXPECT_EQ(reply.body.at("generation"), 3);
    EXPECT_EQ(store.row(id).spec().environment.at("DB_PASSWORD"), "x1");
    EXPECT_EQ(ask("/api/containers/" + id + "/rollback", R"({"dry_run": true})").status, 200U);
    EXPECT_EQ(store.row(id).generation, 3U);
    EXPECT_EQ(ask("/api/containers/web/rollback", R"({"to_generation": 9})").status, 400U);
    EXPECT_EQ(ask("/api/containers/web/rollback", R"({"to": 1})").status, 400U);
    EXPECT_EQ(ask("/api/containers/web/rollback", "[").status, 400U);
    EXPECT_EQ(ask("/api/containers/nobody/rollback", "").status, 404U);
    EXPECT_EQ(ask("/api/containers/web/rollback", "", http::verb::get).status, 405U);
}

TEST_F(HttpWritesTest, NothingIsTakenOnceTheDaemonGoesDown) {
    put_with_history();
    writes.close_gate();
    EXPECT_EQ(ask("/api/apply", kWeb).status, 503U);
    EXPECT_EQ(ask("/api/containers/web/rollback", "").status, 503U);
    EXPECT_TRUE(store.accepted.empty());
}

TEST_F(HttpWritesTest, OtherPathsAreNotItsOwn) {
    for (const char* path : {"/", "/api/applyx", "/api/apply/", "/api/containers/rollback",
                             "/api/containers//rollback", "/api/containers/a/b/rollback",
                             "/api/containers/a/start"}) {
        EXPECT_EQ(ask(path, "").status, 0U) << path;
    }
}

TEST_F(HttpWritesTest, RevisionsNewestFirstWithSecretsMasked) {
    const std::string id = put_with_history();
    const auto get = [&](const std::string& target) {
        return routes.answer(api::HttpRoutes::Request{http::verb::get, target, 11});
    };
    const Json body = Json::parse(get("/api/containers/web/revisions").body());
    EXPECT_EQ(body.at("container_id"), id);
    EXPECT_EQ(body.at("active_generation"), 2);
    ASSERT_EQ(body.at("revisions").size(), 2U);
    const Json& newest = body.at("revisions")[0];
    EXPECT_EQ(newest.at("generation"), 2);
    EXPECT_EQ(newest.at("active"), true);
    EXPECT_EQ(newest.at("actor"), "ann");
    EXPECT_EQ(newest.at("changed_fields")[0], "environment");
    EXPECT_EQ(newest.at("spec").at("environment").at("DB_PASSWORD"), "********");
    EXPECT_EQ(body.at("revisions")[1].at("changed_fields"), Json::array());
    EXPECT_EQ(get("/api/containers/nobody/revisions").result_int(), 404U);
}

}  // namespace
}  // namespace flow::test
