// Defaults, and every field in the forms that a user may write.
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::errors_of;
using test::good;
using test::parse_text;
using test::with;
using Texts = std::vector<std::string>;
using Pairs = std::map<std::string, std::string>;

TEST(SpecParse, DefaultsOfAnImageAlone) {
    const Spec spec = good(R"({"image": "nginx:1.25"})");
    EXPECT_EQ(spec.image, "nginx:1.25");
    EXPECT_EQ(spec.name, "");
    EXPECT_FALSE(spec.command);
    EXPECT_FALSE(spec.entrypoint);
    EXPECT_FALSE(spec.init);
    EXPECT_EQ(spec.networking, (Networking{"", {"flow-net"}}));
    EXPECT_EQ(spec.resources, Resources{});
    EXPECT_EQ(spec.resources.pids, 512);
    EXPECT_EQ(spec.security, Security{});
    EXPECT_TRUE(spec.security.no_new_privileges);
    EXPECT_EQ(spec.restart, Restart{});
    EXPECT_EQ(spec.stop_grace_period, std::chrono::seconds{10});
    EXPECT_FALSE(parse_text(R"({"image": "nginx"})")->desired_state);
}

TEST(SpecParse, TheUsageGuidesExample) {
    const Spec spec = good(R"({"image": "flow:latest", "name": "my-flow-container",
        "environment": {"ENV_VAR1": "value1", "ENV_VAR2": "value2"},
        "volumes": {"/host/path": "/container/path"}, "ports": {"8080": 8080}})");
    EXPECT_EQ(spec.name, "my-flow-container");
    EXPECT_EQ(spec.environment, (Pairs{{"ENV_VAR1", "value1"}, {"ENV_VAR2", "value2"}}));
    ASSERT_EQ(spec.volumes.size(), 1u);
    EXPECT_EQ(spec.volumes[0], (Mount{Mount::Type::bind, "/host/path", "/container/path", false}));
    ASSERT_EQ(spec.ports.size(), 1u);
    EXPECT_EQ(spec.ports[0], (Port{8080, "tcp", 8080, ""}));
    EXPECT_EQ(spec.security.profile, SecurityProfile::restricted);
    EXPECT_EQ(spec.security.cap_drop, Texts{"ALL"});
}

TEST(SpecParse, ProfileByImage) {
    for (const char* image : {"flow", "flow:2", "docker.io/library/flow:latest"}) {
        EXPECT_EQ(good("{\"image\": \"" + std::string(image) + "\"}").security.profile,
                  SecurityProfile::restricted) << image;
    }
    for (const char* image : {"flower", "team/flow", "localhost:5000/flow", "postgres"}) {
        EXPECT_EQ(good("{\"image\": \"" + std::string(image) + "\"}").security.profile,
                  SecurityProfile::baseline) << image;
    }
    EXPECT_EQ(good(R"({"image": "flow", "security": {"profile": "baseline"}})").security,
              Security{});
}

TEST(SpecParse, NullIsNotGiven) {
    EXPECT_EQ(
        with(R"("name": null, "ports": null, "environment": null, "resources": {"memory": null},
                      "security": null, "restart": null, "command": null)"),
        with(R"("kind": "container")"));
}

TEST(SpecParse, CommandAsAStringOrAList) {
    EXPECT_EQ(*with(R"("command": "sh -c 'exit 3'")").command, (Texts{"sh", "-c", "exit 3"}));
    EXPECT_EQ(*with(R"("command": ["sleep", 5, true])").command, (Texts{"sleep", "5", "true"}));
    EXPECT_EQ(*with(R"("entrypoint": [])").entrypoint, Texts{});
    EXPECT_EQ(*with(R"("entrypoint": "")").entrypoint, Texts{});
}

TEST(SpecParse, EnvironmentAndLabelsAsMapOrList) {
    const Pairs expected{{"A", "1"}, {"B", "true"}, {"C", "x=y"}, {"D", ""}, {"E", "1.5"}};
    EXPECT_EQ(
        with(R"("environment": {"A": 1, "B": true, "C": "x=y", "D": "", "E": 1.5})").environment,
        expected);
    EXPECT_EQ(with(R"("environment": ["A=1", "B=true", "C=x=y", "D=", "E=1.5"])").environment,
              expected);
    EXPECT_EQ(with(R"("labels": ["a.b=c", "lonely"])").labels,
              (Pairs{{"a.b", "c"}, {"lonely", ""}}));
}

