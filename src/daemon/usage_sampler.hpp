// Keeps the newest resource usage of each running container in memory, so that answers need no engine call.
// Cgroup files where they can be read, else one-shot stats in parallel (design 4). io_context's thread.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "domain/observed.hpp"
#include "domain/ports/store.hpp"
#include "reconciler/engine.hpp"

namespace flow::daemon {

class UsageSampler {
public:
    UsageSampler(boost::asio::io_context& io, domain::Store& store, reconciler::Engine& engine)
        : io_(io), store_(store), engine_(engine) {}

    /// Reads all running containers anew, in the background.
    void sample_all();
    void sample(const std::string& container_id);
    /// It runs, and nothing was read or is being read of its process yet.
    bool lacks(const std::string& container_id) const;
    /// All zero when it does not run or was not read yet.
    domain::ResourceUsage usage(const std::string& container_id) const;

private:
    boost::asio::awaitable<void> read(std::string docker_id);
    void enqueue(const std::string& docker_id);
    void read_next();

    static constexpr int kAtOnce = 8;   ///< where it takes an engine call, others want to be heard too

    boost::asio::io_context& io_;
    domain::Store& store_;
    reconciler::Engine& engine_;
    std::map<std::string, domain::ResourceUsage> usage_;    ///< by docker id
    std::set<std::string> reading_;                         ///< docker ids, of `due_` too
    std::deque<std::string> due_;
    int at_once_ = 0;
    bool turn_posted_ = false;
};

}  // namespace flow::daemon
