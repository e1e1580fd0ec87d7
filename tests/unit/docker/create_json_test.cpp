// A spec to the engine's create request: golden JSON for a small and a full spec, and the rules one
// by one.
#include <gtest/gtest.h>

#include "docker/spec_to_create.hpp"

namespace flow::docker {
namespace {

reconciler::CreateCall small_call() {
    reconciler::CreateCall call;
    call.engine_name = "flow-web";
    call.container_id = "0123456789ab";
    call.generation = 2;
    call.socket_folder = "/data/run/0123456789ab";
    call.spec.name = "web";
    call.spec.image = "busybox:1";
    call.spec.networking.networks = {"flow-net"};
    return call;
}

EngineConfig config() {
    EngineConfig out;
    out.manager = "m1";
    return out;
}

TEST(SpecToCreate, SmallestSpecGolden) {
    const reconciler::CreateCall call = small_call();
    const CreateRequest made = spec_to_create(call, config(), 41);
    const std::string golden = R"({
  "Image": "busybox:1",
  "Hostname": "web",
  "StopTimeout": 10,
  "Env": [
    "FLOW_CONTAINER_ID=0123456789ab",
    "FLOW_NAME=web",
    "FLOW_RUNNER_ID=",
    "FLOW_SOCKET=/var/run/flow/0123456789ab.sock",
    "FLOW_TASK_ID="
  ],
  "Labels": {
    "flow.container-id": "0123456789ab",
    "flow.generation": "2",
    "flow.manager": "m1",
    "flow.name": "web",
    "flow.spec-hash": ")" + domain::spec_hash(call.spec) + R"("
  },
  "HostConfig": {
    "RestartPolicy": {
      "Name": "no"
    },
    "LogConfig": {
      "Type": "json-file",
      "Config": {
        "max-size": "10m",
        "max-file": "5"
      }
    },
    "Mounts": [
      {
        "Type": "bind",
        "Source": "/data/run/0123456789ab",
        "Target": "/var/run/flow",
        "ReadOnly": true
      }
    ],
    "PidsLimit": 512,
    "SecurityOpt": [
      "no-new-privileges:true"
    ],
    "NetworkMode": "flow-net"
  },
  "NetworkingConfig": {
    "EndpointsConfig": {
      "flow-net": {
        "Aliases": [
          "web"
        ]
      }
    }
  }
})";
    EXPECT_EQ(made.body.dump(2), golden);
    EXPECT_TRUE(made.connect_later.empty());
}

TEST(SpecToCreate, NeverBindsAndOurLabelsWin) {
    reconciler::CreateCall call = small_call();
    call.spec.labels = {{"flow.manager", "stolen"}, {"team", "x"}};
    call.spec.environment = {{"FLOW_SOCKET", "stolen"}, {"A", "b=c"}};
    domain::Mount bind;
    bind.source = "/host";
    bind.target = "/in";
    bind.read_only = true;
    call.spec.volumes = {bind};
    const CreateRequest made = spec_to_create(call, config(), 41);
    EXPECT_FALSE(made.body["HostConfig"].contains("Binds"));
    EXPECT_EQ(made.body["Labels"]["flow.manager"], "m1");
    EXPECT_EQ(made.body["Labels"]["team"], "x");
    EXPECT_EQ(made.body["Env"].dump().find("stolen"), std::string::npos);
    EXPECT_NE(made.body["Env"].dump().find("\"A=b=c\""), std::string::npos);
    const domain::Json mount = made.body["HostConfig"]["Mounts"][0];
    EXPECT_EQ(mount.dump(),
              R"({"Type":"bind","Source":"/host","Target":"/in","ReadOnly":true})");
}

