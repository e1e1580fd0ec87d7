// The canonical form: what it looks like, and that nothing is lost on the way there and back.
#include "unit/domain/spec/random_spec.hpp"
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::errors_of;
using test::good;
using test::random_spec;
using test::with;

TEST(SpecCanonical, AllFieldsInTheirOrder) {
    const Spec spec = good(R"({"depends_on": ["db"], "image": "nginx", "name": "web",
        "ports": ["127.0.0.1:8080:80"], "volumes": ["data:/in:ro", "/anonymous"], "command": "a b",
        "resources": {"memory": "64m", "cpus": 2, "ulimits": {"nofile": 5}}, "labels": ["x=y"],
        "environment": {"B": 2, "A": 1}, "restart": "on-failure:5", "stop_grace_period": 90})");
    const Json expected = Json::parse(R"({"image": "nginx", "kind": "container", "name": "web",
        "labels": {"x": "y"}, "command": ["a", "b"], "environment": {"A": "1", "B": "2"},
        "volumes": [{"type": "volume", "source": "data", "target": "/in", "read_only": true},
                    {"type": "volume", "target": "/anonymous", "read_only": false}],
        "tmpfs": [], "read_only": false,
        "ports": [{"target": 80, "published": 8080, "host_ip": "127.0.0.1", "protocol": "tcp"}],
        "networks": ["flow-net"],
        "resources": {"cpus": 2.0, "memory": 67108864, "pids": 512,
                      "ulimits": {"nofile": {"soft": 5, "hard": 5}}},
        "security": {"profile": "baseline"}, "restart": "on-failure:5",
        "stop_grace_period": "1m30s", "depends_on": {"db": {"condition": "started"}}})");
    EXPECT_EQ(to_canonical(spec).dump(), expected.dump());
}

TEST(SpecCanonical, IsReadBackTheSame) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        test::Random random(seed);
        const Spec spec = random_spec(random);
        const Json canonical = to_canonical(spec);
        const auto parsed = parse_spec(canonical);
        ASSERT_TRUE(parsed.has_value()) << "seed " << seed << "\n"
                                        << errors_of(parsed) << canonical.dump(1);
        ASSERT_EQ(parsed->spec, spec) << "seed " << seed << "\n" << canonical.dump(1);
        ASSERT_FALSE(parsed->desired_state);
        ASSERT_EQ(to_canonical(parsed->spec).dump(), canonical.dump()) << "seed " << seed;
        ASSERT_EQ(parse_spec(Json::parse(canonical.dump()))->spec, spec)
            << "through text, seed " << seed;
    }
}

TEST(SpecCanonical, ThePublicFormMasksSecretsOnly) {
    const Spec spec =
        with(R"("environment": {"API_TOKEN": "a", "db_password": "b", "PLAIN": "c"})");
    Json expected = to_canonical(spec);
    expected["environment"]["API_TOKEN"] = kMask;
    expected["environment"]["db_password"] = kMask;
    EXPECT_EQ(to_public(spec), expected);
    EXPECT_EQ(to_canonical(spec)["environment"]["API_TOKEN"], "a");
}

TEST(SpecCanonical, ThePublicFormCanBeGivenBack) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        test::Random random(seed);
        const Spec spec = random_spec(random);
        ParseOptions options;
        options.present = &spec;
        ASSERT_EQ(parse_spec(to_public(spec), options)->spec, spec) << "seed " << seed;
    }
}

TEST(SpecCanonical, Durations) {
    using namespace std::chrono_literals;
    EXPECT_EQ(to_text(0ns), "0s");
    EXPECT_EQ(to_text(10s), "10s");
    EXPECT_EQ(to_text(90s), "1m30s");
    EXPECT_EQ(to_text(1h + 1ms + 1ns), "1h1ms1ns");
}

TEST(SpecCanonical, Sha256) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace flow::domain
