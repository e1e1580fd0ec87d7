// What nobody needs any more: engine containers, networks and code of ours that no row names, and, by option, rows
// that have not run for long (contract 7, design 4). Owns nothing but the memory of what it has seen and told;
// runs on the io_context's thread. It decides what is due; the executor removes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "reconciler/executor.hpp"
#include "reconciler/observed_cache.hpp"
#include "reconciler/services.hpp"
#include "reconciler/watch.hpp"

namespace flow::reconciler {

class Cleanup {
public:
    Cleanup(Services& services, const Config& config, const ObservedCache& cache,
            Executor& executor, const Watch& watch)
        : services_(services), config_(config), cache_(cache), executor_(executor), watch_(watch) {}

    /// Looks around every `cleanup_interval`; 0: never.
    void start();
    void stop() { running_ = false; }
    /// A pass over a key without a row. Answers after how long the key is to be looked at again; 0: not for this.
    boost::asio::awaitable<domain::Duration> orphans(std::string container_id);

private:
    void next();
    boost::asio::awaitable<void> sweep();
    void unused_rows();
    boost::asio::awaitable<void> unnamed_networks();
    void unnamed_code();
    std::set<std::string> needed_names() const;
    /// An activity_log; of a dry run once for each.
    void tell(const std::string& what, const std::string& why, domain::Json details);

    Services& services_;
    const Config& config_;
    const ObservedCache& cache_;
    Executor& executor_;
    const Watch& watch_;
    bool running_ = false;
    bool sweeping_ = false;
    std::map<std::string, domain::Time> orphans_;   ///< by container id: first seen
    std::set<std::string> told_;                    ///< of a dry run
};

}  // namespace flow::reconciler