TEST(SpecToCreate, VolumesNamedAnonymousAndCarried) {
    reconciler::CreateCall call = small_call();
    call.socket_folder.clear();
    domain::Mount named;
    named.type = domain::Mount::Type::volume;
    named.source = "data";
    named.target = "/data";
    domain::Mount anonymous = named;
    anonymous.source.clear();
    anonymous.target = "/cache";
    call.spec.volumes = {named, anonymous};
    domain::Json mounts = spec_to_create(call, config(), 41).body["HostConfig"]["Mounts"];
    ASSERT_EQ(mounts.size(), 2u);
    EXPECT_EQ(mounts[0]["Source"], "data");
    EXPECT_EQ(mounts[0]["VolumeOptions"]["Labels"]["flow.manager"], "m1");
    EXPECT_FALSE(mounts[1].contains("Source"));
    domain::ObservedMount cache;
    cache.type = "volume";
    cache.name = "aaaa";
    cache.target = "/cache";
    domain::ObservedMount image = cache;
    image.name = "bbbb";
    image.target = "/from-image";
    call.carried = {cache, image};
    mounts = spec_to_create(call, config(), 41).body["HostConfig"]["Mounts"];
    ASSERT_EQ(mounts.size(), 3u);
    EXPECT_EQ(mounts[1]["Source"], "aaaa");
    EXPECT_EQ(mounts[2]["Source"], "bbbb");
    EXPECT_EQ(mounts[2]["Target"], "/from-image");
}

TEST(SpecToCreate, CodeAndWorkspace) {
    reconciler::CreateCall call = small_call();
    call.spec.code.edit().digest = "d1";
    call.spec.code.edit().target = "/srv/code";
    call.code_link = "/data/code/links/0123456789ab";
    call.spec.workspace = {true, 64 << 20};
    call.workspace = "flow-ws-0123456789ab-67108864";
    const domain::Json mounts = spec_to_create(call, config(), 41).body.at("HostConfig").at("Mounts");
    ASSERT_EQ(mounts.size(), 3U);
    EXPECT_EQ(mounts[0].dump(), R"({"Type":"bind","Source":"/data/code/links/0123456789ab",)"
                                R"("Target":"/srv/code","ReadOnly":true})");
    EXPECT_EQ(mounts[1].at("Type"), "volume");
    EXPECT_EQ(mounts[1].at("Source"), "flow-ws-0123456789ab-67108864");
    EXPECT_EQ(mounts[1].at("Target"), "/workspace");
    EXPECT_EQ(mounts[1].at("ReadOnly"), false);
    EXPECT_EQ(mounts[1].at("VolumeOptions").at("Labels").at("flow.manager"), "m1");
    EXPECT_EQ(mounts[1].at("VolumeOptions").at("DriverConfig").dump(),
              R"({"Name":"local","Options":{"type":"tmpfs","device":"tmpfs","o":"size=67108864"}})");
    call.spec.workspace.size = 0;
    const domain::Json plain = spec_to_create(call, config(), 41).body.at("HostConfig").at("Mounts");
    EXPECT_FALSE(plain[1].at("VolumeOptions").contains("DriverConfig"));
}

TEST(SpecToCreate, NamedVolumeOfTheSpecBeatsACarriedOne) {
    reconciler::CreateCall call = small_call();
    call.socket_folder.clear();
    domain::Mount bind;
    bind.source = "/host";
    bind.target = "/cache";
    call.spec.volumes = {bind};
    domain::ObservedMount old;
    old.name = "aaaa";
    old.target = "/cache";
    call.carried = {old};
    const domain::Json mounts = spec_to_create(call, config(), 41).body["HostConfig"]["Mounts"];
    ASSERT_EQ(mounts.size(), 1u);
    EXPECT_EQ(mounts[0]["Type"], "bind");
}

TEST(SpecToCreate, NetworksBeforeAndAfterApi144) {
    reconciler::CreateCall call = small_call();
    call.spec.networking.networks = {"a", "bridge", "c"};
    CreateRequest made = spec_to_create(call, config(), 43);
    EXPECT_EQ(made.body["HostConfig"]["NetworkMode"], "a");
    EXPECT_EQ(made.body["NetworkingConfig"]["EndpointsConfig"].size(), 1u);
    EXPECT_EQ(made.connect_later, (std::vector<std::string>{"bridge", "c"}));
    made = spec_to_create(call, config(), 44);
    EXPECT_TRUE(made.connect_later.empty());
    const domain::Json endpoints = made.body["NetworkingConfig"]["EndpointsConfig"];
    EXPECT_EQ(endpoints["c"].dump(), R"({"Aliases":["web"]})");
    EXPECT_EQ(endpoints["bridge"].dump(), "{}");   // the engine refuses an alias there
    EXPECT_EQ(connect_body("id", "c", "web").dump(),
              R"({"Container":"id","EndpointConfig":{"Aliases":["web"]}})");
    call.spec.networking.mode = "none";
    made = spec_to_create(call, config(), 41);
    EXPECT_EQ(made.body["HostConfig"]["NetworkMode"], "none");
    EXPECT_FALSE(made.body.contains("NetworkingConfig"));
}

