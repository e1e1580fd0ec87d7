// What bad input gets: a typed error that names operation, container and field, an audit row, and
// nothing else.
#include <gtest/gtest.h>

#include "api/handlers.hpp"
#include "api_fixture.hpp"

namespace flow::test {
namespace {

struct BadCase {
    const char* event;
    const char* payload;
    const char* error_type;
    const char* path;           ///< of the first field error; "" when it is about no field
    const char* words;          ///< part of the message
};
void PrintTo(const BadCase& one, std::ostream* out) { *out << one.event << " " << one.payload; }

class BadInput : public testing::TestWithParam<BadCase>, public ApiFixture {
protected:
    void SetUp() override { store.put(spec(), "abcabcabcabc"); }
};

TEST_P(BadInput, IsRefusedAndChangesNothing) {
    const BadCase& one = GetParam();
    const Client client = connect();
    const Client other = connect();
    send(client, one.event, Json::parse(one.payload));
    store.commit();

    const Json error = client.peer->last("error");
    ASSERT_FALSE(error.is_null());
    EXPECT_EQ(error.at("error"), true);
    EXPECT_EQ(error.at("error_type"), one.error_type);
    EXPECT_NE(error.at("message").get<std::string>().find(one.words), std::string::npos)
        << error.dump();
    EXPECT_EQ(error.at("details").at("operation"), one.event);
    const std::string path =
        error.at("details").contains("field_errors")
            ? error.at("details").at("field_errors").at(0).at("path").get<std::string>() : "";
    EXPECT_EQ(path, one.path) << error.dump();

    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].at("ok"), false);
    EXPECT_EQ(acks[0].at("error"), error);
    EXPECT_TRUE(other.peer->sent.empty());
    EXPECT_TRUE(store.accepted.empty());
    ASSERT_EQ(store.refusals.size(), 1U);
    EXPECT_EQ(store.refusals[0].type, one.event);
    EXPECT_EQ(store.refusals[0].payload.at("error_type"), one.error_type);
}

INSTANTIATE_TEST_SUITE_P(Requests, BadInput, testing::Values(
    BadCase{"start_containr", "{}", "validation_error", "", "did you mean start_container?"},
    BadCase{"frobnicate", "{}", "validation_error", "", "known are create_container"},
    BadCase{"query_events", "{}", "validation_error", "", "query_events is not supported yet"},
    BadCase{"send_message", R"({"container_id": "web"})", "validation_error", "message", "is missing"},
    BadCase{"send_message", R"({"container_id": "web", "message": "hi"})", "validation_error", "message",
            "must be a JSON object"},
    BadCase{"start_container", "[]", "validation_error", "", "takes one object"},
    BadCase{"start_container", "\"abc\"", "validation_error", "", "takes one object"},
    BadCase{"start_container", "null", "validation_error", "", "takes one object, not nothing"},
    BadCase{"list_containers", "5", "validation_error", "", "takes one object"},
    BadCase{"start_container", "{}", "validation_error", "container_id", "is missing"},
    BadCase{"start_container", R"({"container_id": 5})", "validation_error", "container_id", "text"},
    BadCase{"start_container", R"({"container_id": ""})", "validation_error", "container_id", "characters"},
    BadCase{"start_container", R"({"container_id": "nope"})", "container_not_found", "", "\"nope\""},
    BadCase{"start_container", R"({"container_id": "web", "tiemout": 5})", "validation_error", "tiemout",
            "not a field"},
    BadCase{"start_container", R"({"container_id": "web", "timeout": 5})", "validation_error", "timeout",
            "not a field"},
    BadCase{"start_container", R"({"container_id": "web", "request_id": "short"})", "validation_error",
            "request_id", "16 to 128"},
    BadCase{"start_container", R"({"container_id": "web", "request_id": 5})", "validation_error",
            "request_id", "text"},
    BadCase{"start_container", R"({"container_id": "web", "wait": "yes"})", "validation_error", "wait",
            "true or false"},
    BadCase{"start_container", R"({"container_id": "web", "wait_timeout": -1})", "validation_error",
            "wait_timeout", "seconds"},
    BadCase{"start_container", R"({"container_id": "web", "wait_timeout": 99999})", "validation_error",
            "wait_timeout", "3600 s"},
    BadCase{"start_container", R"({"container_id": "web", "expected_generation": "1"})",
            "validation_error", "expected_generation", "whole number"},
    BadCase{"stop_container", R"({"container_id": "web", "timeout": "soon"})", "validation_error",
            "timeout", "duration"},
    BadCase{"restart_container", R"({"container_id": "web", "timeout": -1})", "validation_error",
            "timeout", "seconds"},
    BadCase{"delete_container", R"({"container_id": "web", "force": 1})", "validation_error", "force",
            "true or false"},
    BadCase{"delete_container", R"({"container_id": "gone"})", "container_not_found", "", "\"gone\""},
    BadCase{"get_container_status", R"({"container_id": "gone"})", "container_not_found", "", "\"gone\""},
    BadCase{"get_container_status", R"({"container_id": "web", "expected_generation": 7})",
            "conflict_error", "", "expected generation 7"},
    BadCase{"update_container", R"({"container_id": "gone", "image": "x"})", "container_not_found", "",
            "\"gone\""},
    BadCase{"update_container", R"({"image": "x"})", "validation_error", "container_id", "is missing"},
    BadCase{"update_container", R"({"container_id": "web", "code_path": "x"})", "validation_error",
            "code_path", "absolute path"},
    BadCase{"update_container", R"({"container_id": "web", "code": {"files": {"../x": "y"}}})",
            "validation_error", "code.files.../x", "relative name"},
    BadCase{"update_container", R"({"container_id": "web", "image": 5})", "validation_error", "image", ""},
    BadCase{"update_container", R"({"container_id": "web", "mem_limit": "1g"})", "validation_error",
            "mem_limit", "resources.memory"}));

