// What bad input gets: for each case the path and a part of the message.
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::parse_text;

struct BadInput {
    const char* fields;     ///< beside "image": "busybox"
    const char* path;
    const char* message;
};

class SpecBadInput : public testing::TestWithParam<BadInput> {};

TEST_P(SpecBadInput, IsRefusedWithPathAndReason) {
    const BadInput& bad = GetParam();
    const auto parsed = parse_text("{\"image\": \"busybox\", " + std::string(bad.fields) + "}");
    ASSERT_TRUE(parsed.has_error()) << bad.fields;
    const Error error = parsed.error();
    EXPECT_EQ(error.type, ErrorType::validation_error);
    const Json& errors = error.details.at("field_errors");
    ASSERT_EQ(errors.size(), 1u) << errors.dump(1);
    EXPECT_EQ(errors[0].at("path"), bad.path);
    EXPECT_NE(errors[0].at("message").get<std::string>().find(bad.message), std::string::npos)
        << errors[0].at("message");
}

INSTANTIATE_TEST_SUITE_P(Foreign, SpecBadInput, testing::ValuesIn(std::vector<BadInput>{
    {R"("bogus": 1)", "bogus", "unknown field"},
    {R"("bogus": null)", "bogus", "unknown field"},
    {R"("enviroment": {})", "enviroment", "did you mean environment?"},
    {R"("mem_limit": "1g")", "mem_limit", "use resources.memory"},
    {R"("mem_reservation": "1g")", "mem_reservation", "use resources.memory_reservation"},
    {R"("cpus": 1)", "cpus", "use resources.cpus"},
    {R"("pids_limit": 1)", "pids_limit", "use resources.pids"},
    {R"("shm_size": 1)", "shm_size", "use resources.shm_size"},
    {R"("ulimits": {})", "ulimits", "use resources.ulimits"},
    {R"("cap_add": [])", "cap_add", "use security.cap_add"},
    {R"("cap_drop": [])", "cap_drop", "use security.cap_drop"},
    {R"("privileged": true)", "privileged", "use security.privileged"},
    {R"("security_opt": [])", "security_opt", "use security."},
    {R"("container_name": "x")", "container_name", "use name"},
    {R"("restart_policy": "x")", "restart_policy", "use restart"},
    {R"("deploy": {})", "deploy", "use resources"},
    {R"("resources": {"limits": {}})", "resources.limits", "resources.memory"},
    {R"("resources": {"memry": 1})", "resources.memry", "did you mean memory?"},
    {R"("security": {"user": "x"})", "security.user", "top of the spec"},
    {R"("healthcheck": "curl")", "healthcheck", "must be an object"},
    {R"("healthcheck": {"test": ["curl"]})", "healthcheck.test", "[CMD, PROGRAM"},
    {R"("healthcheck": {"test": ["NONE", "x"]})", "healthcheck.test", "[NONE]"},
    {R"("healthcheck": {"test": ""})", "healthcheck.test", "must not be empty"},
    {R"("healthcheck": {"interval": "1us"})", "healthcheck.interval", "from 1ms to 24h"},
    {R"("healthcheck": {"retries": -1})", "healthcheck.retries", "must be from 0"},
    {R"("healthcheck": {"on_unhealthy": "stop"})", "healthcheck.on_unhealthy", "warn or restart"},
    {R"("healthcheck": {"start_interval": 1})", "healthcheck.start_interval", "not supported yet"},
    {R"("update": {"on_failure": "stop"})", "update.on_failure", "rollback or pause"},
    {R"("update": {"monitor": "25h"})", "update.monitor", "at most 24h"},
    {R"("update": {"order": "start-first"})", "update.order", "stops before the new one starts"},
    {R"("code": {})", "code", "not supported yet"},
    {R"("code_path": "/x")", "code_path", "not supported yet"},
    {R"("messaging": {"framing": "xml"})", "messaging.framing", "auto, lines or length-prefixed"},
    {R"("messaging": {"max_message": "8m"})", "messaging.max_message", "from 1k to 4m"},
    {R"("messaging": {"queue_ttl": "10s", "durable": false})", "messaging.durable", "they wait in the store"},
    {R"("messaging": {"inject": true, "enabled": false})", "messaging.inject", "needs messaging.enabled"},
    {R"("messaging": {"topic": 1})", "messaging.topic", "is not a field"},
    {R"("workspace": true)", "workspace", "not supported yet"},
    {R"("pull_policy": "sometimes")", "pull_policy", "missing, always or never"},
    {R"("registry_auth": "a b")", "registry_auth", "a name of the configuration's registries"},
    {R"("logging": {"driver": "a b"})", "logging.driver", "name of a log driver"},
    {R"("logging": {"options": ["x"]})", "logging.options", "must be a map"},
    {R"("env_file": "x")", "env_file", "absolute path"},
    {R"("env_file": 3)", "env_file", "must be a list"},
    {R"("backoff_limit": 1)", "backoff_limit", "belongs to jobs only"},
    {R"("active_deadline": 1)", "active_deadline", "belongs to jobs only"},
    {R"("ttl_after_finished": 1)", "ttl_after_finished", "belongs to jobs only"},
    {R"("keep_failed": 1)", "keep_failed", "belongs to jobs only"},
    {R"("kind": "job", "restart": "always")", "restart", "cannot be always in a job"},
    {R"("kind": "job", "restart": "on-failure:2", "backoff_limit": 1)", "backoff_limit",
     "give one of both"},
    {R"("kind": "job", "restart": "no", "backoff_limit": 1)", "backoff_limit", "give one of both"},
    {R"("kind": "job", "backoff_limit": -1)", "backoff_limit", "must be from 0"},
    {R"("kind": "pod")", "kind", "must be container or job"},
}));