TEST(SpecToCreate, HostNameOnlyWhereLegal) {
    for (const auto& [name, legal] : {std::pair{"web", true}, {"my-app.2", true}, {"a_b", false},
                                      {"a.", false}, {"a-", false}, {"a..b", false},
                                      {"a-.b", false}}) {
        reconciler::CreateCall call = small_call();
        call.spec.name = name;
        EXPECT_EQ(spec_to_create(call, config(), 41).body.contains("Hostname"), legal) << name;
        call.spec.hostname = "given";
        EXPECT_EQ(spec_to_create(call, config(), 41).body["Hostname"], "given");
    }
}

TEST(SpecToCreate, PortsAndTheirAddress) {
    reconciler::CreateCall call = small_call();
    domain::Port web;
    web.container = 80;
    web.host = 8080;
    domain::Port dns;
    dns.container = 53;
    dns.protocol = "udp";
    dns.host_ip = "127.0.0.1";
    call.spec.ports = {web, dns};
    EngineConfig local = config();
    local.default_host_ip = "10.0.0.1";
    const CreateRequest made = spec_to_create(call, local, 41);
    EXPECT_EQ(made.body["ExposedPorts"].dump(), R"({"80/tcp":{},"53/udp":{}})");
    EXPECT_EQ(made.body["HostConfig"]["PortBindings"].dump(),
              R"({"80/tcp":[{"HostIp":"10.0.0.1","HostPort":"8080"}],)"
              R"("53/udp":[{"HostIp":"127.0.0.1","HostPort":""}]})");
}

