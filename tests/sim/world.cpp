#include "sim/world.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace flow::sim {
namespace {

constexpr Time kBegin{std::chrono::seconds{1'700'000'000}};
constexpr std::uint64_t kMostSteps = 2'000'000;

}  // namespace

double World::clock() const {
    return static_cast<double>((now_ - kBegin).count()) / 1e9;
}

Time World::stamp() {
    stamp_ = std::max(now_, stamp_ + Duration{100});
    return stamp_;
}

void World::at(Duration delay, std::function<void()> work) {
    heap_.push(Entry{now_ + std::max(delay, Duration{0}), ++number_, std::move(work)});
}

void World::run_until(Time end, const std::function<void()>& after_each) {
    while (!heap_.empty() && heap_.top().time <= end) {
        Entry entry = std::move(const_cast<Entry&>(heap_.top()));   // popped at once: its order keeps
        heap_.pop();
        now_ = entry.time;
        entry.work();
        after_each();
        if (++steps > kMostSteps) {
            throw std::runtime_error("hot loop: too many steps of the simulation");
        }
    }
    now_ = std::max(now_, end);
}

void World::trace(const std::string& line) {
    if (tracing_) {
        std::printf("%10.4f  %s\n", clock(), line.c_str());
    }
}

}  // namespace flow::sim
