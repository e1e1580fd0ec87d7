// Usage from the kernel's files (made up under a folder of the test's) and from the engine's stats
// answer.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "docker/stats_parse.hpp"
#include "docker/usage_reader.hpp"

namespace flow::docker {
namespace {

namespace fs = std::filesystem;

const std::string kId(64, 'a');
const domain::Time kNow = domain::parse_rfc3339("2026-11-21T10:00:00Z");

class UsageFiles : public ::testing::Test {
protected:
    void SetUp() override {
        root_ = ::testing::TempDir() + "flow-usage-" +
                ::testing::UnitTest::GetInstance()->current_test_info()->name();
        fs::remove_all(root_);
        write("proc/meminfo", "MemTotal:        1000000 kB\nMemFree: 1 kB\n");
        write("proc/42/net/dev",
              "Inter-|   Receive                                                |  Transmit\n"
              " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"
              "    lo:     999       9    0    0    0     0          0         0  999       9 0\n"
              "  eth0:     100       2    0    0    0     0          0         0  200       3 0\n"
              "  eth1: 1000 2 0 0 0 0 0 0 2000 3 0 0 0 0 0 0\n");
    }
    void TearDown() override { fs::remove_all(root_); }
    void write(const std::string& path, const std::string& text) {
        fs::create_directories(fs::path{root_ + "/" + path}.parent_path());
        std::ofstream{root_ + "/" + path} << text;
    }
    void version1(const std::string& group, const std::string& cpu_folder = "cpuacct") {
        write("proc/42/cgroup", "9:name=systemd:" + group + "\n4:memory:" + group +
                                    "\n3:pids:" + group + "\n2:cpu,cpuacct:" + group +
                                    "\n1:blkio:" + group + "\n0::" + group + "\n");
        const std::string base = "sys/fs/cgroup/";
        write(base + "memory" + group + "/memory.usage_in_bytes", "5000\n");
        write(base + "memory" + group + "/memory.limit_in_bytes", "9223372036854771712\n");
        write(base + "memory" + group + "/memory.stat",
              "inactive_file 1\ntotal_inactive_file 1000\ntotal_inactive_file_x 7\n");
        write(base + cpu_folder + group + "/cpuacct.usage", "1000000000\n");
        write(base + "pids" + group + "/pids.current", "3\n");
        write(base + "blkio" + group + "/blkio.throttle.io_service_bytes",
              "8:0 Read 10\n8:0 Write 20\n8:0 Sync 5\n8:16 Read 1\nTotal 36\n");
    }
    void version2(const std::string& group) {
        write("proc/42/cgroup", "0::" + group + "\n");
        const std::string base = "sys/fs/cgroup" + group;
        write(base + "/memory.current", "5000\n");
        write(base + "/memory.max", "20000\n");
        write(base + "/memory.stat", "anon 1\ninactive_file 1000\n");
        write(base + "/cpu.stat", "usage_usec 1000000\nuser_usec 1\n");
        write(base + "/pids.current", "3\n");
        write(base + "/io.stat", "8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=0\n");
    }
    static void expect_common(const std::optional<domain::ResourceUsage>& usage) {
        ASSERT_TRUE(usage);
        EXPECT_EQ(usage->memory_usage, 4000);
        EXPECT_EQ(usage->pids, 3);
        EXPECT_EQ(usage->network_rx_bytes, 1100);
        EXPECT_EQ(usage->network_tx_bytes, 2200);
        EXPECT_EQ(usage->disk_read_bytes, 11);
        EXPECT_EQ(usage->disk_write_bytes, 20);
        EXPECT_EQ(usage->timestamp, kNow);
    }

