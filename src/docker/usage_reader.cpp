#include "docker/usage_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace flow::docker {

namespace fs = std::filesystem;

/// Folder of the container's group for each v1 controller; on v2 only `unified`.
struct UsageReader::Groups {
    std::map<std::string, std::string, std::less<>> controllers;
    std::string unified;
};

namespace {

constexpr std::size_t kMaxFile = 64u << 10;

/// The whole small file; nothing when it cannot be read.
std::optional<std::string> read_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return std::nullopt;
    }
    static thread_local std::array<char, kMaxFile> bytes;
    std::size_t size = 0;
    ssize_t got = 0;
    while (size < bytes.size() && (got = ::read(file, bytes.data() + size, bytes.size() - size)) > 0) {
        size += static_cast<std::size_t>(got);
    }
    ::close(file);
    return std::string{bytes.data(), size};
}

std::int64_t number_in(std::string_view text) {
    const auto begin = text.find_first_of("0123456789");
    std::int64_t value = 0;
    if (begin != std::string_view::npos) {
        std::from_chars(text.data() + begin, text.data() + text.size(), value);
    }
    return value;
}

std::optional<std::int64_t> read_number(const std::string& path) {
    const auto text = read_file(path);
    return text ? std::optional{number_in(*text)} : std::nullopt;
}

void for_lines(std::string_view text, const std::function<void(std::string_view)>& on_line) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        on_line(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

/// "key value" lines, as in memory.stat.
std::int64_t stat_value(const std::string& path, std::string_view key) {
    std::int64_t value = 0;
    for_lines(read_file(path).value_or(""), [&](std::string_view line) {
        if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
            value = number_in(line.substr(key.size()));
        }
    });
    return value;
}

/// The group's path up to the container itself: programs may make groups of their own below it.
std::string_view up_to_container(std::string_view path, std::string_view docker_id) {
    const auto at = path.find(docker_id);
    if (at == std::string_view::npos || path.find("..") != std::string_view::npos) {
        return {};
    }
    return path.substr(0, path.find('/', at));
}

void read_v1_disk(const std::string& folder, domain::ResourceUsage& out) {
    for_lines(read_file(folder + "/blkio.throttle.io_service_bytes").value_or(""),
              [&out](std::string_view line) {
                  const auto name = line.find_last_of(' ');
                  if (line.find(" Read ") != std::string_view::npos) {
                      out.disk_read_bytes += number_in(line.substr(name));
                  } else if (line.find(" Write ") != std::string_view::npos) {
                      out.disk_write_bytes += number_in(line.substr(name));
                  }
              });
}

/// "8:0 rbytes=1 wbytes=2 rios=3 …"
void read_v2_disk(const std::string& folder, domain::ResourceUsage& out) {
    for_lines(read_file(folder + "/io.stat").value_or(""), [&out](std::string_view line) {
        if (const auto at = line.find("rbytes="); at != std::string_view::npos) {
            out.disk_read_bytes += number_in(line.substr(at));
        }
        if (const auto at = line.find("wbytes="); at != std::string_view::npos) {
            out.disk_write_bytes += number_in(line.substr(at));
        }
    });
}

/// /proc/PID/net/dev: name, then 8 numbers received and 8 sent. The loopback does not count.
void read_network(std::string_view text, domain::ResourceUsage& out) {
    for_lines(text, [&out](std::string_view line) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos ||
            line.substr(0, colon).ends_with(" lo") || line.substr(0, colon) == "lo") {
            return;
        }
        std::array<std::int64_t, 16> numbers{};
        const char* at = line.data() + colon + 1;
        const char* const end = line.data() + line.size();
        for (std::int64_t& number : numbers) {
            while (at < end && *at == ' ') {
                ++at;
            }
            at = std::from_chars(at, end, number).ptr;
        }
        out.network_rx_bytes += numbers[0];
        out.network_tx_bytes += numbers[8];
    });
}

void set_memory(std::int64_t usage, std::int64_t inactive, domain::ResourceUsage& out) {
    out.memory_usage = inactive < usage ? usage - inactive : usage;
}

