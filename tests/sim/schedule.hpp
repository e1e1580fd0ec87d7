// A random schedule: what clients, programs, other people, the engine and the network do in 100 s, drawn from a seed
// and a profile; then quiet, and the oracles.
#pragma once

#include "sim/simulation.hpp"

namespace flow::sim {

class Schedule : public Simulation {
public:
    /// `with_profile` "": drawn from the seed.
    Schedule(std::uint64_t seed, const std::string& with_profile, bool tracing);
    void go();

private:
    void disturb();
    void random_request();
    void create(const std::string& container_id);
    void make_job(domain::Spec& spec);
    Patch random_patch();
    bool used(const std::string& container_id) const;
    std::string a_name();

    Random aside_;      ///< for what came later: the schedules of the other seeds stay as they were
    bool turns_;        ///< of jobs: more of them, and few may run at once
};

}  // namespace flow::sim
