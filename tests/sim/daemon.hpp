// The daemon under test: the real Store on one SQLite connection that survives kills, and the real Reconciler, on the
// fake engine and the virtual clock. A kill at a point leaves every coroutine where it is; then all of it is destroyed
// and, after a while, booted again on the same database.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "reconciler/reconciler.hpp"
#include "sim/engine_port.hpp"
#include "sim/links.hpp"
#include "sim/virtual_clock.hpp"
#include "store/store.hpp"

namespace SQLite {
class Database;
}

namespace flow::sim {

class Daemon {
public:
    struct Hooks {
        std::function<void(const domain::Commit&)> committed;
        std::function<void()> killed;           ///< dead, and nothing is destroyed yet
    };
    Daemon(World& world, FakeEngine& engine, Hooks hooks);
    ~Daemon();

    void boot();
    /// kill -9 now; boots again after a while.
    void kill();
    /// Runs what the last closure of the world made ready; buries the daemon when a point killed it.
    void pump();

    bool alive() const { return reconciler_ != nullptr && !dead_; }
    bool contact() const { return alive() && reconciler_->contact(); }
    /// Also while the daemon is dead: as the database has it then.
    store::Store& store() { return *store_; }
    const store::Store& store() const { return *store_; }
    SQLite::Database& database() { return *database_; }
    void next_container_id(std::string id) { next_id_ = std::move(id); }

    std::set<std::uint64_t> kill_at;    ///< points, counted from the beginning
    double kill_p = 0;                  ///< chance at each point
    int max_running_jobs = 0;           ///< 0: no limit
    std::uint64_t points = 0;
    int kills = 0;
    std::vector<Time> commits;

private:
    bool point(const std::string& what);
    void open_store();
    void build();
    void bury();
    void drain();

    World& world_;
    FakeEngine& engine_;
    Hooks hooks_;
    std::shared_ptr<SQLite::Database> database_;
    std::unique_ptr<boost::asio::io_context> io_;
    std::shared_ptr<VirtualClock> clock_;
    std::shared_ptr<EnginePort> port_;
    std::unique_ptr<Links> links_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<reconciler::Reconciler> reconciler_;
    std::string next_id_;
    bool dead_ = false;
};

}  // namespace flow::sim