INSTANTIATE_TEST_SUITE_P(
    Simple, SpecBadInput,
    testing::ValuesIn(std::vector<BadInput>{
        {R"("name": "0123456789ab")", "name", "would pass for an id"},
        {R"("name": "-x")", "name", "must be 1 to 63"},
        {R"("name": "")", "name", "must be 1 to 63"},
        {R"("name": 5)", "name", "must be a string, not a number"},
        {R"("name": "a/b")", "name", "must be 1 to 63"},
        {R"("user": "a b")", "user", "must be a name or a number"},
        {R"("user": ["x"])", "user", "must be a string"},
        {R"("working_dir": "app")", "working_dir", "absolute"},
        {R"("working_dir": "/a/../b")", "working_dir", "absolute"},
        {R"("hostname": "-a")", "hostname", "must be 1 to 63"},
        {R"("init": 1)", "init", "must be true or false"},
        {R"("read_only": "yes")", "read_only", "must be true or false"},
        {R"("stop_signal": "SIGFOO")", "stop_signal", "must be a signal"},
        {R"("stop_signal": 32)", "stop_signal", "must be a signal"},
        {R"("stop_signal": 65)", "stop_signal", "must be a signal"},
        {R"("stop_grace_period": "10 apples")", "stop_grace_period", "must be a duration"},
        {R"("stop_grace_period": -1)", "stop_grace_period", "must be a duration"},
        {R"("stop_grace_period": "-1s")", "stop_grace_period", "must be a duration"},
        {R"("stop_grace_period": "")", "stop_grace_period", "must be a duration"},
        {R"("stop_grace_period": "25h")", "stop_grace_period", "at most 24h"},
        {R"("stop_grace_period": 1e300)", "stop_grace_period", "must be a duration"},
        {R"("stop_grace_period": "99999999999999999999h")", "stop_grace_period",
         "must be a duration"},
        {R"("restart": "sometimes")", "restart", "must be no, on-failure"},
        {R"("restart": true)", "restart", "must be no, on-failure"},
        {R"("restart": "on-failure:-1")", "restart", "must be no, on-failure"},
        {R"("restart": "on-failure:x")", "restart", "must be no, on-failure"},
        {R"("desired_state": "paused")", "desired_state", "must be created, running or stopped"},
        {R"("depends_on": "db")", "depends_on", "must be a list of names or a map"},
        {R"("depends_on": ["db", "db"])", "depends_on[1]", "twice"},
        {R"("depends_on": {"db": {"condition": "happy"}})", "depends_on.db.condition",
         "must be started"},
        {R"("depends_on": {"db": {"required": false}})", "depends_on.db.required", "not supported"},
        {R"("name": "web", "depends_on": ["web"])", "depends_on", "cannot wait for itself"},
        {R"("networks": "x")", "networks", "must be a list"},
        {R"("networks": ["host"])", "networks[0]", "use network_mode: host"},
        {R"("networks": ["default"])", "networks[0]", "default bridge"},
        {R"("networks": ["0123456789abcdef"])", "networks[0]", "id"},
        {R"("networks": ["a b"])", "networks[0]", "the network's name"},
        {R"("networks": ["aa", "aa"])", "networks[1]", "twice"},
        {R"("networks": {"aa": {"aliases": []}})", "networks.aa", "not supported yet"},
        {R"("network_mode": "service:x")", "network_mode", "must be none, bridge or host"},
        {R"("network_mode": "none", "networks": ["aa"])", "network_mode", "together with networks"},
        {R"("network_mode": "host", "ports": [80])", "ports", "cannot be published"},
    }));

