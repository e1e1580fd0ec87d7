#include "reconciler/cleanup.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"
#include "domain/spec_canonical.hpp"
#include "reconciler/activity.hpp"
#include "reconciler/spawn.hpp"

namespace flow::reconciler {

namespace model = domain::model;
using domain::Duration;
using domain::State;
using domain::Time;

namespace {
constexpr Duration kTriedAgain = std::chrono::seconds{30};
}

void Cleanup::start() {
    running_ = true;
    next();
}

void Cleanup::next() {
    if (config_.cleanup_interval == Duration{0}) {
        return;
    }
    services_.clock.after(config_.cleanup_interval, [this] {
        if (!running_) {
            return;
        }
        next();
        if (!sweeping_ && watch_.live()) {
            sweeping_ = true;
            spawn(services_.executor, sweep(), "cleanup");
        }
    });
}

boost::asio::awaitable<void> Cleanup::sweep() {
    const auto over = [this](void*) { sweeping_ = false; };
    const std::unique_ptr<void, decltype(over)> guard{this, over};
    unused_rows();
    unnamed_code();
    co_await unnamed_networks();
}

void Cleanup::tell(const std::string& what, const std::string& why, domain::Json details) {
    const bool dry = config_.cleanup_dry_run;
    const std::string message = what + (dry ? " would be removed: " : " is removed: ") + why;
    if (dry && !told_.insert(message).second) {
        return;
    }
    details["dry_run"] = dry;
    spdlog::warn("cleanup what=\"{}\"", message);
    tell_activity(services_.store, "cleanup", message, std::move(details));
}

boost::asio::awaitable<Duration> Cleanup::orphans(std::string container_id) {
    const Containers found = cache_.of(container_id);
    if (found.empty()) {
        orphans_.erase(container_id);
        co_return Duration{0};
    }
    const auto [seen, first] = orphans_.emplace(container_id, services_.clock.now());
    if (first) {
        spdlog::warn("an engine container of ours belongs to no row container_id={} grace_s={}",
                     container_id, config_.orphan_grace / std::chrono::seconds{1});
    }
    const Duration age = services_.clock.now() - seen->second;
    if (age < config_.orphan_grace) {
        co_return std::max(config_.orphan_grace - age, Duration{1});
    }
    for (const auto& [docker_id, container] : found) {
        bool gone = config_.cleanup_dry_run;
        if (!gone) {
            gone = co_await executor_.remove_orphan(docker_id);
        }
        if (gone) {
            domain::Json details;
            details["container_id"] = container_id;
            details["docker_id"] = docker_id;
            tell("engine container " + container.name,
                 "it has our label, and nothing that is declared belongs to it (orphan-grace)",
                 std::move(details));
        }
    }
    co_return std::max<Duration>(config_.cleanup_interval, kTriedAgain);    // what could not be removed
}

namespace {

bool unused_since(const domain::Record& record, Time before) {
    const State state = record.status.state;
    const bool over = state == State::stopped || state == State::completed || state == State::error;
    return !record.deleted && over && record.open.empty() && !model::replacing(record) &&
           record.spec().kind == domain::Kind::container && record.status.last_exit &&
           record.status.last_exit->at < before;
}

}  // namespace

/// Names that a document of the folder declares (unchanged, it would not bring them back), or that others depend on.
std::set<std::string> Cleanup::needed_names() const {
    std::set<std::string> names;
    for (const domain::AppliedDocument& document : services_.store.applied(config_.folder_set)) {
        if (!document.digest.empty()) {
            names.insert(domain::name_key(document.name));
        }
    }
    services_.store.for_each([&](const domain::Record& record) {
        for (const domain::Dependency& dependency : record.spec().depends_on) {
            names.insert(domain::name_key(dependency.name));
        }
    });
    return names;
}

void Cleanup::unused_rows() {
    const Duration limit = config_.keep_stopped;
    if (limit == Duration{0}) {
        return;
    }
    const Time before = services_.clock.now() - limit;
    const std::set<std::string> needed = needed_names();
    std::vector<std::string> ids;
    services_.store.for_each([&](const domain::Record& record) {
        if (unused_since(record, before) && !needed.contains(domain::name_key(record.spec().name))) {
            ids.push_back(record.container_id);
        }
    });
    for (const std::string& id : ids) {
        if (config_.cleanup_dry_run) {
            domain::Json details;
            details["container_id"] = id;
            tell("container " + services_.store.find(id)->spec().name,
                 "it has not run for " + domain::to_text(limit) + " (keep-stopped)", std::move(details));
            continue;
        }
        services_.store.change(
            id,
            [limit, before](domain::Record& record, domain::Changes& out, const domain::Moment&) {
                if (unused_since(record, before)) {
                    model::record_unused(record, limit, out);
                }
            },
            [](const domain::Result<void>&) {});
    }
}

/// Trees that neither a spec nor a revision that can be gone back to has.
void Cleanup::unnamed_code() {
    if (services_.code == nullptr || config_.cleanup_dry_run) {
        return;
    }
    std::set<std::string> digests;
    bool looked = false;
    bool unsure = false;
    const auto look = [&] {
        looked = true;
        services_.store.for_each([&](const domain::Record& record) {
            for (const auto& [generation, spec] : record.specs) {
                digests.insert(spec.code->digest);
            }
            const auto revisions = services_.store.revisions(record.container_id);
            unsure = unsure || !revisions;
            for (std::size_t i = 0; revisions && i < revisions->size(); ++i) {
                digests.insert((*revisions)[i].spec.code->digest);
            }
        });
    };
    const std::size_t removed = services_.code->sweep([&](const std::string& digest) {
        if (!looked) {
            look();
        }
        return unsure || digests.contains(digest);
    });
    if (removed > 0) {
        domain::Json details;
        details["trees"] = removed;
        tell("code", std::to_string(removed) + " copies that nothing declared names", std::move(details));
    }
}

/// Those of a row that went while the daemon was killed, before its networks were looked at.
boost::asio::awaitable<void> Cleanup::unnamed_networks() {
    const auto networks = co_await services_.engine.own_networks();
    if (!networks) {
        co_return;      // the next time, then
    }
    for (const std::string& name : *networks) {
        if (executor_.is_network_named(name)) {
            continue;
        }
        bool gone = config_.cleanup_dry_run;
        if (!gone) {
            gone = co_await executor_.remove_network(name);
        }
        if (gone) {
            domain::Json details;
            details["network"] = name;
            tell("network " + name, "we made it, nothing that is declared names it, and nobody is in it",
                 std::move(details));
        }
    }
}

}  // namespace flow::reconciler
