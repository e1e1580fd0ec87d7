// A walk of docs/model.md: steps written down one by one, undisturbed or with the daemon killed at one point.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/simulation.hpp"

namespace flow::sim {

class Walk : public Simulation {
public:
    explicit Walk(std::set<std::uint64_t> kill_at, bool tracing = false);

    // -- requests about client container n; they reach the daemon at this moment ---------------------------
    Wish& create(int n, const domain::Spec& spec, domain::DesiredState desired);
    Wish& start(int n = 1) { return plain(domain::Operation::start, n); }
    Wish& stop(int n = 1) { return plain(domain::Operation::stop, n); }
    Wish& restart(int n = 1) { return plain(domain::Operation::restart, n); }
    Wish& remove(int n = 1) { return plain(domain::Operation::remove, n); }
    Wish& update(int n, Patch patch);
    Wish& manifest(int n, Patch patch, domain::DesiredState desired);

    /// Until every request has ended and the daemon is there; at least a second, at most `limit`.
    void settle(double limit = 60);
    /// Until client container n has a process, at most a minute.
    void until_running(int n = 1);
    ContainerPtr main(int n = 1) const;
    void exit(int code, int n = 1);
    /// Quiet for long, then the oracles.
    void finish();

    const domain::Record* record(int n = 1) const { return row(slot(n)); }
    std::string state(int n = 1) const;
    /// Types of the public events about n, in order, without status_changed and activity_log.
    std::vector<std::string> told(int n = 1) const;
    int told_times(const std::string& type, int n = 1) const;
    int facts(const std::string& type) const;
    /// What must be the same with and without a kill.
    std::map<std::string, std::string> summary() const;

private:
    Wish& plain(domain::Operation operation, int n);
};

domain::Spec service(const std::string& name = "a", const std::string& command = "serve",
                     const std::string& image = "i1", const std::string& restart = "on-failure");

struct NamedWalk {
    std::string name;
    std::function<void(Walk&)> steps;
    std::vector<std::string> may_differ;    ///< keys of the summary that a kill may change
};
std::vector<NamedWalk> all_walks();

}  // namespace flow::sim