INSTANTIATE_TEST_SUITE_P(
    Texts, SpecBadInput,
    testing::ValuesIn(std::vector<BadInput>{
        {R"("command": "echo 'a")", "command", "single quote"},
        {R"("command": [])", "command", "is empty"},
        {R"("command": "")", "command", "is empty"},
        {R"("command": {"a": 1})", "command", "must be a string or a list"},
        {R"("command": ["a", {"b": 1}])", "command[1]", "must be a string, a number or a bool"},
        {"\"command\": [\"a\\u0000b\"]", "command[0]", "NUL"},
        {R"("environment": "A=1")", "environment", "must be a map or a list"},
        {R"("environment": {"A": null})", "environment.A", "has no value"},
        {R"("environment": {"A": {"b": 1}})", "environment.A", "must be a string"},
        {R"("environment": {"": "x"})", "environment", "without a name"},
        {R"("environment": {"A=B": "x"})", "environment", "must not contain '='"},
        {R"("environment": ["A"])", "environment[0]", "NAME=VALUE"},
        {R"("environment": ["A=1", "A=2"])", "environment[1]", "given before"},
        {R"("environment": {"A_KEY": "********"})", "environment.A_KEY", "is masked"},
        {R"("environment": {"FLOW_SOCKET": "x"})", "environment.FLOW_SOCKET", "set by the daemon"},
        {"\"environment\": {\"A\": \"x\\u0000\"}", "environment.A", "NUL"},
        {R"("labels": {"flow.name": "x"})", "labels.flow.name", "daemon's own"},
        {R"("labels": 5)", "labels", "must be a map or a list"},
        {R"("resources": [])", "resources", "must be an object"},
        {R"("resources": {"memory": "5m"})", "resources.memory", "at least 6 MiB"},
        {R"("resources": {"memory": "lots"})", "resources.memory", "must be a size"},
        {R"("resources": {"memory": "1.5.5g"})", "resources.memory", "must be a size"},
        {R"("resources": {"memory": -1})", "resources.memory", "must be a size"},
        {R"("resources": {"memory": "64m", "memory_reservation": "65m"})",
         "resources.memory_reservation", "must not be above memory"},
        {R"("resources": {"cpus": "many"})", "resources.cpus", "must be a number"},
        {R"("resources": {"cpus": -1})", "resources.cpus", "at least 0.01"},
        {R"("resources": {"cpu_shares": 1})", "resources.cpu_shares", "2 to 262144"},
        {R"("resources": {"cpu_shares": 1.5})", "resources.cpu_shares", "whole number"},
        {R"("resources": {"pids": 0})", "resources.pids", "-1 for no limit"},
        {R"("resources": {"pids": 18446744073709551615})", "resources.pids", "too large"},
        {R"("resources": {"ulimits": {"nofiles": 1}})", "resources.ulimits.nofiles",
         "did you mean nofile?"},
        {R"("resources": {"ulimits": {"nofile": {"soft": 2, "hard": 1}}})",
         "resources.ulimits.nofile", "soft must not be above hard"},
        {R"("resources": {"ulimits": {"nofile": {"soft": 2}}})", "resources.ulimits.nofile",
         "both soft and hard"},
        {R"("security": {"profile": "loose"})", "security.profile", "restricted or baseline"},
        {R"("security": {"cap_add": ["FLY"]})", "security.cap_add[0]", "not a Linux capability"},
        {R"("security": {"cap_add": ["CHOWN"], "cap_drop": ["CHOWN"]})", "security.cap_add",
         "in cap_drop as well"},
        {R"("security": {"seccomp": "/x.json"})", "security.seccomp", "default or unconfined"},
        {R"("security": {"apparmor": "a b"})", "security.apparmor", "name of a loaded profile"},
        {R"("security": {"userns": "private"})", "security.userns", "must be host"},
    }));

INSTANTIATE_TEST_SUITE_P(
    Mounts, SpecBadInput,
    testing::ValuesIn(std::vector<BadInput>{
        {R"("volumes": "x")", "volumes", "must be a map or a list"},
        {R"("volumes": {"./x": "/in"})", "volumes../x", "must be absolute"},
        {R"("volumes": {"/srv/../etc": "/in"})", "volumes./srv/../etc", "\"..\""},
        {R"("volumes": {"/srv": "in"})", "volumes./srv", "must be absolute"},
        {R"("volumes": {"/srv": null})", "volumes./srv", "must be a string, not null"},
        {R"("volumes": ["~/x:/in"])", "volumes[0]", "must be absolute"},
        {R"("volumes": ["/srv:/in:z"])", "volumes[0]", "only ro and rw"},
        {R"("volumes": ["/srv:/in:ro,z"])", "volumes[0]", "only ro and rw"},
        {R"("volumes": ["x:/in"])", "volumes[0]", "the volume's name"},
        {R"("volumes": ["/srv:/"])", "volumes[0]", "cannot be \"/\""},
        {R"("volumes": ["/srv:/a/../b"])", "volumes[0]", "\"..\""},
        {R"("volumes": ["/srv:/in", "data:/in/"])", "volumes", "mounts at"},
        {R"("volumes": ["/srv:/in"], "tmpfs": "/in")", "tmpfs", "mounts at"},
        {R"("volumes": ["/srv:/var/run/flow"])", "volumes", "socket"},
        {R"("volumes": ["/srv:/run/flow/x"])", "volumes", "socket"},
        {R"("volumes": [{"type": "bind", "target": "/in"}])", "volumes[0].source", "is required"},
        {R"("volumes": [{"type": "bind", "source": "/srv"}])", "volumes[0].target", "is required"},
        {R"("volumes": [{"source": "/srv", "target": "/in"}])", "volumes[0].type",
         "must be bind or volume"},
        {R"("volumes": [{"type": "tmpfs", "target": "/in"}])", "volumes[0].type",
         "use the field tmpfs"},
        {R"("volumes": [{"type": 1, "source": "/srv", "target": "/in"}])", "volumes[0].type",
         "must be a string"},
        {R"("volumes": [{"type": "bind", "source": "srv", "target": "/in"}])", "volumes[0].source",
         "absolute"},
        {R"("volumes": [{"type": "bind", "source": "/srv", "target": "/in", "bind": {}}])",
         "volumes[0].bind", "not supported yet"},
        {R"("volumes": [{"type": "volume", "source": "a/b", "target": "/in"}])",
         "volumes[0].source", "volume's name"},
        {R"("volumes": [5])", "volumes[0]", "must be a string"},
        {R"("tmpfs": ["x"])", "tmpfs[0]", "must be absolute"},
        {R"("tmpfs": {"a": 1})", "tmpfs", "must be a path or a list"},
    }));

INSTANTIATE_TEST_SUITE_P(Ports, SpecBadInput, testing::ValuesIn(std::vector<BadInput>{
    {R"("ports": 80)", "ports", "must be a map or a list"},
    {R"("ports": [0])", "ports[0]", "1 to 65535"},
    {R"("ports": [65536])", "ports[0]", "1 to 65535"},
    {R"("ports": ["80:65536"])", "ports[0]", "1 to 65535"},
    {R"("ports": ["65536:80"])", "ports[0]", "0 to 65535"},
    {R"("ports": [-1])", "ports[0]", "1 to 65535"},
    {R"("ports": ["http"])", "ports[0]", "1 to 65535"},
    {R"("ports": [""])", "ports[0]", "1 to 65535"},
    {R"("ports": ["80:80/icmp"])", "ports[0]", "tcp, udp or sctp"},
    {R"("ports": ["localhost:80:80"])", "ports[0]", "must be an IP address"},
    {R"("ports": ["80-81:80"])", "ports[0]", "equally long"},
    {R"("ports": ["81-80:81-80"])", "ports[0]", "1 to 65535"},
    {R"("ports": ["8080:80", "8080:81"])", "ports[1]", "host port 8080/tcp is given to two"},
    {R"("ports": ["0.0.0.0:8080:80", "127.0.0.1:8080:81"])", "ports[1]", "given to two"},
    {R"("ports": [80, 80])", "ports[1]", "publishes already"},
    {R"("ports": {"80": null})", "ports.80", "write 0"},
    {R"("ports": {"80": "x"})", "ports.80", "0 to 65535"},
    {R"("ports": [{"published": 80}])", "ports[0].target", "is required"},
    {R"("ports": [{"target": 80, "mode": "host"}])", "ports[0].mode", "swarms"},
    {R"("ports": [{"target": 80, "host": 80}])", "ports[0].host", "use published"},
    {R"("ports": [true])", "ports[0]", "1 to 65535"},
    {R"("ports": ["1-2000"])", "ports[0]", "more than 1000 ports"},
}));

}  // namespace
}  // namespace flow::domain
