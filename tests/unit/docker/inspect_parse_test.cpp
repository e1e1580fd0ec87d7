// Recorded answers of API 1.41 and shapes of newer ones to Observed; absent and wrong fields are
// zero.
#include <gtest/gtest.h>

#include "docker/inspect_parse.hpp"

namespace flow::docker {
namespace {

const char* const kInspect = R"({"Id":"a194","State":{"Status":"running","Running":true,
 "Paused":false,"Restarting":false,"OOMKilled":true,"Dead":false,"Pid":5562,"ExitCode":0,"Error":"",
 "StartedAt":"2026-11-21T10:14:06.899715647Z","FinishedAt":"0001-01-01T00:00:00Z",
 "Health":{"Status":"starting","FailingStreak":0,"Log":[]}},
 "Image":"sha256:202a","Name":"/flow-web","RestartCount":0,
 "Mounts":[{"Type":"volume","Name":"v1","Source":"/var/lib/docker/volumes/v1/_data",
            "Destination":"/z","Driver":"local","Mode":"z","RW":true,"Propagation":""},
           {"Type":"bind","Source":"/host","Destination":"/a","Mode":"","RW":false}],
 "Config":{"Hostname":"h","StopSignal":"SIGINT","Labels":{"flow.manager":"m",
   "flow.container-id":"0123456789ab","flow.generation":"7","flow.spec-hash":"v1:x","other":"y"}},
 "NetworkSettings":{"Ports":{"53/udp":null,
    "80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}]},
   "IPAddress":"172.17.0.2",
   "Networks":{"flow-net":{"NetworkID":"n"},"bridge":{"NetworkID":"b"}}}})";

TEST(ParseInspect, AsRecorded) {
    const domain::Observed seen = parse_inspect(parse_engine_json(kInspect));
    EXPECT_EQ(seen.docker_id, "a194");
    EXPECT_EQ(seen.name, "flow-web");
    EXPECT_EQ(seen.manager, "m");
    EXPECT_EQ(seen.container_id, "0123456789ab");
    EXPECT_EQ(seen.generation, 7u);
    EXPECT_EQ(seen.spec_hash, "v1:x");
    EXPECT_EQ(seen.image_id, "sha256:202a");
    EXPECT_TRUE(seen.running);
    EXPECT_FALSE(seen.paused);
    EXPECT_TRUE(seen.oom_killed);
    EXPECT_EQ(seen.pid, 5562);
    EXPECT_EQ(seen.stop_signal, 2);
    EXPECT_EQ(seen.health, "starting");
    EXPECT_EQ(seen.started_at, domain::parse_rfc3339("2026-11-21T10:14:06.899715647Z"));
    EXPECT_EQ(seen.finished_at, domain::Time{});
    EXPECT_EQ(seen.networks, (std::vector<std::string>{"bridge", "flow-net"}));
    ASSERT_EQ(seen.ports.size(), 2u);
    EXPECT_EQ(seen.ports[0], (domain::BoundPort{80, "tcp", "0.0.0.0", 8080}));
    EXPECT_EQ(seen.ports[1].host_ip, "::");
    ASSERT_EQ(seen.mounts.size(), 2u);
    EXPECT_EQ(seen.mounts[0], (domain::ObservedMount{"bind", "", "/host", "/a"}));
    EXPECT_EQ(seen.mounts[1].name, "v1");
}

TEST(ParseInspect, PausedExitedAndDead) {
    EngineJson json = parse_engine_json(kInspect);
    json["State"]["Status"] = "paused";
    json["State"]["Paused"] = true;
    domain::Observed seen = parse_inspect(json);
    EXPECT_TRUE(seen.running);
    EXPECT_TRUE(seen.paused);
    json["State"] = parse_engine_json(
        R"({"Status":"exited","Running":false,"Pid":0,"ExitCode":137,"Error":"boom",
            "FinishedAt":"2026-11-21T11:00:00.5+01:00"})");
    seen = parse_inspect(json);
    EXPECT_FALSE(seen.running);
    EXPECT_FALSE(seen.paused);
    EXPECT_EQ(seen.exit_code, 137);
    EXPECT_EQ(seen.error, "boom");
    EXPECT_EQ(seen.health, "none");
    EXPECT_TRUE(seen.ports.empty());
    EXPECT_EQ(domain::to_rfc3339(seen.finished_at), "2026-11-21T10:00:00.500Z");
    for (const char* status : {"dead", "removing"}) {
        json["State"]["Status"] = status;
        EXPECT_TRUE(parse_inspect(json).removing) << status;
    }
}