/// CPU nanoseconds of the group; nothing when memory or CPU cannot be read.
std::optional<std::int64_t> read_v1(
    const std::map<std::string, std::string, std::less<>>& controllers,
    domain::ResourceUsage& out) {
    const auto folder = [&controllers](std::string_view name) {
        const auto found = controllers.find(name);
        return found == controllers.end() ? std::string{} : found->second;
    };
    const auto memory = read_number(folder("memory") + "/memory.usage_in_bytes");
    const auto cpu = read_number(folder("cpuacct") + "/cpuacct.usage");
    if (!memory || !cpu) {
        return std::nullopt;
    }
    set_memory(*memory, stat_value(folder("memory") + "/memory.stat", "total_inactive_file"), out);
    out.memory_limit = read_number(folder("memory") + "/memory.limit_in_bytes").value_or(0);
    out.pids = read_number(folder("pids") + "/pids.current").value_or(0);
    read_v1_disk(folder("blkio"), out);
    return cpu;
}

std::optional<std::int64_t> read_v2(const std::string& folder, domain::ResourceUsage& out) {
    const auto memory = read_number(folder + "/memory.current");
    if (!memory || !read_file(folder + "/cpu.stat")) {
        return std::nullopt;
    }
    set_memory(*memory, stat_value(folder + "/memory.stat", "inactive_file"), out);
    out.memory_limit = read_number(folder + "/memory.max").value_or(0);   // "max" gives 0
    out.pids = read_number(folder + "/pids.current").value_or(0);
    read_v2_disk(folder, out);
    return stat_value(folder + "/cpu.stat", "usage_usec") * 1000;
}

/// Splits "cpu,cpuacct" and calls for each.
void for_controllers(std::string_view names, const std::function<void(std::string_view)>& on_name) {
    while (!names.empty()) {
        const auto comma = names.find(',');
        on_name(names.substr(0, comma));
        names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
    }
}

}  // namespace

UsageReader::UsageReader(std::string root) : root_(std::move(root)) {
    if (!root_.ends_with('/')) {
        root_ += '/';
    }
}

std::string UsageReader::proc(std::int64_t pid, const char* file) const {
    return root_ + "proc/" + std::to_string(pid) + "/" + file;
}

bool UsageReader::belongs_to(const std::string& docker_id, std::int64_t pid) const {
    const auto text = read_file(proc(pid, "cgroup"));
    return text && !docker_id.empty() && text->find(docker_id) != std::string::npos;
}

std::optional<UsageReader::Groups> UsageReader::groups_of(const std::string& docker_id,
                                                          std::int64_t pid) const {
    const auto text = read_file(proc(pid, "cgroup"));
    if (!text || docker_id.empty()) {
        return std::nullopt;
    }
    const std::string base = root_ + "sys/fs/cgroup";
    Groups out;
    for_lines(*text, [&](std::string_view line) {   // "4:memory:/docker/<id>", on v2 "0::/…"
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) {
            return;
        }
        const std::string_view names = line.substr(first + 1, second - first - 1);
        const std::string path{up_to_container(line.substr(second + 1), docker_id)};
        if (path.empty()) {
            return;
        }
        if (names.empty()) {
            out.unified = base + path;
        }
        for_controllers(names, [&](std::string_view name) {
            std::string folder = base + "/" + std::string{name} + path;
            std::error_code ignored;
            if (!fs::exists(folder, ignored)) {   // mounted together, without the usual links
                folder = base + "/" + std::string{names} + path;
            }
            out.controllers.emplace(name, std::move(folder));
        });
    });
    return out;
}

bool UsageReader::has_own_network(std::int64_t pid) const {
    std::error_code ignored;
    const fs::path ours = fs::read_symlink(root_ + "proc/self/ns/net", ignored);
    return ours.empty() || fs::read_symlink(proc(pid, "ns/net"), ignored) != ours;
}

std::optional<domain::ResourceUsage> UsageReader::read(const std::string& docker_id,
                                                       std::int64_t pid, domain::Time now) {
    const auto groups = groups_of(docker_id, pid);
    if (!groups) {
        return std::nullopt;
    }
    domain::ResourceUsage out;
    out.timestamp = now;
    const bool v1 = groups->controllers.contains("memory");
    const auto cpu = v1 ? read_v1(groups->controllers, out) : read_v2(groups->unified, out);
    if (!cpu) {
        return std::nullopt;
    }
    out.cpu_percent = samples_.cpu_percent(docker_id, *cpu, now);
    const std::int64_t host = stat_value(root_ + "proc/meminfo", "MemTotal:") * 1024;
    if (out.memory_limit == 0 || (host > 0 && out.memory_limit > host)) {
        out.memory_limit = host;   // unlimited: what the host has
    }
    out.memory_percent = percent_of(out.memory_usage, out.memory_limit);
    if (has_own_network(pid)) {
        read_network(read_file(proc(pid, "net/dev")).value_or(""), out);
    }
    return out;
}

}  // namespace flow::docker
