// Errors as a whole: all at once, limited, without secrets, and always text that can be sent.
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::errors_of;
using test::parse_text;

TEST(SpecErrors, AllAtOnceEachWithItsPath) {
    const auto parsed =
        parse_text(R"({"name": "-", "ports": ["x", 80], "environment": {"FOO": null},
        "resources": {"memory": 1}, "mem_limit": 1})");
    EXPECT_EQ(parsed.error().type, ErrorType::validation_error);
    const std::string text = errors_of(parsed);
    for (const char* path : {"image: is required", "name: ", "ports[0]: ", "environment.FOO: ",
                             "resources.memory: ", "mem_limit: "}) {
        EXPECT_NE(text.find(path), std::string::npos) << path << " is not in\n" << text;
    }
    EXPECT_EQ(parsed.error().details.at("field_errors").size(), 6u);
    EXPECT_NE(parsed.error().message.find("(and 5 more)"), std::string::npos);
}

TEST(SpecErrors, NotAnObject) {
    for (const char* text : {"null", "[]", "\"x\"", "5"}) {
        EXPECT_NE(errors_of(parse_text(text)).find("must be an object"), std::string::npos) << text;
    }
}

TEST(SpecErrors, PrefixOfManifests) {
    ParseOptions options;
    options.path_prefix = "spec.";
    EXPECT_EQ(errors_of(parse_text(R"({"image": ""})", options)), "spec.image: is empty\n");
}

TEST(SpecErrors, ValuesOfTheEnvironmentAreNeverQuoted) {
    const auto parsed =
        parse_text(R"({"image": "a", "environment": ["hunter2", "A=hunter2", "A=hunter2"],
        "labels": {"x": {"y": 1}}})");
    ASSERT_TRUE(parsed.has_error());
    EXPECT_EQ(parsed.error().to_json().dump().find("hunter2"), std::string::npos);
}

TEST(SpecErrors, EverythingHasALimit) {
    const auto refused = [](const char* field, Json value) {
        Json payload;
        payload["image"] = "a";
        payload[field] = std::move(value);
        return errors_of(parse_spec(payload));
    };
    EXPECT_NE(refused("task_id", std::string(256, 'x')).find("longer than 255"), std::string::npos);
    EXPECT_NE(refused("working_dir", "/" + std::string(5000, 'x')).find("longer than 4096"),
              std::string::npos);
    EXPECT_NE(refused("command", std::string(200'000, 'x')).find("longer than"), std::string::npos);
    EXPECT_NE(refused("command", Json(std::vector<std::string>(1001, "x"))).find("more than 1000"),
              std::string::npos);
    EXPECT_NE(refused("command", Json(std::vector<std::string>(50, std::string(4000, 'x'))))
                  .find("too long"),
              std::string::npos);
    EXPECT_NE(
        refused("environment", Json(std::vector<std::string>(1001, "A=x"))).find("more than 1000"),
        std::string::npos);
    EXPECT_NE(refused("volumes", Json(std::vector<std::string>(101, "/x"))).find("more than 100"),
              std::string::npos);
    EXPECT_NE(refused("networks", Json(std::vector<std::string>(21, "xx"))).find("more than 20"),
              std::string::npos);
    EXPECT_NE(
        refused("depends_on", Json(std::vector<std::string>(101, "xx"))).find("more than 100"),
        std::string::npos);
}

TEST(SpecErrors, ManyErrorsAreCountedNotListed) {
    Json payload;
    payload["image"] = "a";
    for (int i = 0; i < 150; ++i) {
        payload["bogus" + std::to_string(i)] = i;
    }
    const Error error = parse_spec(payload).error();
    EXPECT_EQ(error.details.at("field_errors").size(), 100u);
    EXPECT_EQ(error.details.at("field_errors_left_out"), 50);
}

TEST(SpecErrors, AnyBytesGiveErrorsThatCanBeSent) {
    for (const std::string& bytes :
         {std::string("\xff"), std::string("a\0b", 3), std::string("\xed\xa0\x80")}) {
        Json map;
        map[bytes] = bytes;
        for (const char* field : {"image",        "kind",
                                  "name",         "labels",
                                  "task_id",      "command",
                                  "environment",  "volumes",
                                  "tmpfs",        "read_only",
                                  "user",         "working_dir",
                                  "hostname",     "init",
                                  "ports",        "networks",
                                  "network_mode", "resources",
                                  "security",     "restart",
                                  "stop_signal",  "stop_grace_period",
                                  "depends_on",   "desired_state"}) {
            for (const Json& value : {Json(bytes), Json::array({bytes}), map}) {
                Json payload;
                payload["image"] = "a";
                payload[field] = value;
                const auto parsed = parse_spec(payload);
                ASSERT_TRUE(parsed.has_error()) << field;
                ASSERT_NO_THROW((void)parsed.error().to_json().dump()) << field;
            }
        }
    }
}

TEST(SpecErrors, BytesThatAreNotUtf8) {
    Json payload;
    payload["image"] = "a";
    payload["hostname"] = "a\xff";
    payload["b\xff"] = 1;
    const Error error = parse_spec(payload).error();
    EXPECT_NO_THROW((void)error.to_json().dump());
    EXPECT_NE(errors_of(parse_spec(payload)).find("not valid UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace flow::domain
