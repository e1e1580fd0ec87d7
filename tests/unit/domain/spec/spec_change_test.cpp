// Which changes need a new engine container, which do not, and what the hash covers.
#include "unit/domain/spec/random_spec.hpp"
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::random_spec;
using test::with;
using Names = std::vector<std::string>;

/// A field's change, as text of the inside of an object.
struct Change {
    const char* from;
    const char* to;
    ChangeKind kind;
    const char* field;
};

class SpecChange : public testing::TestWithParam<Change> {};

TEST_P(SpecChange, AsksForWhatItSays) {
    const Change& change = GetParam();
    const Spec from = with(change.from);
    const Spec to = with(change.to);
    EXPECT_EQ(change_between(from, to), change.kind);
    EXPECT_EQ(changed_fields(from, to), Names{change.field});
    EXPECT_EQ(changed_fields(to, from), Names{change.field});
    const Json diff = spec_diff(from, to);
    ASSERT_EQ(diff.size(), 1u);
    EXPECT_EQ(diff[0]["field"], change.field);
    EXPECT_NE(diff[0]["from"], diff[0]["to"]);
}

constexpr auto kNone = ChangeKind::none;
constexpr auto kInPlace = ChangeKind::in_place;
constexpr auto kRecreate = ChangeKind::recreate;

INSTANTIATE_TEST_SUITE_P(
    Fields, SpecChange,
    testing::ValuesIn(std::vector<Change>{
        {R"("restart": "no")", R"("restart": "always")", kNone, "restart"},
        {R"("depends_on": [])", R"("depends_on": ["db"])", kNone, "depends_on"},
        {R"("stop_grace_period": 1)", R"("stop_grace_period": 2)", kNone, "stop_grace_period"},
        {R"("ports": ["1:1", "2:2"])", R"("ports": ["2:2", "1:1"])", kNone, "ports"},
        {R"("volumes": ["/a:/a", "/b:/b"])", R"("volumes": ["/b:/b", "/a:/a"])", kNone, "volumes"},
        {R"("tmpfs": ["/a", "/b"])", R"("tmpfs": ["/b", "/a"])", kNone, "tmpfs"},
        {R"("resources": {"cpus": 1})", R"("resources": {"cpus": 2})", kInPlace, "resources"},
        {R"("resources": {})", R"("resources": {"cpus": 2})", kInPlace, "resources"},
        {R"("resources": {"cpu_shares": 5})", R"("resources": {"cpu_shares": 6})", kInPlace,
         "resources"},
        {R"("resources": {"memory": "64m"})", R"("resources": {"memory": "32m"})", kInPlace,
         "resources"},
        {R"("resources": {})", R"("resources": {"memory_reservation": "32m"})", kInPlace,
         "resources"},
        {R"("resources": {"pids": 100})", R"("resources": {"pids": -1})", kInPlace, "resources"},
        {R"("resources": {"cpus": 1})", R"("resources": {})", kRecreate, "resources"},
        {R"("resources": {"cpu_shares": 5})", R"("resources": {})", kRecreate, "resources"},
        {R"("resources": {"memory": "64m"})", R"("resources": {})", kRecreate, "resources"},
        {R"("resources": {"memory_reservation": "64m"})", R"("resources": {})", kRecreate,
         "resources"},
        {R"("resources": {"shm_size": "64m"})", R"("resources": {})", kRecreate, "resources"},
        {R"("resources": {"ulimits": {"core": 1}})", R"("resources": {"ulimits": {"core": 2}})",
         kRecreate, "resources"},
        {R"("name": "a")", R"("name": "b")", kRecreate, "name"},
        {R"("labels": {})", R"("labels": {"a": "b"})", kRecreate, "labels"},
        {R"("task_id": "1")", R"("task_id": "2")", kRecreate, "task_id"},
        {R"("runner_id": "1")", R"("runner_id": "2")", kRecreate, "runner_id"},
        {R"("command": "a")", R"("command": "b")", kRecreate, "command"},
        {R"("user": null)", R"("entrypoint": [])", kRecreate, "entrypoint"},
        {R"("environment": {"A_KEY": "1"})", R"("environment": {"A_KEY": "1", "B": ""})", kRecreate,
         "environment"},
        {R"("volumes": ["/a:/a"])", R"("volumes": ["/a:/a:ro"])", kRecreate, "volumes"},
        {R"("tmpfs": ["/a"])", R"("tmpfs": ["/a:size=1m"])", kRecreate, "tmpfs"},
        {R"("read_only": false)", R"("read_only": true)", kRecreate, "read_only"},
        {R"("user": null)", R"("user": "root")", kRecreate, "user"},
        {R"("user": null)", R"("working_dir": "/x")", kRecreate, "working_dir"},
        {R"("user": null)", R"("hostname": "x")", kRecreate, "hostname"},
        {R"("user": null)", R"("init": false)", kRecreate, "init"},
        {R"("ports": ["1:1"])", R"("ports": ["1:1/udp"])", kRecreate, "ports"},
        {R"("networks": ["aa", "bb"])", R"("networks": ["bb", "aa"])", kRecreate, "networks"},
        {R"("network_mode": "none")", R"("network_mode": "bridge")", kRecreate, "network_mode"},
        {R"("user": null)", R"("security": {"profile": "restricted"})", kRecreate, "security"},
        {R"("user": null)", R"("stop_signal": "INT")", kRecreate, "stop_signal"},
        {R"("user": null)", R"("messaging": {"framing": "lines", "queue_ttl": "1m"})", kNone, "messaging"},
        {R"("user": null)", R"("messaging": {"inject": true})", kRecreate, "messaging"},
        {R"("user": null)", R"("messaging": {"enabled": false})", kRecreate, "messaging"},
    }));

