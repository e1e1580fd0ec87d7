// resources: limits in Docker's units, checked against what the engine accepts.
#include <array>
#include <cmath>

#include "domain/spec/draft.hpp"

namespace flow::domain {
namespace {

constexpr std::int64_t kMinMemory = 6 * 1024 * 1024;  // below it the engine refuses

constexpr std::array<std::string_view, 15> kUlimits{
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice",
    "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"};

void read_cpus(const Field& field, Resources& resources) {
    const auto cpus = read_number(field);
    if (!cpus) {
        return;
    }
    if (*cpus != 0 && (*cpus < 0.01 || *cpus > 4096)) {
        field.wrong("must be at least 0.01 (or 0: no limit) and at most 4096");
        return;
    }
    resources.cpus = std::round(*cpus * 1e9) / 1e9;  // the engine counts billionths
}

void read_cpu_shares(const Field& field, Resources& resources) {
    const auto shares = read_integer(field);
    if (shares && *shares != 0 && (*shares < 2 || *shares > 262144)) {
        field.wrong("must be 2 to 262144, or 0 for the engine's default");
    } else {
        resources.cpu_shares = shares.value_or(0);
    }
}

/// memory and memory_reservation.
std::int64_t read_memory_size(const Field& field) {
    const auto bytes = read_bytes(field);
    if (bytes && *bytes != 0 && *bytes < kMinMemory) {
        field.wrong("must be at least 6 MiB (6m), or 0 for no limit");
        return 0;
    }
    return bytes.value_or(0);
}

void read_pids(const Field& field, Resources& resources) {
    const auto pids = read_integer(field);
    if (!pids) {
        return;
    }
    if (*pids != -1 && (*pids < 1 || *pids > 4194304)) {
        field.wrong("must be 1 to 4194304, or -1 for no limit");
        return;
    }
    resources.pids = *pids;
}

struct UlimitDraft {
    std::optional<std::int64_t> soft;
    std::optional<std::int64_t> hard;
};

constexpr Member<UlimitDraft> kUlimitMembers[] = {
    {"soft", [](const Field& field, UlimitDraft& draft) { draft.soft = read_integer(field); }},
    {"hard", [](const Field& field, UlimitDraft& draft) { draft.hard = read_integer(field); }},
};

/// -1 is "unlimited", the largest value there is.
bool is_above(std::int64_t a, std::int64_t b) { return b != -1 && (a == -1 || a > b); }

std::optional<Ulimit> read_ulimit(const Field& field) {
    UlimitDraft draft;
    if (field.value.is_object()) {
        read_members<UlimitDraft>(field, kUlimitMembers, {}, draft);
        if (!draft.soft || !draft.hard) {
            field.wrong("needs both soft and hard");
            return std::nullopt;
        }
    } else {
        draft.soft = draft.hard = read_integer(field);
        if (!draft.soft) {
            return std::nullopt;
        }
    }
    if (*draft.soft < -1 || *draft.hard < -1) {
        field.wrong("must not be negative; -1 means unlimited");
        return std::nullopt;
    }
    if (is_above(*draft.soft, *draft.hard)) {
        field.wrong("soft must not be above hard");
        return std::nullopt;
    }
    return Ulimit{*draft.soft, *draft.hard};
}

void read_ulimits(const Field& field, Resources& resources) {
    if (!field.value.is_object()) {
        field.wrong("must be a map such as {\"nofile\": 1024}, not " +
                    std::string(kind_of(field.value)));
        return;
    }
    for (const auto& [name, ignored] : field.value.items()) {
        if (std::find(kUlimits.begin(), kUlimits.end(), name) == kUlimits.end()) {
            unknown_field(field, name, {}, kUlimits);
        } else if (const auto ulimit = read_ulimit(field.member(name))) {
            resources.ulimits[name] = *ulimit;
        }
    }
}

constexpr Member<Resources> kMembers[] = {
    {"cpus", read_cpus},
    {"cpu_shares", read_cpu_shares},
    {"memory",
     [](const Field& field, Resources& into) {
         into.memory = read_memory_size(field);
     }},
    {"memory_reservation",
     [](const Field& field, Resources& into) {
         into.memory_reservation = read_memory_size(field);
     }},
    {"pids", read_pids},
    {"ulimits", read_ulimits},
    {"shm_size",
     [](const Field& field, Resources& into) {
         into.shm_size = read_bytes(field).value_or(0);
     }},
};

}  // namespace

void read_resources(const Field& field, SpecDraft& draft) {
    Resources& resources = draft.spec.resources;
    read_members<Resources>(field, kMembers, foreign_resource_fields(), resources);
    if (resources.memory != 0 && resources.memory_reservation > resources.memory) {
        field.errors.add(field.path + ".memory_reservation", "must not be above memory");
    }
}

}  // namespace flow::domain
