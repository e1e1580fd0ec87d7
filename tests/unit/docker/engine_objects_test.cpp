// Networks, volumes, logs and usage on the real engine.
#include "docker/spec_to_create.hpp"
#include "unit/docker/engine_fixture.hpp"

namespace flow::docker::testing {
namespace {

TEST_F(EngineTest, NetworkMadeOnceAndRemovedWhenUnused) {
    const std::string name = named("net");
    EXPECT_EQ(loop_.run(engine_->ensure_network(name)).value(), true);
    EXPECT_EQ(loop_.run(engine_->ensure_network(name)).value(), false);
    EXPECT_EQ(loop_.run(engine_->ensure_network(name.substr(0, name.size() - 1))).value(), true);
    reconciler::CreateCall call = call_for("member", "true");
    call.spec.networking.mode = "";
    call.spec.networking.networks = {name};
    const std::string id = created(call);   // never started: the engine would let the network go
    EXPECT_TRUE(loop_.run(engine_->remove_network(name)).has_value());
    EXPECT_EQ(loop_.run(engine_->ensure_network(name)).value(), false);
    EXPECT_TRUE(loop_.run(engine_->remove(id)).has_value());
    EXPECT_TRUE(loop_.run(engine_->remove_network(name)).has_value());
    EXPECT_TRUE(loop_.run(engine_->remove_network(name)).has_value());   // missing: no error
    EXPECT_EQ(loop_.run(engine_->ensure_network(name)).value(), true);
}

TEST_F(EngineTest, ForeignNetworkStays) {
    const std::string name = named("foreign");
    ASSERT_EQ(raw("POST", "/v1.41/networks/create", "{\"Name\":\"" + name + "\"}").status, 201);
    EXPECT_EQ(loop_.run(engine_->ensure_network(name)).value(), false);
    EXPECT_TRUE(loop_.run(engine_->remove_network(name)).has_value());
    EXPECT_EQ(raw("DELETE", "/v1.41/networks/" + name).status, 204);   // it was still there
}

TEST_F(EngineTest, ForeignVolumeStays) {
    const std::string name = named("foreign");
    ASSERT_EQ(raw("POST", "/v1.41/volumes/create", "{\"Name\":\"" + name + "\"}").status, 201);
    EXPECT_EQ(loop_.run(engine_->remove_volume(name, false)).value(), false);
    EXPECT_EQ(loop_.run(engine_->remove_volume(name, true)).value(), false);
    EXPECT_EQ(raw("DELETE", "/v1.41/volumes/" + name).status, 204);
}

TEST_F(EngineTest, TwoNetworksWithTheNameAsAlias) {
    ASSERT_TRUE(loop_.run(engine_->ensure_network(named("n1"))).value());
    ASSERT_TRUE(loop_.run(engine_->ensure_network(named("n2"))).value());
    reconciler::CreateCall call = call_for("web", "exec sleep 1000");
    call.spec.networking.mode = "";
    call.spec.networking.networks = {named("n1"), named("n2")};
    const std::string id = created(call);
    ASSERT_TRUE(loop_.run(engine_->start(id)).has_value());
    const domain::Observed seen = inspected(id);
    EXPECT_EQ(seen.networks, (std::vector<std::string>{named("n1"), named("n2")}));
    const EngineJson json = parse_engine_json(raw("GET", "/v1.41/containers/" + id + "/json").body);
    for (const std::string& network : seen.networks) {
        const EngineJson& endpoint =
            member(member(json, "NetworkSettings", "Networks"), network.c_str());
        EXPECT_NE(member(endpoint, "Aliases").dump().find("\"web\""), std::string::npos);
    }
}

TEST_F(EngineTest, LogsOfBothStreams) {
    const std::string id =
        running("logs", "echo one; echo two >&2; echo three; printf unfinished; exit 1");
    ASSERT_TRUE(loop_.eventually([&] { return !inspected(id).running; }));
    auto lines = loop_.run(engine_->logs({id, 10}));
    ASSERT_TRUE(lines.has_value()) << lines.error().message;
    ASSERT_EQ(lines->size(), 4u);
    EXPECT_EQ(lines->back(), "unfinished");
    EXPECT_NE(std::find(lines->begin(), lines->end(), "two"), lines->end());
    lines = loop_.run(engine_->logs({id, 2}));
    ASSERT_TRUE(lines.has_value());
    EXPECT_EQ(lines->size(), 2u);
}

TEST_F(EngineTest, UsageFromFilesAndFromTheEngine) {
    reconciler::CreateCall call = networked("usage", "while :; do :; done");
    call.spec.resources.memory = 64 << 20;
    const std::string id = created(call);
    EXPECT_EQ(loop_.run(engine_->stats(id)).value().memory_limit, 0);   // nothing runs: zeros
    ASSERT_TRUE(loop_.run(engine_->start(id)).has_value());
    EngineConfig without_files = config();
    without_files.system_root = "/nonexistent";
    EngineClient by_call{loop_.executor(), without_files};
    for (EngineClient* client : {engine_.get(), &by_call}) {
        domain::ResourceUsage usage = loop_.run(client->stats(id)).value();
        EXPECT_EQ(usage.memory_limit, 64 << 20);
        EXPECT_GT(usage.memory_usage, 0);
        EXPECT_GT(usage.memory_percent, 0);
        EXPECT_EQ(usage.pids, 1);
        EXPECT_NE(usage.timestamp, domain::Time{});
        EXPECT_TRUE(loop_.eventually([&] {
            usage = loop_.run(client->stats(id)).value();
            return usage.cpu_percent > 1;
        }));
    }
    reconciler::StopCall stop;
    stop.docker_id = id;
    stop.grace = {};
    ASSERT_TRUE(loop_.run(engine_->stop(stop)).has_value());
    EXPECT_EQ(loop_.run(engine_->stats(id)).value().memory_usage, 0);
}

}  // namespace
}  // namespace flow::docker::testing