INSTANTIATE_TEST_SUITE_P(CreateAndLists, BadInput, testing::Values(
    BadCase{"create_container", "{}", "validation_error", "image", "required"},
    BadCase{"create_container", R"({"image": "busybox", "name": "abcdef012345"})", "validation_error",
            "name", ""},
    BadCase{"create_container", R"({"image": "busybox", "code_path": "x"})", "validation_error",
            "code_path", "absolute path"},
    BadCase{"create_container", R"({"image": "busybox", "container_id": "x"})", "validation_error",
            "container_id", ""},
    BadCase{"create_container", R"({"image": "busybox", "ports": [{"target": 0}]})", "validation_error",
            "ports[0]", "65535"},
    BadCase{"create_container", R"({"image": "busybox", "expected_generation": 3})", "validation_error",
            "expected_generation", "leave it out"},
    BadCase{"list_containers", R"({"state": "runnning"})", "validation_error", "state",
            "did you mean running"},
    BadCase{"list_containers", R"({"limit": 0})", "validation_error", "limit", "from 1 to 10000"},
    BadCase{"list_containers", R"({"limit": 10001})", "validation_error", "limit", "from 1 to 10000"},
    BadCase{"list_containers", R"({"cursor": "5"})", "validation_error", "cursor", "next_cursor"},
    BadCase{"list_containers", R"({"labels": 5})", "validation_error", "labels", "map or a list"},
    BadCase{"list_containers", R"({"filter": {}})", "validation_error", "filter", "not a field"},
    BadCase{"subscribe", R"({"container_ids": ["nope"]})", "container_not_found", "", "\"nope\""},
    BadCase{"subscribe", R"({"since": -1})", "validation_error", "since", "0 or more"},
    BadCase{"unsubscribe", R"({"types": ["container_*"]})", "validation_error", "", "no such subscription"}));

class BadInputMore : public testing::Test, public ApiFixture {};

