// Settings of an engine container held against what they should be: limits and networks by the spec, all else as it was.
#include <gtest/gtest.h>

#include "domain/drift.hpp"

namespace flow::domain::test {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

std::string text(const char* json) { return settings_text(Settings::parse(json)); }

Spec limited() {
    Spec spec;
    spec.resources.memory = 64 * kMiB;
    spec.resources.cpus = 0.5;
    spec.networking.networks = {"flow-net"};
    return spec;
}

/// As an engine shows `limited()` right after its create.
const char* const kSeen = R"({"Config.Cmd":["sleep"],"HostConfig.Memory":67108864,"HostConfig.MemorySwap":67108864,
"HostConfig.NanoCpus":500000000,"HostConfig.PidsLimit":512,"Networks.flow-net":"connected","Mounts./a":"bind /a"})";

std::string told(const std::string& seen, const Spec& spec) {
    return to_text(differences(baseline_of(text(kSeen), spec), seen));
}

TEST(DriftText, EmptyValuesAreOneAndKeysAreSorted) {
    EXPECT_EQ(text(R"({"b":0,"a":{"x":[],"y":{"z":""}},"c":null,"d":false,"e":{},"f":"","g":[]})"), "{}");
    EXPECT_EQ(text(R"({"b":1,"a":"x"})"), text(R"({"a":"x","b":1})"));
    EXPECT_EQ(text(R"({"a":["","x"]})"), R"({"a":["","x"]})");
}

TEST(DriftText, LongValuesAreDigests) {
    const std::string seen = text(R"({"Config.Labels":{"a":"0123456789012345678901234567890123456789",
                                      "b":"0123456789012345678901234567890123456789"}})");
    EXPECT_EQ(seen.find(R"({"Config.Labels":"sha256:)"), 0u);
    EXPECT_LT(seen.size(), 50u);
}

TEST(DriftBaseline, AtRestItIsWhatIsSeen) {
    EXPECT_EQ(baseline_of(text(kSeen), limited()), text(kSeen));
    EXPECT_EQ(told(text(kSeen), limited()), "");
}

TEST(DriftBaseline, LimitsAreThoseOfTheSpecWhateverIsSeen) {
    Settings changed = Settings::parse(kSeen);
    changed["HostConfig.Memory"] = 5;
    changed["HostConfig.CpuShares"] = 7;
    changed["HostConfig.CpusetCpus"] = "0";
    changed["HostConfig.RestartPolicy"] = "always";
    changed.erase("Networks.flow-net");
    changed["Networks.other"] = kConnected;
    EXPECT_EQ(baseline_of(settings_text(changed), limited()), text(kSeen));
}

TEST(DriftBaseline, ALimitThatTheEngineDoesNotTakeIsNotAskedForAgain) {
    Settings without = Settings::parse(kSeen);
    without.erase("HostConfig.MemorySwap");
    const std::string seen = settings_text(without);
    EXPECT_EQ(baseline_of(seen, limited()), seen);
}

TEST(DriftBaseline, ModesKeepTheNetworkThatTheEngineShows) {
    Spec spec;
    spec.networking.mode = "bridge";
    const std::string seen = text(R"({"Networks.bridge":"connected"})");
    EXPECT_EQ(baseline_of(seen, spec), seen);
}

TEST(DriftDifferences, UlimitsOfTheEngineItselfAreNone) {
    Spec spec;
    spec.resources.ulimits["nofile"] = {1, 2};
    const std::string seen = text(R"({"HostConfig.Ulimits.nofile":"1:2","HostConfig.Ulimits.core":"0:0"})");
    const std::string baseline = baseline_of(seen, spec);
    EXPECT_TRUE(differences(baseline, seen).empty());
    EXPECT_EQ(to_text(differences(baseline, text(R"({"HostConfig.Ulimits.nofile":"1:3"})"))),
              "HostConfig.Ulimits.nofile is 1:3, should be 1:2");
}

TEST(DriftDifferences, WhatTheEngineCanPutBackInPlace) {
    const auto remedy = [](const char* field, const char* is, const char* should) {
        return remedy_of(Difference{field, is, should});
    };
    EXPECT_EQ(remedy("HostConfig.Memory", "5", "67108864"), Remedy::update);
    EXPECT_EQ(remedy("HostConfig.Memory", "5", "none"), Remedy::recreate);
    EXPECT_EQ(remedy("HostConfig.NanoCpus", "5", "none"), Remedy::recreate);
    EXPECT_EQ(remedy("HostConfig.NanoCpus", "5", "6"), Remedy::update);
    EXPECT_EQ(remedy("HostConfig.PidsLimit", "5", "none"), Remedy::update);
    EXPECT_EQ(remedy("HostConfig.RestartPolicy", "always", "no"), Remedy::update);
    EXPECT_EQ(remedy("HostConfig.CpusetCpus", "0", "none"), Remedy::recreate);
    EXPECT_EQ(remedy("Networks.a", "not connected", "connected"), Remedy::connect);
    EXPECT_EQ(remedy("Networks.a", "connected", "not connected"), Remedy::disconnect);
    EXPECT_EQ(remedy("Config.Cmd", "a", "b"), Remedy::recreate);
}

TEST(DriftDifferences, FixedIsWhatNobodyChangesByHand) {
    EXPECT_TRUE(is_fixed(Difference{"Config.Cmd", "a", "b"}));
    EXPECT_TRUE(is_fixed(Difference{"Mounts./a", "a", "b"}));
    EXPECT_FALSE(is_fixed(Difference{"HostConfig.NanoCpus", "5", "none"}));
    EXPECT_FALSE(is_fixed(Difference{"HostConfig.CpuQuota", "5", "none"}));
    EXPECT_FALSE(is_fixed(Difference{"Networks.a", "connected", "not connected"}));
}

TEST(DriftDifferences, TextThatIsNoJsonIsAsGoodAsEmpty) {
    EXPECT_TRUE(differences("", "{").empty());
    EXPECT_EQ(to_text(differences("[1]", R"({"a":"b"})")), "a is b, should be none");
}

}  // namespace
}  // namespace flow::domain::test
