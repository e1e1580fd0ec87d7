// The loop's clock on virtual time. One for each life of the daemon: clear() drops what it has not run yet, as a kill
// does. Owned by the daemon through a shared_ptr; the world's heap holds it weakly.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "reconciler/clock.hpp"
#include "sim/world.hpp"

namespace flow::sim {

class VirtualClock final : public reconciler::Clock, public std::enable_shared_from_this<VirtualClock> {
public:
    explicit VirtualClock(World& world) : world_(world) {}

    Time now() const override { return world_.stamp(); }
    void after(Duration delay, std::function<void()> work) override {
        const std::uint64_t id = ++ids_;
        if (closed_) {
            return;
        }
        pending_.emplace(id, std::move(work));
        world_.at(delay, [weak = weak_from_this(), id] {
            if (const auto clock = weak.lock()) {
                clock->fire(id);
            }
        });
    }
    void clear() {
        closed_ = true;
        const auto dropped = std::move(pending_);
        pending_.clear();
    }

private:
    void fire(std::uint64_t id) {
        const auto found = pending_.find(id);
        if (found == pending_.end()) {
            return;
        }
        const std::function<void()> work = std::move(found->second);
        pending_.erase(found);
        work();
    }

    World& world_;
    std::uint64_t ids_ = 0;
    bool closed_ = false;
    std::map<std::uint64_t, std::function<void()>> pending_;
};

}  // namespace flow::sim