TEST(ParseInspect, NewerShapeWithoutAddressesAtTheTop) {
    // API 1.52: NetworkSettings has no top-level address or Bridge; Health without a check is
    // absent or "none".
    const domain::Observed seen = parse_inspect(parse_engine_json(
        R"({"Id":"b","Name":"/x","Image":"sha256:1","ImageManifestDescriptor":{"digest":"d"},
            "State":{"Status":"running","Running":true,"Pid":1,"Health":{"Status":"none"}},
            "Config":{"Labels":null},"Mounts":null,
            "NetworkSettings":{"SandboxID":"s","SandboxKey":"k","Ports":{},
              "Networks":{"n":{"DNSNames":["x"],"GwPriority":0}}}})"));
    EXPECT_TRUE(seen.running);
    EXPECT_EQ(seen.health, "none");
    EXPECT_EQ(seen.stop_signal, 15);
    EXPECT_EQ(seen.networks, std::vector<std::string>{"n"});
    EXPECT_TRUE(seen.container_id.empty());
}

TEST(ParseInspect, NonsenseIsEmptyNotACrash) {
    for (const char* text : {"{}", "[]", "null", "7", R"({"Id":7,"State":[],"Config":"x",
             "Mounts":{"a":1},"NetworkSettings":{"Ports":[1],"Networks":[2]}})",
             R"({"State":{"Running":true,"Pid":"x"},"Config":{"Labels":{"flow.generation":"-3"}},
                 "NetworkSettings":{"Ports":{"x":[{"HostPort":"99999"}],"80":7}}})"}) {
        const domain::Observed seen = parse_inspect(parse_engine_json(text));
        EXPECT_TRUE(seen.docker_id.empty()) << text;
        EXPECT_TRUE(seen.ports.empty()) << text;
        EXPECT_EQ(seen.generation, 0u) << text;
    }
}

const char* const kEntry = R"json([{"Id":"a194","Names":["/flow-web"],"Image":"flow",
 "ImageID":"sha256:2",
 "Command":"sleep","Created":1795256046,"Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,
 "Type":"tcp"},{"PrivatePort":53,"Type":"udp"}],"Labels":{"flow.manager":"m","flow.generation":"2"},
 "State":"running","Status":"Up 3 seconds (health: starting)",
 "HostConfig":{"NetworkMode":"default"},
 "NetworkSettings":{"Networks":{"bridge":{}}},"Mounts":[]},{"Id":""},{}])json";

TEST(ParseList, AsRecorded) {
    const auto list = parse_list(kEntry);
    ASSERT_TRUE(list.has_value());
    ASSERT_EQ(list->size(), 1u);
    const domain::Observed& seen = list->front();
    EXPECT_EQ(seen.name, "flow-web");
    EXPECT_EQ(seen.image_id, "sha256:2");
    EXPECT_EQ(seen.generation, 2u);
    EXPECT_TRUE(seen.running);
    EXPECT_EQ(seen.health, "starting");
    ASSERT_EQ(seen.ports.size(), 1u);
    EXPECT_EQ(seen.ports[0].host, 8080);
}

TEST(ParseList, HealthInWordsAndAsAField) {
    const std::pair<const char*, const char*> rows[] = {
        {"Up 3 minutes (healthy)", "healthy"},
        {"Up 3 minutes (unhealthy)", "unhealthy"},
        {"Up 3 minutes (health: starting)", "starting"},
        {"Up 3 minutes", "none"},
        {"Exited (137) 2 minutes ago", "none"}};
    for (const auto& [words, health] : rows) {
        EngineJson entry = parse_engine_json(kEntry)[0];
        entry["Status"] = words;
        EXPECT_EQ(parse_list_entry(entry).health, health) << words;
    }
    EngineJson entry = parse_engine_json(kEntry)[0];
    entry["Status"] = "Up 3 minutes";
    entry["Health"]["Status"] = "unhealthy";
    EXPECT_EQ(parse_list_entry(entry).health, "unhealthy");
}

TEST(ParseList, NotAListIsAnError) {
    for (const char* text : {"", "{}", "null", "[1", "\"x\""}) {
        EXPECT_TRUE(parse_list(text).has_error()) << text;
    }
    EXPECT_TRUE(parse_list("[]").value().empty());
}

}  // namespace
}  // namespace flow::docker