TEST(SpecHash, IsPinned) {
    // A changed hash recreates every container at an upgrade: change the version with the meaning,
    // never by accident.
    EXPECT_EQ(spec_hash(with(R"("name": "web", "command": "sleep 1", "ports": ["80:80"])")),
              "v1:d1107cd78a10f6e0f7fa93c53ff321aad37ae4ce5d5af31620d4c1bc9094427c");
}

TEST(SpecHash, SameExactlyWhenNoRecreateIsNeededForIt) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        test::Random random(seed);
        const Spec spec = random_spec(random);
        ASSERT_EQ(spec_hash(spec), spec_hash(parse_spec(to_canonical(spec))->spec))
            << "seed " << seed;
        ASSERT_EQ(change_between(spec, spec), ChangeKind::none);
        const Spec other = random_spec(random);
        if (spec_hash(spec) != spec_hash(other)) {
            ASSERT_EQ(change_between(spec, other), ChangeKind::recreate) << "seed " << seed;
        }
    }
}

TEST(SpecHash, DoesNotCoverWhatChangesInPlaceOrIsOurs) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        test::Random random(seed);
        const Spec spec = random_spec(random);
        const Spec other = random_spec(random);
        Spec changed = spec;
        changed.resources.cpus = 0.5 + spec.resources.cpus;
        changed.resources.cpu_shares = spec.resources.cpu_shares + 2;
        changed.resources.memory = spec.resources.memory + (64 << 20);
        changed.resources.memory_reservation = spec.resources.memory_reservation + (8 << 20);
        changed.resources.pids = spec.resources.pids == -1 ? 5 : -1;
        ASSERT_EQ(spec_hash(changed), spec_hash(spec)) << "seed " << seed;
        ASSERT_EQ(change_between(spec, changed), ChangeKind::in_place) << "seed " << seed;
        Spec ours = spec;
        ours.restart = other.restart;
        ours.depends_on = other.depends_on;
        ours.stop_grace_period = other.stop_grace_period;
        ASSERT_EQ(spec_hash(ours), spec_hash(spec)) << "seed " << seed;
        ASSERT_EQ(change_between(spec, ours), ChangeKind::none) << "seed " << seed;
    }
}

TEST(SpecChange, FieldsAreToldInCanonicalOrderAndAllAreKnown) {
    const Spec plain = with(R"("user": null)");
    const Spec full = test::good(R"({"image": "x", "name": "n", "labels": {"a": "b"},
        "task_id": "t", "runner_id": "r", "command": "c", "entrypoint": "e",
        "environment": {"A": "1"}, "volumes": ["/v"], "tmpfs": ["/t"], "read_only": true,
        "user": "u", "working_dir": "/w", "hostname": "h", "init": true, "ports": [80],
        "network_mode": "bridge", "resources": {"cpus": 1}, "security": {"profile": "restricted"},
        "restart": "no", "stop_signal": "INT", "stop_grace_period": 1, "depends_on": ["d"]})");
    const Names expected{
        "image",       "name",        "labels",  "task_id",     "runner_id",         "command",
        "entrypoint",  "environment", "volumes", "tmpfs",       "read_only",         "user",
        "working_dir", "hostname",    "init",    "ports",       "networks",          "network_mode",
        "resources",   "security",    "restart", "stop_signal", "stop_grace_period", "depends_on"};
    EXPECT_EQ(changed_fields(plain, full), expected);
}

TEST(SpecChange, ADiffShowsNoSecrets) {
    const Spec from = with(R"("environment": {"A_TOKEN": "hunter1"})");
    const Spec to = with(R"("environment": {"A_TOKEN": "hunter2"})");
    const Json diff = spec_diff(from, to);
    ASSERT_EQ(diff.size(), 1u);
    EXPECT_EQ(diff.dump().find("hunter"), std::string::npos);
}

}  // namespace
}  // namespace flow::domain
