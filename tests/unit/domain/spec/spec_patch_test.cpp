// Updates: a JSON merge patch on the canonical form of the latest spec.
#include "unit/domain/spec/random_spec.hpp"
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::errors_of;
using test::good;
using test::random_spec;
using test::with;
using Texts = std::vector<std::string>;
using Pairs = std::map<std::string, std::string>;

Spec patched(const Spec& current, const std::string& patch) {
    const auto result = apply_patch(current, Json::parse(patch));
    EXPECT_TRUE(result.has_value()) << patch << "\n" << errors_of(result);
    return result.has_value() ? result->spec : Spec{};
}

std::string refused(const Spec& current, const std::string& patch) {
    const auto result = apply_patch(current, Json::parse(patch));
    EXPECT_TRUE(result.has_error()) << patch;
    return errors_of(result);
}

TEST(SpecPatch, AnEmptyPatchChangesNothing) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        test::Random random(seed);
        const Spec spec = random_spec(random);
        ASSERT_EQ(patched(spec, "{}"), spec) << "seed " << seed;
    }
}

TEST(SpecPatch, ThePublicFormAsAPatchChangesNothing) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        test::Random random(seed);
        const Spec spec = random_spec(random);
        ASSERT_EQ(patched(spec, to_public(spec).dump()), spec) << "seed " << seed;
    }
}

TEST(SpecPatch, TheCanonicalFormOfAnotherGivesItsLists) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        test::Random random(seed);
        const Spec spec = random_spec(random);
        const Spec other = random_spec(random);
        if (other.kind != spec.kind || spec.kind == Kind::job) {
            continue;       // the kind cannot change, and the spec of a job neither
        }
        const Spec result = patched(spec, to_canonical(other).dump());
        ASSERT_EQ(result.volumes, other.volumes);
        ASSERT_EQ(result.ports, other.ports);
        ASSERT_EQ(result.networking, other.networking);
        ASSERT_EQ(result.depends_on, other.depends_on);
        for (const auto& [key, value] : spec.environment) {
            ASSERT_TRUE(result.environment.contains(key))
                << "maps are merged, not replaced; seed " << seed;
        }
    }
}

TEST(SpecPatch, EnvironmentAndLabelsMergeAndNullRemoves) {
    const Spec spec = with(R"("environment": {"A": "1", "B": "2"}, "labels": {"x": "y"})");
    EXPECT_EQ(patched(spec, R"({"environment": {"B": null, "C": 3}})").environment,
              (Pairs{{"A", "1"}, {"C", "3"}}));
    EXPECT_EQ(patched(spec, R"({"environment": ["A=9"]})").environment,
              (Pairs{{"A", "9"}, {"B", "2"}}));
    EXPECT_EQ(patched(spec, R"({"environment": null})").environment, Pairs{});
    EXPECT_EQ(patched(spec, R"({"labels": ["lonely"]})").labels,
              (Pairs{{"lonely", ""}, {"x", "y"}}));
    EXPECT_EQ(patched(spec, R"({"labels": {"x": null, "nothing": null}})").labels, Pairs{});
}

TEST(SpecPatch, ObjectsMergeByField) {
    const Spec spec =
        with(R"("resources": {"cpus": 2, "memory": "64m", "ulimits": {"core": 1, "nofile": 5}})");
    const Resources changed =
        patched(spec,
                R"({"resources": {"memory": "128m", "cpus": null, "ulimits": {"core": null}}})")
            .resources;
    EXPECT_EQ(changed.cpus, 0);
    EXPECT_EQ(changed.memory, 128 << 20);
    EXPECT_EQ(changed.pids, 512);
    EXPECT_EQ(changed.ulimits, (std::map<std::string, Ulimit>{{"nofile", {5, 5}}}));
    EXPECT_EQ(patched(spec, R"({"resources": null})").resources, Resources{});
}

TEST(SpecPatch, ListsAreReplacedWholeInAnyForm) {
    const Spec spec =
        with(R"("command": "a b", "volumes": ["/a:/a"], "ports": ["1:1"], "tmpfs": ["/t"],
        "depends_on": ["db"], "networks": ["aa"])");
    EXPECT_EQ(*patched(spec, R"({"command": ["c"]})").command, Texts{"c"});
    EXPECT_FALSE(patched(spec, R"({"command": null})").command);
    EXPECT_EQ(patched(spec, R"({"volumes": {"/b": "/b"}})").volumes,
              with(R"("volumes": ["/b:/b"])").volumes);
    EXPECT_EQ(patched(spec, R"({"volumes": []})").volumes.size(), 0u);
    EXPECT_EQ(patched(spec, R"({"ports": {"2": 2}})").ports, with(R"("ports": ["2:2"])").ports);
    EXPECT_EQ(patched(spec, R"({"depends_on": {"cache": null}})").depends_on,
              std::vector<Dependency>{{"cache"}});
    EXPECT_EQ(patched(spec, R"({"networks": {"bb": null}})").networking.networks, Texts{"bb"});
    EXPECT_EQ(patched(spec, R"({"networks": null})").networking.networks, Texts{"flow-net"});
    EXPECT_EQ(patched(spec, R"({"tmpfs": "/u"})").tmpfs, Texts{"/u"});
}

