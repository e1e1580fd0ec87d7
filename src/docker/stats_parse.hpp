// The engine's stats answer to a ResourceUsage, and the samples kept between two readings. No
// clock, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "docker/json_read.hpp"
#include "domain/observed.hpp"

namespace flow::docker {

/// CPU time of each container at its last reading. Bounded by forget(): called when a container is
/// removed.
class StatsSamples {
public:
    /// Percent of one core used since the last reading of this container; 0 at the first, and after
    /// a restart.
    double cpu_percent(const std::string& docker_id, std::int64_t cpu_nanos, domain::Time now);
    void forget(const std::string& docker_id) { last_.erase(docker_id); }
    std::size_t size() const { return last_.size(); }

private:
    struct Sample {
        std::int64_t cpu_nanos = 0;
        domain::Time time;
    };
    std::map<std::string, Sample> last_;
};

/// Memory as `docker stats` counts it: without the inactive part of the file cache.
domain::ResourceUsage parse_stats(const EngineJson& stats, const std::string& docker_id,
                                  StatsSamples& samples);

/// usage in percent of limit; 0 without a limit.
double percent_of(std::int64_t usage, std::int64_t limit);

}  // namespace flow::docker
