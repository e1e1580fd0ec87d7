// The life of a container through the real engine: what each call answers, and what is seen
// afterwards.
#include <filesystem>

#include <sys/stat.h>

#include "unit/docker/engine_fixture.hpp"

namespace flow::docker::testing {
namespace {

using reconciler::StartAnswer;
using reconciler::StopAnswer;

TEST_F(EngineTest, ConnectsAndNegotiates) {
    const auto info = loop_.run(engine_->connect());
    ASSERT_TRUE(info.has_value()) << info.error().message;
    EXPECT_FALSE(info->version.empty());
    EXPECT_TRUE(info->api_version.starts_with("1.4")) << info->api_version;
    EXPECT_TRUE(info->root_dir.starts_with('/'));
    EXPECT_TRUE(info->cgroup_version == 1 || info->cgroup_version == 2);
    EXPECT_TRUE(info->cgroup_driver == "cgroupfs" || info->cgroup_driver == "systemd");
    EXPECT_TRUE(loop_.run(engine_->ping()).has_value());
}

TEST_F(EngineTest, WholeLife) {
    const std::string id = created(call_for("life", "exec sleep 1000"));
    ASSERT_EQ(id.size(), 64u);
    domain::Observed seen = inspected(id);
    EXPECT_EQ(seen.name, named("life"));
    EXPECT_EQ(seen.container_id, "0123456789ab");
    EXPECT_EQ(seen.manager, config().manager);
    EXPECT_EQ(seen.generation, 3u);
    EXPECT_EQ(seen.spec_hash, domain::spec_hash(call_for("life", "exec sleep 1000").spec));
    EXPECT_FALSE(seen.running);
    EXPECT_EQ(seen.started_at, domain::Time{});

    EXPECT_EQ(loop_.run(engine_->start(id)).value(), StartAnswer::started);
    EXPECT_EQ(loop_.run(engine_->start(id)).value(), StartAnswer::already_running);
    seen = inspected(id);
    EXPECT_TRUE(seen.running);
    EXPECT_GT(seen.pid, 0);
    EXPECT_NE(seen.started_at, domain::Time{});
    EXPECT_TRUE(seen.image_id.starts_with("sha256:"));

    reconciler::StopCall stop;
    stop.docker_id = id;
    stop.grace = std::chrono::milliseconds{500};   // rounded up to 1 s; PID 1 ignores TERM
    EXPECT_EQ(loop_.run(engine_->stop(stop)).value(), StopAnswer::stopped);
    EXPECT_EQ(loop_.run(engine_->stop(stop)).value(), StopAnswer::not_running);
    seen = inspected(id);
    EXPECT_FALSE(seen.running);
    EXPECT_EQ(seen.exit_code, 137);
    EXPECT_NE(seen.finished_at, domain::Time{});

    EXPECT_TRUE(loop_.run(engine_->remove(id)).has_value());
    const auto gone = loop_.run(engine_->remove(id));
    ASSERT_TRUE(gone.has_error());
    EXPECT_EQ(gone.error().engine, domain::EngineFailure::no_such_container);
    EXPECT_EQ(gone.error().type, domain::ErrorType::container_not_found);
    EXPECT_EQ(loop_.run(engine_->inspect(id)).error().engine,
              domain::EngineFailure::no_such_container);
}

TEST_F(EngineTest, ListHasOursAlone) {
    const std::string mine = running("list", "exec sleep 1000");
    EngineConfig other_config = config();
    other_config.manager += "-other";
    EngineClient other{loop_.executor(), other_config};
    const std::string foreign = loop_.run(other.create(call_for("foreign", "true"))).value();
    const auto list = loop_.run(engine_->list());
    ASSERT_TRUE(list.has_value()) << list.error().message;
    ASSERT_EQ(list->size(), 1u);
    const domain::Observed& seen = list->front();
    const domain::Observed inspect = inspected(mine);
    EXPECT_EQ(seen.docker_id, mine);
    EXPECT_EQ(seen.name, inspect.name);
    EXPECT_EQ(seen.image_id, inspect.image_id);
    EXPECT_EQ(seen.networks, inspect.networks);
    EXPECT_EQ(seen.running, inspect.running);
    EXPECT_EQ(seen.spec_hash, inspect.spec_hash);
    EXPECT_TRUE(loop_.run(other.remove(foreign)).has_value());
}

TEST_F(EngineTest, LongListIsParsedAside) {
    EngineConfig small = config();
    small.parse_aside = 1;
    EngineClient client{loop_.executor(), small};
    const std::string id = created(call_for("aside", "true"));
    const auto list = loop_.run(client.list());
    ASSERT_TRUE(list.has_value());
    ASSERT_EQ(list->size(), 1u);
    EXPECT_EQ(list->front().docker_id, id);
}

TEST_F(EngineTest, PauseKillRenameUpdate) {
    const std::string id = running("control", "exec sleep 1000");
    EXPECT_TRUE(loop_.run(engine_->unpause(id)).has_value());   // not paused: nothing to do
    EXPECT_EQ(raw("POST", "/v1.41/containers/" + id + "/pause").status, 204);
    EXPECT_TRUE(inspected(id).paused);
    EXPECT_TRUE(inspected(id).running);
    EXPECT_TRUE(loop_.run(engine_->list()).value().front().paused);
    EXPECT_TRUE(loop_.run(engine_->unpause(id)).has_value());
    EXPECT_FALSE(inspected(id).paused);

    EXPECT_TRUE(loop_.run(engine_->rename(id, named("renamed"))).has_value());
    EXPECT_TRUE(loop_.run(engine_->rename(id, named("renamed"))).has_value());
    EXPECT_EQ(inspected(id).name, named("renamed"));

    domain::Resources limits;
    limits.memory = 64 << 20;
    limits.pids = 32;
    limits.cpus = 0.5;
    const auto updated = loop_.run(engine_->update(id, limits));
    ASSERT_TRUE(updated.has_value()) << updated.error().message;
    limits.memory = 128 << 20;   // above the present swap limit: works because both are sent
    EXPECT_TRUE(loop_.run(engine_->update(id, limits)).has_value());
    const EngineJson json = parse_engine_json(raw("GET", "/v1.41/containers/" + id + "/json").body);
    EXPECT_EQ(integer_of(member(json, "HostConfig"), "Memory"), 128 << 20);
    EXPECT_EQ(integer_of(member(json, "HostConfig"), "MemorySwap"), 128 << 20);
    EXPECT_EQ(integer_of(member(json, "HostConfig"), "PidsLimit"), 32);
    EXPECT_EQ(integer_of(member(json, "HostConfig"), "NanoCpus"), 500'000'000);

    EXPECT_TRUE(loop_.run(engine_->kill(id, "KILL")).has_value());
    EXPECT_TRUE(loop_.eventually([&] { return !inspected(id).running; }));
    EXPECT_EQ(loop_.run(engine_->kill(id, "KILL")).error().engine,
              domain::EngineFailure::not_running);
}

TEST_F(EngineTest, KillEndsAStopInHand) {
    const std::string id = running("stopping", "exec sleep 1000");
    reconciler::StopCall stop;
    stop.docker_id = id;
    stop.grace = std::chrono::seconds{600};
    bool stopped = false;
    boost::asio::co_spawn(loop_.context(), engine_->stop(stop),
                          [&](std::exception_ptr, domain::Result<StopAnswer> answer) {
                              stopped = answer.has_value();
                          });
    // While the stop waits a start says that it runs already, which means nothing then.
    EXPECT_EQ(loop_.run(engine_->start(id)).value(), StartAnswer::already_running);
    EXPECT_FALSE(stopped);
    EXPECT_TRUE(loop_.run(engine_->kill(id, "KILL")).has_value());
    EXPECT_TRUE(loop_.eventually([&stopped] { return stopped; }));
}

TEST_F(EngineTest, AnswerLostCallDoneAllTheSame) {
    EngineConfig hasty = config();
    hasty.deadlines.start = std::chrono::milliseconds{1};
    const std::string id = created(call_for("hasty", "exec sleep 1000"));
    EngineClient client{loop_.executor(), hasty};
    const auto answer = loop_.run(client.start(id));
    if (answer.has_error()) {   // nearly always: a start takes 100 ms
        EXPECT_EQ(answer.error().engine, domain::EngineFailure::unanswered);
        EXPECT_NE(answer.error().message.find("did not answer within 1 ms"), std::string::npos);
    }
    EXPECT_TRUE(loop_.eventually([&] { return inspected(id).running; }));
}

TEST_F(EngineTest, EveryFieldOfTheSpecArrives) {
    const std::string folder = ::testing::TempDir() + "flowtest-socket";
    std::filesystem::create_directories(folder);
    chmod(folder.c_str(), 0755);
    reconciler::CreateCall call = call_for("full", "true");
    call.socket_folder = folder;
    domain::Spec& spec = call.spec;
    spec.hostname = "my-host";
    spec.user = "1000:1000";
    spec.working_dir = "/work";
    spec.environment = {{"A", "1"}, {"FLOW_NAME", "mine"}};
    spec.labels = {{"team", "x"}};
    spec.task_id = "t1";
    spec.stop_signal = "SIGUSR1";
    spec.stop_grace_period = std::chrono::milliseconds{2500};
    spec.init = true;
    spec.read_only = true;
    spec.tmpfs = {"/tmp:size=1m"};
    spec.networking.mode = "bridge";
    domain::Port port;
    port.container = 80;
    port.host_ip = "127.0.0.1";
    spec.ports = {port};
    spec.resources.memory = 32 << 20;
    spec.resources.ulimits["nofile"] = domain::Ulimit{100, 200};
    spec.resources.shm_size = 1 << 20;
    spec.security.cap_drop = {"ALL"};
    spec.security.cap_add = {"NET_BIND_SERVICE"};
    domain::Mount volume;
    volume.type = domain::Mount::Type::volume;
    volume.source = named("volume");
    volume.target = "/data";
    spec.volumes = {volume};
    const std::string id = created(call);
    const EngineJson json = parse_engine_json(raw("GET", "/v1.41/containers/" + id + "/json").body);
    const EngineJson& host = member(json, "HostConfig");
    const EngineJson& made = member(json, "Config");
    EXPECT_EQ(text_of(made, "Hostname"), "my-host");
    EXPECT_EQ(text_of(made, "User"), "1000:1000");
    EXPECT_EQ(text_of(made, "WorkingDir"), "/work");
    EXPECT_EQ(text_of(made, "StopSignal"), "SIGUSR1");
    EXPECT_EQ(integer_of(made, "StopTimeout"), 3);
    EXPECT_EQ(inspected(id).stop_signal, SIGUSR1);
    EXPECT_EQ(text_of(member(made, "Labels"), "team"), "x");
    EXPECT_EQ(text_of(member(made, "Labels"), "flow.task-id"), "t1");
    const std::string environment = member(made, "Env").dump();
    EXPECT_NE(environment.find("\"A=1\""), std::string::npos);
    EXPECT_NE(environment.find("\"FLOW_NAME=full\""), std::string::npos) << environment;
    EXPECT_NE(environment.find("FLOW_SOCKET=/var/run/flow/0123456789ab.sock"), std::string::npos);
    EXPECT_TRUE(flag_of(host, "ReadonlyRootfs"));
    EXPECT_TRUE(flag_of(host, "Init"));
    EXPECT_EQ(text_of(member(host, "Tmpfs"), "/tmp"), "size=1m");
    EXPECT_EQ(integer_of(host, "MemorySwap"), 32 << 20);
    EXPECT_EQ(integer_of(host, "PidsLimit"), 512);
    EXPECT_EQ(integer_of(host, "ShmSize"), 1 << 20);
    EXPECT_EQ(member(host, "CapDrop").dump(), "[\"ALL\"]");
    EXPECT_EQ(text_of(member(host, "RestartPolicy"), "Name"), "no");
    EXPECT_EQ(text_of(member(host, "LogConfig", "Config"), "max-size"), "10m");
    EXPECT_TRUE(member(host, "Binds").is_null());
    const domain::Observed seen = inspected(id);
    ASSERT_EQ(seen.mounts.size(), 3u);   // /data, the image's own volume, the socket folder
    EXPECT_EQ(seen.mounts[0].name, named("volume"));
    EXPECT_EQ(seen.mounts[1].target, "/image-volume");
    EXPECT_EQ(seen.mounts[2].target, "/var/run/flow");
    EXPECT_EQ(seen.mounts[2].source, folder);

    ASSERT_TRUE(loop_.run(engine_->remove(id)).has_value());
    EXPECT_EQ(loop_.run(engine_->remove_volume(named("volume"), false)).value(), true);
}

TEST_F(EngineTest, PortsAreTheRealOnesWhileRunning) {
    reconciler::CreateCall call = networked("ports", "exec sleep 1000");
    domain::Port port;
    port.container = 80;
    port.host_ip = "127.0.0.1";
    call.spec.ports = {port};
    const std::string id = created(call);
    ASSERT_TRUE(loop_.run(engine_->start(id)).has_value());
    const domain::Observed seen = inspected(id);
    ASSERT_EQ(seen.ports.size(), 1u);
    EXPECT_EQ(seen.ports[0].container, 80);
    EXPECT_EQ(seen.ports[0].protocol, "tcp");
    EXPECT_EQ(seen.ports[0].host_ip, "127.0.0.1");
    EXPECT_GT(seen.ports[0].host, 1023);
    EXPECT_EQ(loop_.run(engine_->list()).value().front().ports, seen.ports);
}

TEST_F(EngineTest, AnonymousVolumesAreCarriedByName) {
    const std::string first = created(call_for("carry", "true"));
    const std::vector<domain::ObservedMount> mounts = inspected(first).mounts;
    ASSERT_EQ(mounts.size(), 1u);
    EXPECT_EQ(mounts[0].target, "/image-volume");
    reconciler::CreateCall next = call_for("carry.next", "true");
    next.carried = mounts;
    const std::string second = created(next);
    EXPECT_EQ(inspected(second).mounts, mounts);
    EXPECT_TRUE(loop_.run(engine_->remove(first)).has_value());   // does not take it along any more
    EXPECT_EQ(inspected(second).mounts, mounts);
    const auto in_use = loop_.run(engine_->remove_volume(mounts[0].name, true));
    ASSERT_TRUE(in_use.has_error());
    EXPECT_EQ(in_use.error().details["cause"], "in_use");
    EXPECT_TRUE(loop_.run(engine_->remove(second)).has_value());
    EXPECT_EQ(loop_.run(engine_->remove_volume(mounts[0].name, false)).value(), false);
    EXPECT_EQ(loop_.run(engine_->remove_volume(mounts[0].name, true)).value(), true);
    EXPECT_EQ(loop_.run(engine_->remove_volume(mounts[0].name, true)).value(), false);
}

}  // namespace
}  // namespace flow::docker::testing