TEST(SpecPatch, NetworksAndModeTakeEachOthersPlace) {
    EXPECT_EQ(patched(with(R"("networks": ["aa"])"), R"({"network_mode": "none"})").networking,
              (Networking{"none", {}}));
    EXPECT_EQ(patched(with(R"("network_mode": "none")"), R"({"networks": ["aa"]})").networking,
              (Networking{"", {"aa"}}));
    EXPECT_EQ(patched(with(R"("network_mode": "none")"), R"({"network_mode": null})").networking,
              (Networking{"", {"flow-net"}}));
    EXPECT_EQ(refused(with(R"("user": null)"), R"({"network_mode": "none", "networks": ["aa"]})"),
              "network_mode: cannot be given together with networks\n");
}

TEST(SpecPatch, AProfileBringsItsOwnCapabilities) {
    const Spec spec = with(R"("security": {"cap_add": ["CHOWN"]})");
    const Security restricted =
        patched(spec, R"({"security": {"profile": "restricted"}})").security;
    EXPECT_EQ(restricted.cap_drop, Texts{"ALL"});
    EXPECT_EQ(restricted.cap_add, Texts{"CHOWN"});
    const Spec flow = good(R"({"image": "flow"})");
    EXPECT_EQ(patched(flow, R"({"security": {"profile": "baseline"}})").security.cap_drop, Texts{});
    EXPECT_EQ(patched(flow, R"({"image": "nginx"})").security.profile, SecurityProfile::restricted);
    EXPECT_EQ(
        patched(flow, R"({"image": "nginx", "security": {"profile": null}})").security.profile,
        SecurityProfile::baseline);
}

TEST(SpecPatch, AMaskedValueKeepsThePresentOne) {
    const Spec spec = with(R"("environment": {"A_KEY": "s3cret"})");
    EXPECT_EQ(patched(spec, R"({"environment": {"A_KEY": "********", "B": "1"}})").environment,
              (Pairs{{"A_KEY", "s3cret"}, {"B", "1"}}));
    EXPECT_EQ(patched(spec, R"({"environment": ["A_KEY=********"]})").environment,
              (Pairs{{"A_KEY", "s3cret"}}));
    EXPECT_NE(refused(spec, R"({"environment": {"B_KEY": "********"}})")
                  .find("environment.B_KEY: is masked"),
              std::string::npos);
}

TEST(SpecPatch, WhatCannotChange) {
    const Spec spec = with(R"("name": "web")");
    EXPECT_NE(refused(spec, R"({"kind": "job"})").find("kind: cannot change"), std::string::npos);
    EXPECT_EQ(patched(spec, R"({"kind": "container"})"), spec);
    EXPECT_NE(refused(spec, R"({"desired_state": "running"})")
                  .find("desired_state: cannot be set by an update"),
              std::string::npos);
    EXPECT_NE(refused(spec, R"({"name": null})").find("name: cannot be removed"),
              std::string::npos);
    EXPECT_NE(refused(spec, R"({"image": null})").find("image: is required"), std::string::npos);
}

TEST(SpecPatch, AllErrorsAtOnce) {
    const std::string text =
        refused(with(R"("name": "web")"), R"({"kind": "job", "bogus": null, "mem_limit": 1,
        "resources": {"bogus": null, "memory": "x"}, "environment": ["A"], "code_path": "x"})");
    for (const char* part :
         {"kind: cannot change", "bogus: unknown", "mem_limit: use resources.memory",
          "resources.bogus: unknown", "resources.memory: must be a size",
          "environment[0]: must be NAME=VALUE", "code_path: must be an absolute path"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
    }
}

TEST(SpecPatch, NotAnObject) {
    EXPECT_NE(refused(Spec{}, "[]").find("must be an object"), std::string::npos);
    EXPECT_NE(refused(Spec{}, "null").find("must be an object"), std::string::npos);
    EXPECT_NE(refused(with(R"("user": null)"), R"({"environment": 5, "resources": 5})")
                  .find("environment: must be"),
              std::string::npos);
}

}  // namespace
}  // namespace flow::domain
