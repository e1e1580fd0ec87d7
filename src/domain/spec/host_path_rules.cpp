#include "domain/spec/host_path_rules.hpp"

#include <algorithm>

#include "domain/spec/field.hpp"
#include "domain/spec/names.hpp"

namespace flow::domain {
namespace {

constexpr const char* kRule = "host_paths";
constexpr const char* kRefused[] = {"/etc", "/root", "/proc", "/sys",
                                    "/dev", "/boot", "/run",  "/var/run"};
/// The host's programs and their libraries: readable, never writable.
constexpr const char* kSystem[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

bool is_harmless(const std::string& path) {
    return path == "/etc/localtime" || path == "/etc/timezone" ||
           is_at_or_below(path, "/etc/ssl/certs");
}

}  // namespace

HostPathRules::HostPathRules(const Policy& policy, const PathResolver& resolve)
    : resolve_(resolve) {
    for (const char* path : kRefused) {
        add_place(path, "");
    }
    add_place(policy.engine_socket, "the engine's socket");
    add_place(policy.engine_root, "the engine's data");
    add_place(policy.data_dir, "the daemon's data directory");
    for (const HostPathRule& rule : policy.host_paths) {
        add_allowed(rule);
    }
}

void HostPathRules::add_place(const std::string& path, const std::string& what) {
    const auto clean = clean_path(path);
    if (!clean) {
        return;
    }
    refused_.push_back({*clean, what});
    const auto real = resolve_(*clean);
    if (real.has_value() && *real != *clean) {
        refused_.push_back({*real, what});
    }
}

void HostPathRules::add_allowed(const HostPathRule& rule) {
    allowed_.push_back(rule);
    const auto real = resolve_(rule.path);
    if (real.has_value() && *real != rule.path) {
        allowed_.push_back({*real, rule.read_only});
    }
}

/// The most particular entry of the list that covers the path.
const HostPathRule* HostPathRules::allowed_for(const std::string& path) const {
    const HostPathRule* best = nullptr;
    for (const HostPathRule& rule : allowed_) {
        if (is_at_or_below(path, rule.path) &&
            (best == nullptr || rule.path.size() > best->path.size())) {
            best = &rule;
        }
    }
    return best;
}

bool HostPathRules::is_listed(const std::string& path) const {
    return std::any_of(allowed_.begin(), allowed_.end(),
                       [&](const HostPathRule& rule) { return rule.path == path; });
}

std::optional<Refusal> HostPathRules::why_refused(const std::string& path, bool read_only) const {
    if (auto refusal = why_beside_list(path, read_only)) {
        return refusal;
    }
    return why_refused_as_written(path, read_only);
}

std::optional<Refusal> HostPathRules::why_refused_as_written(const std::string& path,
                                                             bool read_only) const {
    if (path == "/") {
        return Refusal{kRule, "mounting the whole host is not allowed"};
    }
    for (const Place& place : refused_) {
        if (auto refusal = why_place(path, place, read_only)) {
            return refusal;
        }
    }
    return why_system(path, read_only);
}

std::optional<Refusal> HostPathRules::why_beside_list(const std::string& path,
                                                      bool read_only) const {
    if (allowed_.empty()) {
        return std::nullopt;
    }
    const HostPathRule* rule = allowed_for(path);
    if (rule == nullptr) {
        return Refusal{kRule, shown(path) + " is not at or below one of the listed paths"};
    }
    if (rule->read_only && !read_only) {
        return Refusal{kRule, shown(rule->path) + " may only be mounted read-only (:ro)"};
    }
    return std::nullopt;
}

std::optional<Refusal> HostPathRules::why_place(const std::string& path, const Place& place,
                                                bool read_only) const {
    const std::string what = place.what.empty() ? place.path : place.path + " (" + place.what + ")";
    if (is_at_or_below(path, place.path)) {
        const HostPathRule* rule = allowed_for(path);
        const bool listed = rule != nullptr && is_at_or_below(rule->path, place.path);
        if (listed || (read_only && is_harmless(path))) {
            return std::nullopt;
        }
        const bool readable = is_harmless(path);
        return Refusal{kRule, "mounting " + shown(path) +
                                  (readable ? " writable is not allowed; add :ro"
                                            : " is not allowed: it is at or below " + what)};
    }
    if (is_at_or_below(place.path, path) && !is_listed(place.path)) {
        return Refusal{kRule, "mounting " + shown(path) + " is not allowed: it contains " + what};
    }
    return std::nullopt;
}

std::optional<Refusal> HostPathRules::why_system(const std::string& path, bool read_only) const {
    for (const char* system : kSystem) {
        const HostPathRule* rule = allowed_for(path);
        const bool listed = rule != nullptr && is_at_or_below(rule->path, system);
        if (!read_only && !listed && is_at_or_below(path, system)) {
            return Refusal{kRule, "mounting " + shown(path) +
                                      " writable is not allowed: it is at or below " + system +
                                      " of the host; add :ro"};
        }
    }
    return std::nullopt;
}

}  // namespace flow::domain
