// The engine's refusals as it words them today: the table of errors stands on these.
#include "unit/docker/engine_fixture.hpp"

namespace flow::docker::testing {
namespace {

using domain::EngineFailure;
using domain::ErrorType;

class EngineFailuresTest : public EngineTest {
protected:
    domain::Error create_fails(const reconciler::CreateCall& call) {
        const auto id = loop_.run(engine_->create(call));
        EXPECT_TRUE(id.has_error());
        return id.has_error() ? id.error() : domain::Error{};
    }
    domain::Error start_fails(const reconciler::CreateCall& call) {
        const auto started = loop_.run(engine_->start(created(call)));
        EXPECT_TRUE(started.has_error());
        return started.has_error() ? started.error() : domain::Error{};
    }
    static void expect(const domain::Error& error, EngineFailure failure, const char* field) {
        EXPECT_EQ(static_cast<int>(error.engine), static_cast<int>(failure)) << error.message;
        EXPECT_EQ(error.details.value("field", ""), field) << error.message;
    }
};

TEST_F(EngineFailuresTest, NameTaken) {
    const std::string holder = created(call_for("taken", "true"));
    const domain::Error error = create_fails(call_for("taken", "true"));
    expect(error, EngineFailure::name_taken, "name");
    EXPECT_EQ(error.type, ErrorType::name_conflict);
    EXPECT_EQ(error.details["holder_id"], holder);
    const std::string other = created(call_for("other", "true"));
    const auto renamed = loop_.run(engine_->rename(other, named("taken")));
    ASSERT_TRUE(renamed.has_error());
    EXPECT_EQ(renamed.error().engine, EngineFailure::name_taken) << renamed.error().message;
    EXPECT_EQ(renamed.error().details["holder_id"], holder);
}

TEST_F(EngineFailuresTest, NoImage) {
    reconciler::CreateCall call = call_for("noimage", "true");
    call.spec.image = "flowtest-nope:1";
    domain::Error error = create_fails(call);
    expect(error, EngineFailure::no_such_image, "image");
    EXPECT_EQ(error.type, ErrorType::image_not_found);
    call.spec.image = "";
    expect(create_fails(call), EngineFailure::refused, "image");
    call.spec.image = "UPPER/Case";
    expect(create_fails(call), EngineFailure::refused, "image");
}

TEST_F(EngineFailuresTest, BadCommandIsTerminal) {
    reconciler::CreateCall call = call_for("command", "true");
    call.spec.command = std::vector<std::string>{"no-such-program"};
    expect(start_fails(call), EngineFailure::refused, "command");
    call = call_for("command2", "true");
    call.spec.command = std::vector<std::string>{"/no/such/program"};
    expect(start_fails(call), EngineFailure::refused, "command");
    call = call_for("command3", "true");
    call.spec.command = std::vector<std::string>{"/bin"};
    expect(start_fails(call), EngineFailure::refused, "command");
}

TEST_F(EngineFailuresTest, PortTaken) {
    reconciler::CreateCall call = networked("port1", "exec sleep 1000");
    domain::Port port;
    port.container = 80;
    port.host_ip = "127.0.0.1";
    call.spec.ports = {port};
    const std::string id = created(call);
    ASSERT_TRUE(loop_.run(engine_->start(id)).has_value());
    call.spec.ports[0].host = inspected(id).ports.at(0).host;
    call.engine_name = named("port2");
    const domain::Error error = start_fails(call);
    expect(error, EngineFailure::retryable, "ports");
    EXPECT_EQ(error.details["cause"], "port_conflict");
}

TEST_F(EngineFailuresTest, MissingBindSource) {
    reconciler::CreateCall call = call_for("bind", "true");
    domain::Mount mount;
    mount.source = "/tmp/flowtest-no-such-folder";
    mount.target = "/data";
    call.spec.volumes = {mount};
    const domain::Error error = create_fails(call);
    expect(error, EngineFailure::retryable, "volumes");
    EXPECT_EQ(error.details["cause"], "source_missing");
    EXPECT_NE(error.message.find(mount.source), std::string::npos);
}

TEST_F(EngineFailuresTest, LimitsUserAndCapabilities) {
    reconciler::CreateCall call = call_for("limit", "true");
    call.spec.resources.memory = 1 << 20;
    expect(create_fails(call), EngineFailure::refused, "resources.memory");
    call = call_for("limit", "true");
    call.spec.resources.memory = 16 << 20;
    call.spec.resources.memory_reservation = 32 << 20;
    expect(create_fails(call), EngineFailure::refused, "resources.memory_reservation");
    call = call_for("limit", "true");
    call.spec.resources.cpus = 4000;
    expect(create_fails(call), EngineFailure::refused, "resources.cpus");
    call = call_for("limit", "true");
    call.spec.security.cap_add = {"NO_SUCH"};
    expect(create_fails(call), EngineFailure::refused, "security.cap_add");
    call = call_for("limit", "true");
    call.spec.working_dir = "relative";
    expect(create_fails(call), EngineFailure::refused, "working_dir");
    call = call_for("user", "true");
    call.spec.user = "nobody-here";
    expect(start_fails(call), EngineFailure::refused, "user");
    call = call_for("hostname", "true");
    call.spec.hostname = std::string(65, 'a');
    expect(start_fails(call), EngineFailure::refused, "hostname");
    call = call_for("ulimit", "true");
    call.spec.resources.ulimits["nofile"] = domain::Ulimit{2'000'000'000, 2'000'000'000};
    expect(start_fails(call), EngineFailure::refused, "resources.ulimits");
}

TEST_F(EngineFailuresTest, SignalsAndMounts) {
    reconciler::CreateCall call = call_for("signal", "true");
    call.spec.stop_signal = "SIGNOPE";
    const auto made = loop_.run(engine_->create(call));
    if (made.has_error()) {   // 20.10 takes it and falls back to TERM
        expect(made.error(), EngineFailure::refused, "stop_signal");
    }
    const std::string id = running("kill", "exec sleep 1000");
    const auto killed = loop_.run(engine_->kill(id, "SIGNOPE"));
    ASSERT_TRUE(killed.has_error());
    expect(killed.error(), EngineFailure::refused, "stop_signal");
    call = call_for("duplicate", "true");
    domain::Mount mount;
    mount.source = "/tmp";
    mount.target = "/data";
    call.spec.volumes = {mount, mount};
    expect(create_fails(call), EngineFailure::refused, "volumes");
}

TEST_F(EngineFailuresTest, NetworkMissing) {
    reconciler::CreateCall call = call_for("net", "true");
    call.spec.networking.mode = "";
    call.spec.networking.networks = {named("no-such-network")};
    const auto id = loop_.run(engine_->create(call));
    if (id.has_error()) {
        expect(id.error(), EngineFailure::no_such_network, "networks");
        return;
    }
    const auto started = loop_.run(engine_->start(*id));   // 20.10 looks at the start only
    ASSERT_TRUE(started.has_error());
    expect(started.error(), EngineFailure::no_such_network, "networks");
}

TEST_F(EngineFailuresTest, RefusedSecondNetworkLeavesNothingBehind) {
    ASSERT_TRUE(loop_.run(engine_->ensure_network(named("net"))).value());
    reconciler::CreateCall call = call_for("half", "true");
    call.spec.networking.mode = "";
    call.spec.networking.networks = {named("net"), "host"};
    expect(create_fails(call), EngineFailure::refused, "networks");
    EXPECT_TRUE(loop_.run(engine_->list()).value().empty());
}

TEST_F(EngineFailuresTest, MissingContainerEverywhere) {
    const std::string id(64, 'a');
    EXPECT_EQ(loop_.run(engine_->start(id)).error().engine, EngineFailure::no_such_container);
    EXPECT_EQ(loop_.run(engine_->kill(id, "KILL")).error().engine,
              EngineFailure::no_such_container);
    EXPECT_EQ(loop_.run(engine_->rename(id, named("x"))).error().engine,
              EngineFailure::no_such_container);
    EXPECT_EQ(loop_.run(engine_->logs({id, 10})).error().engine, EngineFailure::no_such_container);
    EXPECT_EQ(loop_.run(engine_->stats(id)).error().engine, EngineFailure::no_such_container);
    reconciler::StopCall stop;
    stop.docker_id = id;
    EXPECT_EQ(loop_.run(engine_->stop(stop)).error().engine, EngineFailure::no_such_container);
}

TEST_F(EngineFailuresTest, PullFromNowhere) {
    const auto pulled = loop_.run(engine_->pull({"127.0.0.1:1/flowtest/nope:1", ""}, nullptr));
    ASSERT_TRUE(pulled.has_error());
    EXPECT_EQ(pulled.error().type, ErrorType::image_not_found) << pulled.error().message;
    EXPECT_EQ(pulled.error().details["cause"], "registry_unreachable");
}

TEST_F(EngineFailuresTest, EngineThatIsNotThere) {
    EngineConfig nowhere = config();
    nowhere.socket_path = "/tmp/flowtest-no-such.sock";
    EngineClient client{loop_.executor(), nowhere};
    const auto info = loop_.run(client.connect());
    ASSERT_TRUE(info.has_error());
    EXPECT_EQ(info.error().engine, EngineFailure::away);
    EXPECT_NE(info.error().message.find(nowhere.socket_path), std::string::npos);
    EXPECT_EQ(loop_.run(client.subscribe({})).error().engine, EngineFailure::away);
    EXPECT_EQ(loop_.run(client.pull({"x", ""}, nullptr)).error().engine, EngineFailure::away);
}

}  // namespace
}  // namespace flow::docker::testing
