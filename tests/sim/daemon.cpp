#include "sim/daemon.hpp"

#include <stdexcept>

#include <SQLiteCpp/Database.h>

namespace flow::sim {
namespace {

constexpr int kMostHandlers = 50'000;   ///< at one moment of virtual time

}  // namespace

Daemon::Daemon(World& world, FakeEngine& engine, Hooks hooks)
    : world_(world), engine_(engine), hooks_(std::move(hooks)) {
    database_ = std::make_shared<SQLite::Database>(":memory:", SQLite::OPEN_READWRITE);
    open_store();
}

Daemon::~Daemon() {
    if (reconciler_) {
        dead_ = true;
        drain();
    }
    reconciler_.reset();
    store_.reset();
}

void Daemon::open_store() {
    io_ = std::make_unique<boost::asio::io_context>(1);
    store::Config config;
    config.connection = database_;
    config.inline_writer = true;
    config.run_dir = "/run/flow";
    config.clock = [this] { return world_.stamp(); };
    config.make_id = [this] { return next_id_; };
    config.fail_point = [this](std::string_view where) {
        if (!dead_ && where == "after_commit") {
            commits.push_back(world_.now());
        }
        return point(std::string{where});
    };
    auto opened = store::Store::open(*io_, std::move(config));
    if (!opened) {
        throw std::runtime_error("the store cannot be opened: " + opened.error().message);
    }
    store_ = std::move(*opened);
    store_->observe([this](const domain::Commit& commit) {
        if (dead_ || !reconciler_) {
            return;
        }
        hooks_.committed(commit);
        for (const std::string& container_id : commit.container_ids) {
            reconciler_->changed(container_id);
        }
    });
}

void Daemon::build() {
    const std::string instance_id = store_->meta("instance_id");
    clock_ = std::make_shared<VirtualClock>(world_);
    port_ = std::make_shared<EnginePort>(engine_, world_, instance_id,
                                         [this](const std::string& what) { return point(what); });
    reconciler::Services services{io_->get_executor(), *store_, *port_, *clock_, {}, {}, {}, {}};
    links_ = std::make_unique<Links>(engine_, world_, [this](const std::string& what) { return point(what); });
    services.code = links_.get();
    std::erase_if(engine_.links, [this](const auto& link) { return store_->find(link.first) == nullptr; });    // as at each start
    services.check_host_paths = [](const domain::Spec&) { return domain::Result<void>{}; };
    services.make_folder = [](const std::string&) { return domain::Result<void>{}; };
    services.remove_folder = [](const std::string&) { return domain::Result<bool>{true}; };
    reconciler::Config config;
    config.instance_id = instance_id;
    config.orphan_grace = Duration{0};
    config.max_running_jobs = max_running_jobs;
    reconciler_ = std::make_unique<reconciler::Reconciler>(std::move(services), std::move(config));
}

void Daemon::boot() {
    world_.trace("DAEMON starts");
    build();
    reconciler_->start();
}

void Daemon::kill() {
    if (alive()) {
        dead_ = true;
    }
}

bool Daemon::point(const std::string& what) {
    if (dead_) {
        return true;
    }
    if (!reconciler_) {
        return false;
    }
    ++points;
    if (kill_at.contains(points) || (kill_p > 0 && world_.random.chance(kill_p))) {
        world_.trace("kill point " + std::to_string(points) + " " + what);
        dead_ = true;
    }
    return dead_;
}

void Daemon::pump() {
    int handlers = 0;
    while (!dead_) {
        io_->restart();
        if (io_->poll_one() == 0) {
            break;
        }
        if (++handlers > kMostHandlers) {
            throw std::runtime_error("hot loop: the time stands still");
        }
    }
    if (dead_) {
        bury();
    }
}

/// Unwinds what is suspended while the objects that it refers to are still there. Nothing of it reaches the engine
/// or the database any more.
void Daemon::drain() {
    reconciler_->stop();
    for (int i = 0; i < kMostHandlers; ++i) {
        clock_->clear();
        port_->clear();
        io_->restart();
        if (io_->poll_one() == 0) {
            break;
        }
    }
}

void Daemon::bury() {
    world_.trace("DAEMON killed -9");
    ++kills;
    hooks_.killed();
    drain();
    reconciler_.reset();
    store_.reset();
    clock_.reset();
    port_.reset();
    io_.reset();
    dead_ = false;
    open_store();
    world_.at(seconds(world_.random.pick({0.3, 1.0, 5.0})), [this] { boot(); });
}

}  // namespace flow::sim