TEST(SpecToCreate, ResourcesAndSecurity) {
    reconciler::CreateCall call = small_call();
    call.spec.resources.cpus = 1.5;
    call.spec.resources.memory = 1000000;
    call.spec.resources.memory_reservation = 500000;
    call.spec.resources.cpu_shares = 512;
    call.spec.resources.pids = -1;
    call.spec.resources.ulimits["nofile"] = domain::Ulimit{10, 20};
    call.spec.security.no_new_privileges = false;
    call.spec.security.privileged = true;
    call.spec.security.cap_drop = {"ALL"};
    const domain::Json host = spec_to_create(call, config(), 41).body["HostConfig"];
    EXPECT_EQ(host["NanoCpus"], 1'500'000'000);
    EXPECT_EQ(host["MemorySwap"], 1000000);
    EXPECT_EQ(host["MemoryReservation"], 500000);
    EXPECT_EQ(host["CpuShares"], 512);
    EXPECT_EQ(host["PidsLimit"], -1);
    EXPECT_EQ(host["Ulimits"].dump(), R"([{"Name":"nofile","Soft":10,"Hard":20}])");
    EXPECT_FALSE(host.contains("SecurityOpt"));
    EXPECT_EQ(host["Privileged"], true);
    EXPECT_EQ(host["CapDrop"].dump(), R"(["ALL"])");
    EXPECT_EQ(update_body(call.spec.resources).dump(),
              R"({"NanoCpus":1500000000,"CpuShares":512,"Memory":1000000,"MemorySwap":1000000,)"
              R"("MemoryReservation":500000,"PidsLimit":-1,"RestartPolicy":{"Name":"no"}})");
}

TEST(SpecToCreate, CommandsAbsentEmptyAndGiven) {
    reconciler::CreateCall call = small_call();
    EXPECT_FALSE(spec_to_create(call, config(), 41).body.contains("Cmd"));
    call.spec.command = std::vector<std::string>{};
    call.spec.entrypoint = std::vector<std::string>{"/a", "b c"};
    const CreateRequest made = spec_to_create(call, config(), 41);
    EXPECT_EQ(made.body["Cmd"].dump(), "[]");
    EXPECT_EQ(made.body["Entrypoint"].dump(), R"(["/a","b c"])");
}

reconciler::CreateCall injected_call() {
    reconciler::CreateCall call = small_call();
    call.spec.messaging.inject = true;
    return call;
}

TEST(Inject, TheRuntimeIsMountedReadOnlyAndIsTheEntryPoint) {
    EngineConfig with_runtime = config();
    with_runtime.runtime = "/opt/flow/flow-runtime";
    reconciler::CreateCall call = injected_call();
    domain::Mount bind;
    bind.source = "/host";
    bind.target = "/in";
    call.spec.volumes = {bind};
    const CreateRequest made = spec_to_create(call, with_runtime, 41);
    const domain::Json mounts = made.body["HostConfig"]["Mounts"];
    ASSERT_EQ(mounts.size(), 3u);
    EXPECT_EQ(mounts[0]["Source"], "/host");
    EXPECT_EQ(mounts[1]["Target"], kSocketFolder);
    EXPECT_EQ(mounts[2].dump(),
              R"({"Type":"bind","Source":"/opt/flow/flow-runtime","Target":"/flow-runtime","ReadOnly":true})");
    EXPECT_EQ(made.body["Entrypoint"].dump(), R"(["/flow-runtime"])");
    EXPECT_EQ(made.body["Cmd"].dump(), "[]");      // what the spec does not give, flow-runtime finds
    call.spec.messaging.inject = false;
    const domain::Json plain = spec_to_create(call, with_runtime, 41).body;
    EXPECT_EQ(plain["HostConfig"]["Mounts"].size(), 2u);
    EXPECT_FALSE(plain.contains("Entrypoint"));
}

TEST(Inject, WhatTheSpecRunsIsItsArguments) {
    reconciler::CreateCall call = injected_call();
    const auto command = [&call] { return spec_to_create(call, config(), 41).body["Cmd"].dump(); };
    call.spec.command = std::vector<std::string>{"main.py", "a b"};
    EXPECT_EQ(command(), R"(["main.py","a b"])");
    call.spec.entrypoint = std::vector<std::string>{"python3", "-u"};
    EXPECT_EQ(command(), R"(["python3","-u","main.py","a b"])");
    call.spec.command.reset();
    EXPECT_EQ(command(), R"(["python3","-u"])");
}

TEST(Inject, AMissingRuntimeIsToldWithWhatToDo) {
    EngineConfig odd = config();
    for (const char* path : {"/no/such/flow-runtime", "/etc", "/etc/passwd"}) {
        odd.runtime = path;
        const auto checked = check_runtime(odd);
        ASSERT_TRUE(checked.has_error()) << path;
        EXPECT_EQ(checked.error().engine, domain::EngineFailure::retryable);   // it may be built meanwhile
        EXPECT_NE(checked.error().message.find(path), std::string::npos);
        EXPECT_NE(checked.error().message.find("--runtime"), std::string::npos);
        EXPECT_EQ(checked.error().details["field"], "messaging.inject");
    }
    odd.runtime = "/bin/sh";
    EXPECT_TRUE(check_runtime(odd).has_value());
}

TEST(SpecToCreate, NoSocketWhereThereAreNoMessages) {
    reconciler::CreateCall call = small_call();
    call.spec.messaging.enabled = false;
    const std::string environment = spec_to_create(call, config(), 41).body["Env"].dump();
    EXPECT_EQ(environment.find("FLOW_SOCKET"), std::string::npos);
    EXPECT_NE(environment.find("FLOW_NAME=web"), std::string::npos);
}

TEST(WholeSeconds, RoundsUp) {
    EXPECT_EQ(whole_seconds(std::chrono::milliseconds{1}), 1);
    EXPECT_EQ(whole_seconds(std::chrono::seconds{2}), 2);
    EXPECT_EQ(whole_seconds(domain::Duration{0}), 0);
}

TEST(DockerHost, UnixOnly) {
    EXPECT_EQ(parse_docker_host("unix:///var/run/docker.sock").value(), "/var/run/docker.sock");
    for (const char* bad : {"", "tcp://1.2.3.4:2375", "ssh://host", "unix://", "unix://relative",
                            "/var/run/docker.sock"}) {
        const auto path = parse_docker_host(bad);
        ASSERT_TRUE(path.has_error()) << bad;
        EXPECT_EQ(path.error().type, domain::ErrorType::validation_error);
    }
    EXPECT_TRUE(parse_docker_host("unix:///" + std::string(107, 'a')).has_error());
}

}  // namespace
}  // namespace flow::docker
