#include "docker/stats_parse.hpp"

#include <algorithm>
#include <cctype>

namespace flow::docker {
namespace {

struct DiskBytes {
    std::int64_t read = 0;
    std::int64_t written = 0;
};

DiskBytes disk_bytes(const EngineJson& entries) {
    DiskBytes out;
    for (const EngineJson& entry : entries) {
        const std::string op = text_of(entry, "op");   // "Read" on cgroup v1, "read" on v2
        if (op == "Read" || op == "read") {
            out.read += integer_of(entry, "value");
        } else if (op == "Write" || op == "write") {
            out.written += integer_of(entry, "value");
        }
    }
    return out;
}

std::int64_t memory_of(const EngineJson& memory) {
    const EngineJson& stats = member(memory, "stats");
    const bool v1 = stats.is_object() && stats.contains("total_inactive_file");
    const std::int64_t cache = integer_of(stats, v1 ? "total_inactive_file" : "inactive_file");
    const std::int64_t usage = integer_of(memory, "usage");
    return cache < usage ? usage - cache : usage;
}

}  // namespace

double percent_of(std::int64_t usage, std::int64_t limit) {
    return limit > 0 ? 100.0 * static_cast<double>(usage) / static_cast<double>(limit) : 0.0;
}

double StatsSamples::cpu_percent(const std::string& docker_id, std::int64_t cpu_nanos,
                                 domain::Time now) {
    Sample& last = last_[docker_id];
    const Sample before = last;
    last = Sample{cpu_nanos, now};
    const std::int64_t elapsed = (now - before.time).count();
    const std::int64_t used = cpu_nanos - before.cpu_nanos;
    if (before.time == domain::Time{} || elapsed <= 0 || used < 0) {
        return 0.0;
    }
    return 100.0 * static_cast<double>(used) / static_cast<double>(elapsed);
}

domain::ResourceUsage parse_stats(const EngineJson& stats, const std::string& docker_id,
                                  StatsSamples& samples) {
    domain::ResourceUsage out;
    out.timestamp = domain::parse_rfc3339(text_of(stats, "read"));
    const std::int64_t cpu = integer_of(member(stats, "cpu_stats", "cpu_usage"), "total_usage");
    const domain::Time preread = domain::parse_rfc3339(text_of(stats, "preread"));
    if (preread != domain::Time{}) {   // two samples in one answer: the older one first
        const std::int64_t earlier =
            integer_of(member(stats, "precpu_stats", "cpu_usage"), "total_usage");
        samples.forget(docker_id);
        samples.cpu_percent(docker_id, earlier, preread);
    }
    out.cpu_percent = samples.cpu_percent(docker_id, cpu, out.timestamp);
    const EngineJson& memory = member(stats, "memory_stats");
    out.memory_usage = memory_of(memory);
    out.memory_limit = integer_of(memory, "limit");
    out.memory_percent = percent_of(out.memory_usage, out.memory_limit);
    const EngineJson& networks = member(stats, "networks");
    for (const EngineJson& network : networks) {
        out.network_rx_bytes += integer_of(network, "rx_bytes");
        out.network_tx_bytes += integer_of(network, "tx_bytes");
    }
    const DiskBytes disk =
        disk_bytes(member(member(stats, "blkio_stats"), "io_service_bytes_recursive"));
    out.disk_read_bytes = disk.read;
    out.disk_write_bytes = disk.written;
    out.pids = integer_of(member(stats, "pids_stats"), "current");
    return out;
}

}  // namespace flow::docker
