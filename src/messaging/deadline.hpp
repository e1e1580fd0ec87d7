// Two clocks: the host's, which somebody may set, and one that only goes forward. What lives in memory goes by the second;
// what is in the store by the first, since it outlives us. No clock is read here.
#pragma once

#include <chrono>

#include "domain/time.hpp"

namespace flow::messaging {

using Steady = std::chrono::time_point<std::chrono::steady_clock, domain::Duration>;

struct Instant {
    domain::Time wall;
    Steady steady;
};

/// Over when either clock is there.
struct Deadline {
    domain::Time wall = domain::Time::max();
    Steady steady = Steady::max();

    bool is_over(const Instant& now) const { return wall <= now.wall || steady <= now.steady; }
};

/// Every deadline is over at it.
inline constexpr Instant kEndOfTime{domain::Time::max(), Steady::max()};

}  // namespace flow::messaging
