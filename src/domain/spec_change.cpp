// What differs between two specs, and what that asks of the engine: spec_hash, change_between and
// their kin.
#include <algorithm>

#include "domain/spec_canonical.hpp"

namespace flow::domain {
namespace {

/// Lists whose order means nothing to the engine.
constexpr const char* kUnordered[] = {"volumes", "tmpfs", "ports"};
/// Fields that we alone read.
constexpr const char* kOurs[] = {
    "restart",       "depends_on",      "stop_grace_period",  "update",     "pull_policy",
    "registry_auth", "backoff_limit",   "active_deadline",    "ttl_after_finished",
    "keep_failed"};
/// Limits that the engine changes in place.
constexpr const char* kInPlace[] = {"cpus", "cpu_shares", "memory", "memory_reservation", "pids"};

/// The fields that need a recreate. What is empty is left out, so that a field added later does not
/// change the hash of specs that do not use it.
Json recreate_form(const Spec& spec) {
    Json form = to_canonical(spec);
    for (const char* name : kOurs) {
        form.erase(name);
    }
    for (const char* name : kInPlace) {
        form["resources"].erase(name);
    }
    if (form.contains("healthcheck")) {
        form["healthcheck"].erase("on_unhealthy");
    }
    // Other code is the link's matter: the engine sees where it is mounted.
    form.erase("code");
    if (spec.code->wanted()) {
        form["code"]["target"] = spec.code->target;
    }
    // Of messaging the engine sees nothing but the runtime that is mounted, and whether there is a FLOW_SOCKET.
    form.erase("messaging");
    if (spec.messaging.inject) {
        form["messaging"]["inject"] = true;
    }
    if (!spec.messaging.enabled) {
        form["messaging"]["enabled"] = false;
    }
    for (const char* name : kUnordered) {
        std::sort(form[name].begin(), form[name].end(),
                  [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
    }
    Json used = Json::object();
    for (const auto& [key, value] : form.items()) {
        const bool is_default = (value.is_structured() && value.empty() && key != "entrypoint") ||
                                (key == "read_only" && value == false);
        if (!is_default) {
            used[key] = value;
        }
    }
    return used;
}

template <class Number>
bool is_removed(Number from, Number to) {
    return from != 0 && to == 0;
}

bool removes_a_limit(const Resources& from, const Resources& to) {
    return is_removed(from.cpus, to.cpus) || is_removed(from.cpu_shares, to.cpu_shares) ||
           is_removed(from.memory, to.memory) ||
           is_removed(from.memory_reservation, to.memory_reservation);
}

bool same_limits(const Resources& a, const Resources& b) {
    return a.cpus == b.cpus && a.cpu_shares == b.cpu_shares && a.memory == b.memory &&
           a.memory_reservation == b.memory_reservation && a.pids == b.pids;
}

/// The order of the canonical form, in which changes are told.
constexpr const char* kFields[] = {
    "image",        "kind",        "name",        "labels",  "task_id",     "runner_id",
    "command",      "entrypoint",  "environment", "volumes", "tmpfs",       "read_only",
    "user",         "working_dir", "hostname",    "init",    "ports",       "networks",
    "network_mode", "resources",   "security",    "restart", "stop_signal", "stop_grace_period",
    "depends_on",   "healthcheck", "update",      "pull_policy", "registry_auth", "logging",
    "code", "messaging", "workspace", "backoff_limit", "active_deadline", "ttl_after_finished", "keep_failed"};

Json field_or_null(const Json& form, const char* name) {
    const auto found = form.find(name);
    return found == form.end() ? Json() : *found;
}

}  // namespace

ChangeKind change_between(const Spec& from, const Spec& to) {
    if (removes_a_limit(from.resources, to.resources) || recreate_form(from) != recreate_form(to)) {
        return ChangeKind::recreate;
    }
    const bool same = same_limits(from.resources, to.resources);
    if (from.code->digest != to.code->digest) {
        return same ? ChangeKind::code : ChangeKind::recreate;      // not both at once in the same container
    }
    return same ? ChangeKind::none : ChangeKind::in_place;
}

std::string spec_hash(const Spec& spec) { return "v1:" + sha256_hex(recreate_form(spec).dump()); }

std::vector<std::string> changed_fields(const Spec& from, const Spec& to) {
    const Json before = to_canonical(from);
    const Json after = to_canonical(to);
    std::vector<std::string> names;
    for (const char* name : kFields) {
        if (field_or_null(before, name) != field_or_null(after, name)) {
            names.emplace_back(name);
        }
    }
    return names;
}

Json spec_diff(const Spec& from, const Spec& to) {
    const Json before = to_public(from);
    const Json after = to_public(to);
    Json diff = Json::array();
    for (const std::string& name : changed_fields(from, to)) {
        Json entry;
        entry["field"] = name;
        entry["from"] = field_or_null(before, name.c_str());
        entry["to"] = field_or_null(after, name.c_str());
        diff.push_back(std::move(entry));
    }
    return diff;
}

Json spec_diff(const Spec& to) {
    Json diff = spec_diff(Spec{}, to);
    for (Json& entry : diff) {
        entry["from"] = nullptr;
    }
    return diff;
}

}  // namespace flow::domain
