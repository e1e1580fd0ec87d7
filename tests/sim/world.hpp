// Virtual time: a heap of closures, a seeded source of randomness, and a trace. Everything in a simulation happens in
// run_until(), on one thread. The owner of what a closure captures sees to it that it is still there, or captures weakly.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "domain/time.hpp"

namespace flow::sim {

using domain::Duration;
using domain::Time;

constexpr Duration seconds(double value) {
    return Duration{static_cast<std::int64_t>(value * 1e9)};
}

/// The same numbers for the same seed on every machine: no distribution of the library is used.
class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed * 7919 + 17) {}
    double unit() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
    bool chance(double probability) { return unit() < probability; }
    double between(double low, double high) { return low + (high - low) * unit(); }
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }
    template <class T>
    T pick(std::initializer_list<T> values) {
        return *(values.begin() + below(values.size()));
    }

private:
    std::mt19937_64 engine_;
};

class World {
public:
    explicit World(std::uint64_t seed) : random(seed) {}

    Time now() const { return now_; }
    /// Seconds since the simulation began, for people.
    double clock() const;
    /// Strictly rising: no two facts share a time.
    Time stamp();
    void at(Duration delay, std::function<void()> work);
    /// `after_each` runs after every closure.
    void run_until(Time end, const std::function<void()>& after_each);

    bool tracing() const { return tracing_; }
    void trace_on() { tracing_ = true; }
    void trace(const std::string& line);

    Random random;
    std::uint64_t steps = 0;

private:
    struct Entry {
        Time time;
        std::uint64_t number = 0;
        std::function<void()> work;
    };
    struct Later {
        bool operator()(const Entry& a, const Entry& b) const {
            return a.time != b.time ? a.time > b.time : a.number > b.number;
        }
    };
    Time now_{std::chrono::seconds{1'700'000'000}};
    Time stamp_{now_};
    std::uint64_t number_ = 0;
    bool tracing_ = false;
    std::priority_queue<Entry, std::vector<Entry>, Later> heap_;
};

}  // namespace flow::sim