TEST(SpecParse, ResourcesInComposesUnits) {
    const Resources given =
        with(R"("resources": {"cpus": "1.5", "cpu_shares": "512", "memory": "64m",
        "memory_reservation": 16777216, "pids": -1, "shm_size": "1gb",
        "ulimits": {"nofile": 1024, "nproc": {"soft": 10, "hard": -1}}})")
            .resources;
    Resources expected;
    expected.cpus = 1.5;
    expected.cpu_shares = 512;
    expected.memory = 64 * 1024 * 1024;
    expected.memory_reservation = 16777216;
    expected.pids = -1;
    expected.shm_size = 1024 * 1024 * 1024;
    expected.ulimits["nofile"] = Ulimit{1024, 1024};
    expected.ulimits["nproc"] = Ulimit{10, -1};
    EXPECT_EQ(given, expected);
}

TEST(SpecParse, BytesInAllSpellings) {
    const std::vector<std::pair<const char*, std::int64_t>> cases{{"8388608", 8388608},
                                                                  {"\"8388608\"", 8388608},
                                                                  {"\"8388608b\"", 8388608},
                                                                  {"\"8192k\"", 8388608},
                                                                  {"\"8m\"", 8388608},
                                                                  {"\"8M\"", 8388608},
                                                                  {"\"8mb\"", 8388608},
                                                                  {"\"8MiB\"", 8388608},
                                                                  {"\"8Mi\"", 8388608},
                                                                  {"\"8 mb\"", 8388608},
                                                                  {"\"1.5g\"", 1610612736},
                                                                  {"8388608.0", 8388608},
                                                                  {"0", 0}};
    for (const auto& [text, bytes] : cases) {
        EXPECT_EQ(with("\"resources\": {\"memory\": " + std::string(text) + "}").resources.memory,
                  bytes)
            << text;
    }
}

TEST(SpecParse, DurationsInAllSpellings) {
    using namespace std::chrono_literals;
    const std::vector<std::pair<const char*, Duration>> cases{
        {"10", 10s},
        {"1.5", 1500ms},
        {"\"10\"", 10s},
        {"\"10s\"", 10s},
        {"\"1m30s\"", 90s},
        {"\"1h\"", 1h},
        {"\"500ms\"", 500ms},
        {"\"1.5m\"", 90s},
        {"\"0s\"", 0s},
        {"0", 0s},
        {"\"1h2m3s4ms5us6ns\"", 1h + 2min + 3s + 4ms + 5us + 6ns}};
    for (const auto& [text, duration] : cases) {
        EXPECT_EQ(with("\"stop_grace_period\": " + std::string(text)).stop_grace_period, duration)
            << text;
    }
}

TEST(SpecParse, Restart) {
    EXPECT_EQ(with(R"("restart": "no")").restart.policy, Restart::Policy::no);
    EXPECT_EQ(with(R"("restart": false)").restart.policy, Restart::Policy::no);
    EXPECT_EQ(with(R"("restart": "always")").restart.policy, Restart::Policy::always);
    EXPECT_EQ(with(R"("restart": "unless-stopped")").restart.policy, Restart::Policy::always);
    EXPECT_EQ(with(R"("restart": "on-failure:3")").restart,
              (Restart{Restart::Policy::on_failure, 3}));
    EXPECT_EQ(with(R"("restart": "on-failure:0")").restart.max_retries, 0);
}

TEST(SpecParse, StopSignal) {
    for (const char* text : {"\"SIGINT\"", "\"INT\"", "\"int\"", "2", "\"2\""}) {
        EXPECT_EQ(with("\"stop_signal\": " + std::string(text)).stop_signal, "SIGINT") << text;
    }
    EXPECT_EQ(with(R"("stop_signal": "SIGRTMIN+3")").stop_signal, "SIGRTMIN+3");
    EXPECT_EQ(with(R"("stop_signal": 37)").stop_signal, "SIGRTMIN+3");
}

