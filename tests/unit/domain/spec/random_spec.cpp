#include "unit/domain/spec/random_spec.hpp"

namespace flow::domain::test {
namespace {

int number(Random& random, int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
}

bool maybe(Random& random) { return number(random, 0, 1) == 1; }

/// Text that is awkward in JSON, shells and YAML.
std::string text(Random& random) {
    static const std::vector<std::string> kPieces{"a", "Z", "0", " ",  "\"", "'", "\\",
                                                  "=", ":", "ü", "\n", "$",  "*", "/"};
    std::string result;
    for (int i = number(random, 0, 12); i > 0; --i) {
        result += kPieces[static_cast<std::size_t>(
            number(random, 0, static_cast<int>(kPieces.size()) - 1))];
    }
    return result;
}

std::string word(Random& random, const std::string& prefix) {
    return prefix + std::to_string(number(random, 0, 999));
}

std::vector<std::string> texts(Random& random) {
    std::vector<std::string> result{"run"};
    for (int i = number(random, 0, 4); i > 0; --i) {
        result.push_back(text(random));
    }
    return result;
}

std::map<std::string, std::string> pairs(Random& random) {
    std::map<std::string, std::string> result;
    for (int i = number(random, 0, 5); i > 0; --i) {
        result[word(random, "K")] = text(random);
    }
    if (maybe(random)) {
        result["API_TOKEN"] = text(random);
    }
    return result;
}

std::vector<Mount> mounts(Random& random) {
    std::vector<Mount> result;
    for (int i = number(random, 0, 4); i > 0; --i) {
        Mount mount;
        mount.type = maybe(random) ? Mount::Type::bind : Mount::Type::volume;
        if (mount.type == Mount::Type::bind) {
            mount.source = "/srv/" + word(random, "with space ");
        } else if (maybe(random)) {
            mount.source = word(random, "volume");
        }
        mount.target = "/in/" + std::to_string(i) + word(random, "-");
        mount.read_only = maybe(random);
        result.push_back(mount);
    }
    return result;
}

std::vector<Port> ports(Random& random) {
    static const std::vector<std::string> kAddresses{"", "127.0.0.1", "::1"};
    std::vector<Port> result;
    for (int i = number(random, 0, 4); i > 0; --i) {
        Port port;
        port.container = static_cast<std::uint16_t>(i * 1000 + number(random, 0, 999));
        port.host =
            maybe(random) ? 0 : static_cast<std::uint16_t>(i * 1000 + number(random, 0, 999));
        port.protocol = maybe(random) ? "tcp" : "udp";
        port.host_ip = kAddresses[static_cast<std::size_t>(number(random, 0, 2))];
        result.push_back(port);
    }
    return result;
}

Resources resources(Random& random) {
    Resources result;
    result.cpus = maybe(random) ? number(random, 1, 400) / 100.0 : 0;
    result.cpu_shares = maybe(random) ? number(random, 2, 262144) : 0;
    result.memory = maybe(random) ? std::int64_t{number(random, 8, 4000)} * 1024 * 1024 : 0;
    result.memory_reservation = maybe(random) ? std::int64_t{7} * 1024 * 1024 : 0;
    result.pids = maybe(random) ? number(random, 1, 10000) : -1;
    if (maybe(random)) {
        result.ulimits["nofile"] = Ulimit{number(random, 1, 100), maybe(random) ? -1 : 200};
    }
    result.shm_size = maybe(random) ? number(random, 1, 1000000) : 0;
    return result;
}

Security security(Random& random) {
    Security result;
    if (maybe(random)) {
        result.profile = SecurityProfile::restricted;
        result.cap_drop = {"ALL"};
    } else if (maybe(random)) {
        result.cap_drop = {"MKNOD", "NET_RAW"};
    }
    if (maybe(random)) {
        result.cap_add = {"CHOWN", "SYS_TIME"};
    }
    result.no_new_privileges = maybe(random);
    result.seccomp = maybe(random) ? "unconfined" : "";
    result.apparmor = maybe(random) ? "docker-default" : "";
    result.userns = maybe(random) ? "host" : "";
    result.privileged = maybe(random);
    return result;
}

Restart restart(Random& random) {
    Restart result;
    result.policy = static_cast<Restart::Policy>(number(random, 0, 2));
    if (result.policy == Restart::Policy::on_failure && maybe(random)) {
        result.max_retries = number(random, 0, 20);
    }
    return result;
}

void add_networking(Random& random, Spec& spec) {
    switch (number(random, 0, 3)) {
        case 0: spec.networking.networks = {"flow-net"}; break;
        case 1: spec.networking.networks = {"zz-net", word(random, "net")}; break;
        case 2: spec.networking.mode = "bridge"; break;
        default:
            spec.networking.mode = maybe(random) ? "none" : "host";
            spec.ports.clear();
    }
}

Duration seconds(Random& random) { return std::chrono::seconds{number(random, 0, 90)}; }

Healthcheck healthcheck(Random& random) {
    static const std::vector<std::vector<std::string>> kTests{
        {}, {"NONE"}, {"CMD", "true", ""}, {"CMD-SHELL", "test -f /ok || exit 1"}};
    Healthcheck result;
    result.test = kTests[static_cast<std::size_t>(number(random, 0, 3))];
    result.interval = seconds(random);
    result.timeout = seconds(random);
    result.start_period = seconds(random);
    result.retries = number(random, 0, 5);
    result.on_unhealthy = maybe(random) ? OnUnhealthy::restart : OnUnhealthy::warn;
    return result;
}

void add_job(Random& random, Spec& spec) {
    spec.kind = Kind::job;
    spec.restart.policy = maybe(random) ? Restart::Policy::no : Restart::Policy::on_failure;
    spec.restart.max_retries =
        spec.restart.policy == Restart::Policy::no ? -1 : number(random, 0, 9);
    spec.job.active_deadline = seconds(random);
    spec.job.ttl_after_finished = seconds(random);
    spec.job.keep_failed = seconds(random);
}

void add_rules(Random& random, Spec& spec) {
    if (maybe(random)) spec.healthcheck = healthcheck(random);
    if (maybe(random)) spec.update.monitor = seconds(random);
    spec.update.on_failure = maybe(random) ? OnFailure::pause : OnFailure::rollback;
    spec.pull_policy = static_cast<PullPolicy>(number(random, 0, 2));
    spec.registry_auth = maybe(random) ? "our-registry" : "";
    spec.logging.edit().driver = maybe(random) ? "local" : "";
    if (maybe(random)) spec.logging.edit().options["max-size"] = "1m";
    if (number(random, 0, 4) == 0) add_job(random, spec);
    spec.workspace.enabled = maybe(random);
    spec.workspace.size = spec.workspace.enabled && maybe(random) ? number(random, 1 << 20, 1 << 30) : 0;
    if (maybe(random)) {
        spec.code = random_code(random);
    }
}

}  // namespace

Code random_code(Random& random) {
    Code code;
    code.digest = std::string(64, static_cast<char>('a' + number(random, 0, 3)));
    code.path = maybe(random) ? "/srv/" + word(random, "with space ") : "";
    code.target = maybe(random) ? "/app" : "/srv/" + word(random, "x");
    code.file_count = number(random, 0, 9);
    code.bytes = number(random, 0, 99999);
    if (maybe(random)) code.contents = {{"main", number(random, 0, 99)}, {"lib/ü b", 0}};
    return code;
}

Spec random_spec(Random& random) {
    Spec spec;
    spec.image = maybe(random) ? "busybox" : "registry.local:5000/team/app:1." + word(random, "");
    spec.name = maybe(random) ? word(random, "web-") : "";
    spec.labels = pairs(random);
    spec.task_id = maybe(random) ? word(random, "task ") : "";
    spec.runner_id = maybe(random) ? word(random, "runner") : "";
    if (maybe(random)) spec.command = texts(random);
    if (maybe(random)) spec.entrypoint = maybe(random) ? texts(random) : std::vector<std::string>{};
    spec.environment = pairs(random);
    spec.volumes = mounts(random);
    if (maybe(random)) spec.tmpfs = {"/scratch", "/tmp:size=64m,mode=1777"};
    spec.read_only = maybe(random);
    spec.user = maybe(random) ? "1000:1000" : "";
    spec.working_dir = maybe(random) ? "/app/" + word(random, "x") : "";
    spec.hostname = maybe(random) ? word(random, "host_") : "";
    if (maybe(random)) spec.init = maybe(random);
    spec.ports = ports(random);
    add_networking(random, spec);
    spec.resources = resources(random);
    spec.security = security(random);
    spec.restart = restart(random);
    spec.stop_signal = maybe(random) ? "SIGRTMIN+3" : "";
    spec.stop_grace_period =
        Duration{std::uniform_int_distribution<std::int64_t>(0, 3'600'000'000'000)(random)};
    if (maybe(random)) {
        spec.depends_on = {{"db", DependencyCondition::healthy}, {"a-cache"},
                           {"migration", DependencyCondition::completed}};
    }
    add_rules(random, spec);
    return spec;
}

}  // namespace flow::domain::test
