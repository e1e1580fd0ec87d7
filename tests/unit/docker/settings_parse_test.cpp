// Recorded inspects to settings: what the engine changes by itself is no difference, what somebody changes is one.
#include <gtest/gtest.h>

#include "docker/inspect_parse.hpp"
#include "docker/settings_parse.hpp"
#include "unit/docker/recorded_inspect.hpp"

namespace flow::docker::testing {
namespace {

EngineJson created_with(const char* patch) {
    EngineJson json = parse_engine_json(kCreated);
    json.merge_patch(parse_engine_json(patch));
    return json;
}

std::string text(const EngineJson& json) { return domain::settings_text(settings_of(json)); }

/// What differs once `patch` is made.
std::string told(const char* patch) {
    return to_text(domain::differences(text(parse_engine_json(kCreated)), text(created_with(patch))));
}

TEST(Settings, HoldWhatIsWatchedAndNothingThatIsEmpty) {
    const domain::Settings fields = domain::Settings::parse(text(parse_engine_json(kCreated)));
    EXPECT_EQ(fields["Config.Cmd"].dump(), R"(["sleep","1000"])");
    EXPECT_EQ(fields["HostConfig.Memory"], 67108864);
    EXPECT_EQ(fields["HostConfig.PidsLimit"], 512);
    EXPECT_EQ(fields["HostConfig.CapAdd"].dump(), R"(["CHOWN","NET_BIND_SERVICE"])");
    EXPECT_EQ(fields["HostConfig.Ulimits.nofile"], "64:128");
    EXPECT_EQ(fields["Mounts./a"], "bind /host ro");
    EXPECT_EQ(fields["Mounts./data"], "volume e94c");
    EXPECT_EQ(fields["Networks.flow-net"], "connected");
    for (const char* absent : {"Config.User", "HostConfig.Dns", "HostConfig.CpuShares",
                               "HostConfig.Privileged", "HostConfig.RestartPolicy"}) {
        EXPECT_FALSE(fields.contains(absent)) << absent;
    }
    EXPECT_EQ(text(parse_engine_json(kCreated)).find("secret"), std::string::npos);
}

TEST(Settings, WhatTheEngineChangesByItselfIsNoDifference) {
    const std::string before = text(parse_engine_json(kCreated));
    EXPECT_EQ(text(created_with(kOnceRunning)), before);
    EXPECT_EQ(text(created_with(kOnceStopped)), before);
    EXPECT_EQ(text(created_with(kAfterEngineRestart)), before);
    EXPECT_EQ(text(created_with(kNewerApi)), before);
}

TEST(Settings, WhatSomebodyChangesIsNamedWithBothValues) {
    EXPECT_EQ(told(R"({"HostConfig":{"Memory":268435456,"MemorySwap":268435456}})"),
              "HostConfig.Memory is 268435456, should be 67108864; "
              "HostConfig.MemorySwap is 268435456, should be 67108864");
    EXPECT_EQ(told(R"({"HostConfig":{"CpuShares":512}})"),
              "HostConfig.CpuShares is 512, should be none");
    EXPECT_EQ(told(R"({"HostConfig":{"PidsLimit":0}})"), "HostConfig.PidsLimit is none, should be 512");
    EXPECT_EQ(told(R"({"HostConfig":{"PidsLimit":-1}})"), "HostConfig.PidsLimit is none, should be 512");
    EXPECT_EQ(told(R"({"HostConfig":{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}}})"),
              "HostConfig.RestartPolicy is on-failure:3, should be no");
    EXPECT_EQ(told(R"({"NetworkSettings":{"Networks":{"flow-net":null}}})"),
              "Networks.flow-net is not connected, should be connected");
    EXPECT_EQ(told(R"({"NetworkSettings":{"Networks":{"other":{}}}})"),
              "Networks.other is connected, should be not connected");
    EXPECT_EQ(told(R"({"Mounts":[]})").find("Mounts./a is none, should be bind /host ro"), 0u);
}

TEST(Settings, SecretsAreToldAsDigests) {
    const std::string difference = told(R"({"Config":{"Env":["A=another"]}})");
    EXPECT_EQ(difference.find("Config.Env is sha256:"), 0u);
    EXPECT_EQ(difference.find("another"), std::string::npos);
}

TEST(Settings, AnswersOfAnotherShapeGiveLessAndNeverThrow) {
    for (const char* json : {"null", "[]", "{}", R"({"Config":[],"HostConfig":3,"Mounts":{"a":1}})",
                             R"({"HostConfig":{"CapAdd":"x","Ulimits":[1],"PortBindings":[]}})"}) {
        EXPECT_NO_THROW(text(parse_engine_json(json))) << json;
    }
}

}  // namespace
}  // namespace flow::docker::testing