    std::string root_;
};

TEST_F(UsageFiles, Version1OfCgroupfs) {
    version1("/docker/" + kId);
    UsageReader reader{root_};
    const auto usage = reader.read(kId, 42, kNow);
    expect_common(usage);
    EXPECT_EQ(usage->memory_limit, 1000000 * 1024);   // unlimited: what the host has
    EXPECT_EQ(usage->cpu_percent, 0);
    write("sys/fs/cgroup/cpuacct/docker/" + kId + "/cpuacct.usage", "1500000000\n");
    const auto next = reader.read(kId, 42, kNow + std::chrono::seconds{2});
    EXPECT_DOUBLE_EQ(next->cpu_percent, 25.0);
}

TEST_F(UsageFiles, Version1OfSystemdWithoutTheLinks) {
    version1("/system.slice/docker-" + kId + ".scope", "cpu,cpuacct");
    expect_common(UsageReader{root_}.read(kId, 42, kNow));
}

TEST_F(UsageFiles, Version2BothDrivers) {
    for (const std::string& group :
         {"/docker/" + kId, "/system.slice/docker-" + kId + ".scope"}) {
        version2(group);
        UsageReader reader{root_};
        const auto usage = reader.read(kId, 42, kNow);
        expect_common(usage);
        EXPECT_EQ(usage->memory_limit, 20000);
        EXPECT_DOUBLE_EQ(usage->memory_percent, 20.0);
        write("sys/fs/cgroup" + group + "/cpu.stat", "usage_usec 4000000\n");
        write("sys/fs/cgroup" + group + "/memory.max", "max\n");
        const auto next = reader.read(kId, 42, kNow + std::chrono::seconds{2});
        EXPECT_DOUBLE_EQ(next->cpu_percent, 150.0);
        EXPECT_EQ(next->memory_limit, 1000000 * 1024);
    }
}

TEST_F(UsageFiles, GroupsMadeInsideCountToTheContainer) {
    version2("/docker/" + kId);
    write("proc/42/cgroup", "0::/docker/" + kId + "/init\n");
    expect_common(UsageReader{root_}.read(kId, 42, kNow));
}

TEST_F(UsageFiles, NetworkOfTheHostDoesNotCount) {
    version2("/docker/" + kId);
    fs::create_directories(root_ + "/proc/42/ns");
    fs::create_directories(root_ + "/proc/self/ns");
    fs::create_symlink("net:[1]", root_ + "/proc/self/ns/net");
    fs::create_symlink("net:[1]", root_ + "/proc/42/ns/net");
    EXPECT_EQ(UsageReader{root_}.read(kId, 42, kNow)->network_rx_bytes, 0);
    fs::remove(root_ + "/proc/42/ns/net");
    fs::create_symlink("net:[2]", root_ + "/proc/42/ns/net");
    EXPECT_EQ(UsageReader{root_}.read(kId, 42, kNow)->network_rx_bytes, 1100);
}

TEST_F(UsageFiles, NothingWhenUnreadable) {
    UsageReader reader{root_};
    EXPECT_FALSE(reader.read(kId, 42, kNow));
    EXPECT_FALSE(reader.belongs_to(kId, 42));
    version2("/docker/" + std::string(64, 'b'));   // the pid belongs to another container now
    EXPECT_FALSE(reader.belongs_to(kId, 42));
    EXPECT_FALSE(reader.read(kId, 42, kNow));
    version2("/docker/" + kId);
    EXPECT_TRUE(reader.belongs_to(kId, 42));
    fs::remove(root_ + "/sys/fs/cgroup/docker/" + kId + "/memory.current");
    EXPECT_FALSE(reader.read(kId, 42, kNow));
    EXPECT_FALSE(reader.read("", 42, kNow));
    write("proc/42/cgroup", "0::/../../docker/" + kId + "\n");   // seen from inside a container
    EXPECT_FALSE(reader.read(kId, 42, kNow));
}

const char* const kStats = R"({"read":"2026-11-21T10:00:02Z","preread":"0001-01-01T00:00:00Z",
 "pids_stats":{"current":4},"blkio_stats":{"io_service_bytes_recursive":[
   {"major":8,"minor":0,"op":"Read","value":7},{"major":8,"minor":0,"op":"Write","value":9}]},
 "cpu_stats":{"cpu_usage":{"total_usage":2000000000}},
 "precpu_stats":{"cpu_usage":{"total_usage":0}},
 "memory_stats":{"usage":5000,"stats":{"total_inactive_file":1000,"inactive_file":1},"limit":8000},
 "networks":{"eth0":{"rx_bytes":1,"tx_bytes":2},"eth1":{"rx_bytes":10,"tx_bytes":20}}})";

TEST(ParseStats, OneShotComparesWithTheLastReading) {
    StatsSamples samples;
    EngineJson json = parse_engine_json(kStats);
    domain::ResourceUsage usage = parse_stats(json, kId, samples);
    EXPECT_EQ(usage.cpu_percent, 0);
    EXPECT_EQ(usage.memory_usage, 4000);
    EXPECT_DOUBLE_EQ(usage.memory_percent, 50.0);
    EXPECT_EQ(usage.network_rx_bytes, 11);
    EXPECT_EQ(usage.network_tx_bytes, 22);
    EXPECT_EQ(usage.disk_read_bytes, 7);
    EXPECT_EQ(usage.disk_write_bytes, 9);
    EXPECT_EQ(usage.pids, 4);
    json["read"] = "2026-11-21T10:00:04Z";
    json["cpu_stats"]["cpu_usage"]["total_usage"] = 5000000000;
    EXPECT_DOUBLE_EQ(parse_stats(json, kId, samples).cpu_percent, 150.0);
    json["cpu_stats"]["cpu_usage"]["total_usage"] = 10;   // started again: counts from zero
    json["read"] = "2026-11-21T10:00:06Z";
    EXPECT_EQ(parse_stats(json, kId, samples).cpu_percent, 0);
}

TEST(ParseStats, TwoSamplesInOneAnswer) {
    StatsSamples samples;
    EngineJson json = parse_engine_json(kStats);
    json["preread"] = "2026-11-21T10:00:01Z";
    json["precpu_stats"]["cpu_usage"]["total_usage"] = 1500000000;
    EXPECT_DOUBLE_EQ(parse_stats(json, kId, samples).cpu_percent, 50.0);
}

TEST(ParseStats, StoppedOrNonsenseIsZero) {
    for (const char* text :
         {"{}", "null", R"({"memory_stats":{},"networks":null,"cpu_stats":7})"}) {
        StatsSamples samples;
        const domain::ResourceUsage usage = parse_stats(parse_engine_json(text), kId, samples);
        EXPECT_EQ(usage.memory_usage, 0);
        EXPECT_EQ(usage.memory_percent, 0);
        EXPECT_EQ(usage.to_json().size(), 10u);
    }
}

}  // namespace
}  // namespace flow::docker
