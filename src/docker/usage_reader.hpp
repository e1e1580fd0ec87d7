// Usage of a container from the kernel's own files: cgroup v1 or v2 and /proc/PID/net/dev; 25 to 75
// us a reading. Duty: find the cgroup of a process of a known container, whatever the cgroup driver
// named it, and add up. Threading: one thread. Ownership: keeps one CPU sample a container until
// forget().
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "docker/stats_parse.hpp"
#include "domain/observed.hpp"

namespace flow::docker {

class UsageReader {
public:
    /// `root` is "/", or a folder that has `proc` and `sys/fs/cgroup` like it (tests).
    explicit UsageReader(std::string root = "/");

    /// Whether this process lives in this container's cgroup now (pids are used again).
    bool belongs_to(const std::string& docker_id, std::int64_t pid) const;

    /// Nothing when the files cannot be read (no such process, daemon in a container, other
    /// layout).
    std::optional<domain::ResourceUsage> read(const std::string& docker_id, std::int64_t pid,
                                              domain::Time now);
    void forget(const std::string& docker_id) { samples_.forget(docker_id); }

private:
    struct Groups;

    std::optional<Groups> groups_of(const std::string& docker_id, std::int64_t pid) const;
    std::string proc(std::int64_t pid, const char* file) const;
    bool has_own_network(std::int64_t pid) const;

    std::string root_;
    StatsSamples samples_;
};

}  // namespace flow::docker