TEST(SpecParse, SecurityIsBroughtIntoOneForm) {
    const Security given = with(R"("security": {"cap_drop": ["CAP_NET_RAW", "mknod", "NET_RAW"],
        "cap_add": ["sys_time"], "no_new_privileges": false, "seccomp": "default",
        "apparmor": "docker-default", "userns": "host", "privileged": true})").security;
    EXPECT_EQ(given.cap_drop, (Texts{"MKNOD", "NET_RAW"}));
    EXPECT_EQ(given.cap_add, Texts{"SYS_TIME"});
    EXPECT_FALSE(given.no_new_privileges);
    EXPECT_EQ(given.seccomp, "");
    EXPECT_EQ(given.apparmor, "docker-default");
    EXPECT_EQ(given.userns, "host");
    EXPECT_TRUE(given.privileged);
    EXPECT_EQ(with(R"("security": {"cap_drop": ["ALL", "CHOWN"]})").security.cap_drop,
              Texts{"ALL"});
    const Security restricted =
        with(R"("security": {"profile": "restricted", "cap_add": ["CHOWN"]})").security;
    EXPECT_EQ(restricted.cap_drop, Texts{"ALL"});
    EXPECT_EQ(restricted.cap_add, Texts{"CHOWN"});
}

TEST(SpecParse, Networks) {
    EXPECT_EQ(with(R"("networks": ["a1", "b2"])").networking, (Networking{"", {"a1", "b2"}}));
    EXPECT_EQ(with(R"("networks": {"b2": null, "a1": {}})").networking,
              (Networking{"", {"b2", "a1"}}));
    EXPECT_EQ(with(R"("networks": [])").networking, (Networking{"", {"flow-net"}}));
    EXPECT_EQ(with(R"("network_mode": "host")").networking, (Networking{"host", {}}));
}

TEST(SpecParse, DependsOn) {
    const std::vector<Dependency> expected{{"db"}, {"cache"}};
    EXPECT_EQ(with(R"("depends_on": ["db", "cache"])").depends_on, expected);
    EXPECT_EQ(
        with(
            R"("depends_on": {"db": {"condition": "service_started"},
                                      "cache": {"condition": "started"}})")
            .depends_on,
        expected);
    EXPECT_EQ(with(R"("depends_on": {"db": null, "cache": {}})").depends_on, expected);
}

TEST(SpecParse, SimpleFields) {
    const Spec spec =
        with(R"("user": 1000, "working_dir": "/app//x/.", "hostname": "web_1.local", "init": "true",
        "read_only": true, "task_id": 7, "runner_id": "r-1", "tmpfs": "/run/x:size=1m")");
    EXPECT_EQ(spec.user, "1000");
    EXPECT_EQ(spec.working_dir, "/app/x");
    EXPECT_EQ(spec.hostname, "web_1.local");
    EXPECT_EQ(spec.init, true);
    EXPECT_TRUE(spec.read_only);
    EXPECT_EQ(spec.task_id, "7");
    EXPECT_EQ(spec.runner_id, "r-1");
    EXPECT_EQ(spec.tmpfs, Texts{"/run/x:size=1m"});
}

TEST(SpecParse, DesiredState) {
    EXPECT_EQ(parse_text(R"({"image": "a", "desired_state": "created"})")->desired_state,
              DesiredState::created);
    EXPECT_EQ(parse_text(R"({"image": "a", "desired_state": "running"})")->desired_state,
              DesiredState::running);
    EXPECT_EQ(parse_text(R"({"image": "a", "desired_state": "stopped"})")->desired_state,
              DesiredState::stopped);
}

TEST(SpecParse, MaskedValuesKeepThePresentOnes) {
    Spec present;
    present.environment = {{"API_KEY", "s3cret"}};
    ParseOptions options;
    options.present = &present;
    const auto parsed =
        parse_text(R"({"image": "a", "environment": {"API_KEY": "********"}})", options);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->spec.environment.at("API_KEY"), "s3cret");
    const auto other =
        parse_text(R"({"image": "a", "environment": {"OTHER_KEY": "********"}})", options);
    EXPECT_NE(errors_of(other).find("environment.OTHER_KEY: is masked"), std::string::npos);
}

TEST(SpecParse, SecretKeys) {
    for (const char* key :
         {"API_TOKEN", "api_token", "PASSWORD", "DbPasswordFile", "MY_SECRET_X", "AWS_KEY"}) {
        EXPECT_TRUE(is_secret_key(key)) << key;
    }
    for (const char* key : {"TOKENS", "KEYBOARD", "PATH", "MONKEY", "PASS"}) {
        EXPECT_FALSE(is_secret_key(key)) << key;
    }
}

}  // namespace
}  // namespace flow::domain
