// The strict reader: what it takes, and what it says about everything else.
#include "api/payload.hpp"

#include <gtest/gtest.h>

namespace flow::api {
namespace {

using namespace std::chrono_literals;

std::string path_of_first_error(const Payload& payload) {
    return payload.errors().empty() ? "(none)" : payload.errors().front().path;
}

TEST(Payload, ReadsEachKind) {
    const Json object = Json::parse(
        R"({"t":"text","b":true,"i":7,"d":2.5,"l":["a","b"],"m":{"k":"v","any":null},"n":null})");
    Payload payload(object);
    EXPECT_EQ(payload.text("t"), "text");
    EXPECT_EQ(payload.boolean("b"), true);
    EXPECT_EQ(payload.integer("i"), 7);
    EXPECT_EQ(payload.duration("d"), Duration{2500ms});
    EXPECT_EQ(payload.texts("l"), (std::vector<std::string>{"a", "b"}));
    const auto labels = payload.labels("m");
    EXPECT_EQ(labels.at("k"), "v");
    EXPECT_EQ(labels.at("any"), std::nullopt);
    EXPECT_EQ(payload.text("n"), std::nullopt);
    EXPECT_EQ(payload.text("missing"), std::nullopt);
    payload.finish();
    EXPECT_TRUE(payload.ok());
}

TEST(Payload, LabelsComeAsMapListOrText) {
    const Json object = Json::parse(R"({"list":["a=1","b","c=x=y"],"one":"a=1"})");
    Payload payload(object);
    const std::map<std::string, std::optional<std::string>> expected = {
        {"a", "1"}, {"b", std::nullopt}, {"c", "x=y"}};
    EXPECT_EQ(payload.labels("list"), expected);
    EXPECT_EQ(payload.labels("one").at("a"), "1");
    EXPECT_TRUE(payload.ok());
}

TEST(Payload, UnknownFieldsAreErrorsAndNameTheNearest) {
    const Json object = Json::parse(R"({"contaner_id":"x","zzzzzz":1})");
    Payload payload(object);
    payload.text("container_id");
    payload.finish();
    ASSERT_EQ(payload.errors().size(), 2U);
    EXPECT_EQ(payload.errors()[0].path, "contaner_id");
    EXPECT_NE(payload.errors()[0].message.find("did you mean container_id"), std::string::npos);
    EXPECT_EQ(payload.errors()[1].message.find("did you mean"), std::string::npos);
}

TEST(Payload, AllErrorsAreCollected) {
    const Json object = Json::parse(R"({"a":1,"b":"x","c":1.5,"d":"soon","e":[1]})");
    Payload payload(object);
    payload.text("a");
    payload.boolean("b");
    payload.integer("c");
    payload.duration("d");
    payload.texts("e");
    payload.require("f", "the f");
    EXPECT_EQ(payload.errors().size(), 6U);
}

struct BadCase {
    const char* json;
    const char* path;
};
void PrintTo(const BadCase& one, std::ostream* out) { *out << one.json; }

class BadPayload : public testing::TestWithParam<BadCase> {};

TEST_P(BadPayload, NamesTheField) {
    const Json object = Json::parse(GetParam().json);
    Payload payload(object);
    payload.text("text", {2, 5});
    payload.integer("number", {1, 10});
    payload.duration("time", {Duration{0}, 10s});
    payload.labels("labels");
    payload.texts("texts", 2);
    payload.finish();
    EXPECT_EQ(path_of_first_error(payload), GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(Table, BadPayload, testing::Values(
    BadCase{R"({"text":"x"})", "text"}, BadCase{R"({"text":"sixsix"})", "text"},
    BadCase{R"({"text":"a\u0000b"})", "text"}, BadCase{R"({"text":["abc"]})", "text"},
    BadCase{R"({"number":0})", "number"}, BadCase{R"({"number":11})", "number"},
    BadCase{R"({"number":"5"})", "number"}, BadCase{R"({"number":18446744073709551615})", "number"},
    BadCase{R"({"number":true})", "number"}, BadCase{R"({"time":-1})", "time"},
    BadCase{R"({"time":11})", "time"}, BadCase{R"({"time":"11s"})", "time"},
    BadCase{R"({"time":""})", "time"}, BadCase{R"({"time":true})", "time"},
    BadCase{R"({"time":1e300})", "time"}, BadCase{R"({"labels":5})", "labels"},
    BadCase{R"({"labels":["=x"]})", "labels[0]"}, BadCase{R"({"labels":["a",5]})", "labels[1]"},
    BadCase{R"({"labels":{"a":5}})", "labels.a"}, BadCase{R"({"texts":["a","b","c"]})", "texts"},
    BadCase{R"({"texts":["a",""]})", "texts[1]"}, BadCase{R"({"texts":{}})", "texts"}));

TEST(Payload, RestIsWhatNobodyTook) {
    const Json object = Json::parse(R"({"image":"x","wait":true,"zeta":1,"alpha":2})");
    Payload payload(object);
    payload.boolean("wait");
    EXPECT_EQ(payload.rest().dump(), R"({"image":"x","zeta":1,"alpha":2})");
    payload.finish();
    EXPECT_TRUE(payload.ok());
}

TEST(ParseDuration, ReadsComposeForms) {
    EXPECT_EQ(parse_duration("10s"), Duration{10s});
    EXPECT_EQ(parse_duration("1m30s"), Duration{90s});
    EXPECT_EQ(parse_duration("1.5h"), Duration{90min});
    EXPECT_EQ(parse_duration("250ms"), Duration{250ms});
    EXPECT_EQ(parse_duration("0s"), Duration{0});
    for (const char* bad :
         {"", "10", "s", "-1s", "10 s", "1x", "1s1", "nan", "9999999999h", "1e3s"}) {
        EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
    }
}

TEST(Nearest, ProposesOnlyWhatIsNear) {
    const std::vector<std::string> known = {"start_container", "stop_container", "list_containers"};
    EXPECT_EQ(nearest("start_containr", known), "start_container");
    EXPECT_EQ(nearest("list_container", known), "list_containers");
    EXPECT_EQ(nearest("frobnicate", known), "");
    EXPECT_EQ(nearest(std::string(100'000, 'x'), known), "");
}

}  // namespace
}  // namespace flow::api