TEST_F(BadInputMore, AllFieldErrorsComeAtOnce) {
    const Client client = connect();
    send(
        client, "create_container",
        Json::parse(
            R"({"request_id": "short", "wait": 1, "image": 5, "nonsense": 1, "code_path": "x"})"));
    std::vector<std::string> paths;
    const Json error = client.peer->last("error");
    for (const Json& field : error.at("details").at("field_errors")) {
        paths.push_back(field.at("path").get<std::string>());
    }
    std::sort(paths.begin(), paths.end());
    EXPECT_EQ(paths,
              (std::vector<std::string>{"code_path", "image", "nonsense", "request_id", "wait"}));
}

TEST_F(BadInputMore, TwoArgumentsAreOneTooMany) {
    store.put(spec());
    const Client client = connect();
    handlers.handle(client.session, "start_container", Json::array({{{"container_id", "web"}}, 1}),
                    {});
    EXPECT_EQ(client.peer->last("error").at("error_type"), "validation_error");
}

TEST_F(BadInputMore, ThePolicysRefusalIsForbiddenAndNamesTheContainer) {
    store.put(spec(), "abcabcabcabc");
    policy = [](domain::Spec&) -> domain::Result<void> {
        domain::Error error;
        error.type = domain::ErrorType::forbidden;
        error.message = "volumes[0].source: /etc is refused";
        return error;
    };
    const Client client = connect();
    send(client, "update_container",
         Json::parse(R"({"container_id": "web", "volumes": {"/etc": "/data"}})"));
    EXPECT_TRUE(store.accepted.empty());
    EXPECT_EQ(client.peer->last("error").at("error_type"), "forbidden");
    EXPECT_EQ(client.peer->last("error").at("details").at("container_id"), "abcabcabcabc");
    EXPECT_EQ(store.refusals.at(0).container_id, "abcabcabcabc");
    EXPECT_EQ(store.refusals.at(0).name, "web");
}

TEST_F(BadInputMore, WhatTheStoreRefusesIsToldButNotAuditedTwice) {
    store.put(spec());
    domain::Error conflict;
    conflict.type = domain::ErrorType::name_conflict;
    conflict.message = "the name is taken";
    store.refuse_next(conflict);
    const Client client = connect();
    send(client, "create_container", {{"image", "busybox"}, {"name", "web"}});
    EXPECT_TRUE(acks.empty());
    store.commit();
    EXPECT_EQ(acks.at(0).at("error").at("error_type"), "name_conflict");
    EXPECT_EQ(client.peer->last("error").at("details").at("operation"), "create_container");
    EXPECT_TRUE(store.refusals.empty());
    EXPECT_EQ(answers.size(), 0U);
}

TEST_F(BadInputMore, TheAuditMasksSecretsAndIsBounded) {
    const Client client = connect();
    Json payload = Json::parse(R"({"image": 5,
        "environment": {"API_TOKEN": "hush1", "PLAIN": "seen"}, "list": ["DB_PASSWORD=hush2"]})");
    payload["labels"]["long"] = std::string(100'000, 'x');
    for (int i = 0; i < 1000; ++i) {
        payload["labels"]["k" + std::to_string(i)] = "v";
    }
    send(client, "create_container", payload);
    const std::string row = store.refusals.at(0).payload.dump() + store.refusals.at(0).summary;
    EXPECT_EQ(row.find("hush"), std::string::npos);
    EXPECT_NE(row.find("seen"), std::string::npos);
    EXPECT_LT(row.size(), 6000U);
}

TEST_F(BadInputMore, AnEventNameIsPrintableAndBounded) {
    const Client client = connect();
    send(client, std::string(100'000, 'x') + "\n", Json::object());
    EXPECT_LT(store.refusals.at(0).type.size(), 100U);
    send(client, "line\nbreak", Json::object());
    EXPECT_EQ(store.refusals.at(1).type, "line break");
}

TEST_F(BadInputMore, TooManyOpenRequestsAreRateLimited) {
    config.open_requests = 3;
    store.put(spec());
    const Client client = connect();
    for (int i = 0; i < 4; ++i) {
        send(client, "start_container", {{"container_id", "web"}});
    }
    EXPECT_EQ(store.accepted.size(), 3U);
    EXPECT_EQ(client.peer->last("error").at("error_type"), "rate_limited");
}

}  // namespace
}  // namespace flow::test
