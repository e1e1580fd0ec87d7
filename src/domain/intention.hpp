// What is in hand for a row: the engine call, or the switch of its code, that was committed before it was made (model 4).
// Plain values, part of the Record (record.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/drift.hpp"
#include "domain/time.hpp"

namespace flow::domain {

using Seq = std::int64_t;
using Generation = std::uint64_t;
using Run = std::uint64_t;

/// The engine call that an intention stands for.
/// `link`: no call, but the switch of the link that its code is mounted by (model 6).
enum class Step { create, start, stop, remove, rename, update, unpause, repair, link };
/// Why a process is ended: decides the state that is told meanwhile.
enum class Purpose { none, stop, restart, update, remove, unhealthy };
enum class Role { main, next };
enum class Verdict { none, keep, roll_back };

/// The engine call in hand: committed before the call is sent, so that a killed daemon knows what it was about.
struct Intention {
    Step step = Step::create;
    Purpose purpose = Purpose::none;
    std::string cause;              ///< in words, as the plan showed it
    std::string docker_id;          ///< none for create
    Time started_seen;              ///< start: StartedAt as last seen; a later one means that it was done
    Run run = 0;
    Generation generation = 0;
    std::string hash;               ///< create: the spec's hash, by which a lost answer's container is adopted; link: the digest
    Role role = Role::main;
    std::string workspace;          ///< create: the volume that the engine makes with it; "": none
    bool cut_short = false;         ///< stop: a kill was sent beside it
    std::vector<Difference> repairs;    ///< what somebody changed and this call puts back
    Time at;
    bool operator==(const Intention&) const = default;
};

std::string_view to_string(Step step);

}  // namespace flow::domain
