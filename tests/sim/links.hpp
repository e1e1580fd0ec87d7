// The folders of code: which digest each container's link stands for is kept by the fake engine's world, which outlives
// killed daemons. Around each switch lie points where the daemon may be killed. One for each life of the daemon.
#pragma once

#include <functional>
#include <string>

#include "reconciler/code_folders.hpp"
#include "sim/fake_engine.hpp"

namespace flow::sim {

class Links final : public reconciler::CodeFolders {
public:
    using Point = std::function<bool(const std::string& what)>;
    Links(FakeEngine& engine, World& world, Point point)
        : engine_(engine), world_(world), point_(std::move(point)) {}

    std::string link_of(const std::string& container_id) const override { return "/links/" + container_id; }

    /// "lost" is the digest of a tree that somebody has removed and brings back later.
    domain::Result<void> check_tree(const std::string& digest) const override {
        if (digest != "lost" || !engine_.tree_lost) {
            return {};
        }
        engine_.failed[digest].push_back(world_.now());
        domain::Error error;
        error.engine = domain::EngineFailure::retryable;
        error.message = "the tree is lost";
        return error;
    }

    domain::Result<void> switch_link(const std::string& container_id, const std::string& digest) override {
        if (auto there = check_tree(digest); !there) {
            return there;
        }
        if (point_("before the switch of " + container_id)) {
            return {};      // dead: nobody reads what this says
        }
        world_.trace("LINK " + container_id + " to " + digest);
        engine_.links[container_id] = digest;
        ++engine_.count["link"];
        point_("after the switch of " + container_id);
        return {};
    }

    domain::Result<bool> remove_link(const std::string& container_id) override {
        return point_("before the unlink of " + container_id) || engine_.links.erase(container_id) > 0;
    }

    std::size_t sweep(const std::function<bool(const std::string& digest)>&) override { return 0; }

private:
    FakeEngine& engine_;
    World& world_;
    Point point_;
};

}  // namespace flow::sim
