// Looks at the engine's containers: before a plan, and for what only an inspect shows.
#include <algorithm>
#include <optional>
#include <utility>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"
#include "reconciler/executor.hpp"

namespace flow::reconciler {

namespace model = domain::model;
using domain::EngineFailure;

Awaitable<domain::Observed> Executor::inspect(std::string docker_id) {
    const std::uint64_t version = cache_.version();
    const auto seen = co_await services_.engine.inspect(docker_id);
    if (seen) {
        cache_.put(*seen, version);
        co_return *seen;
    }
    if (seen.error().engine == EngineFailure::no_such_container) {
        cache_.erase(docker_id);
    } else if (seen.error().engine == EngineFailure::away) {
        watch_->lose(seen.error());
    } else {
        cache_.doubt(docker_id);    // looked at again before anything is planned
    }
    co_return seen.error();
}

void Executor::expect_event(const std::string& docker_id, bool running) {
    services_.clock.after(config_.event_patience, [this, docker_id, running] {
        const domain::Observed* seen = cache_.find(docker_id);
        if (watch_->live() && seen != nullptr && seen->running != running) {
            watch_->resync_soon();
        }
    });
}

boost::asio::awaitable<bool> Executor::look(std::string id) {
    std::optional<domain::Error> failed;
    const std::vector<std::string> asked = cache_.to_inspect(id);
    for (const std::string& docker_id : asked) {
        const auto seen = co_await inspect(docker_id);
        if (!seen && seen.error().engine != EngineFailure::no_such_container) {
            failed = seen.error();
        }
    }
    const domain::Record* row = services_.store.find(id);
    if (row == nullptr || row->deleted) {
        co_return true;     // what is to go needs no closer look
    }
    if (failed) {
        co_await unseen(std::move(id), std::move(*failed));
        co_return false;
    }
    if (!cache_.to_inspect(id).empty()) {       // told of while we asked
        hooks_.mark(id, domain::Duration{0});
        co_return false;
    }
    if (row->status.trouble == model::kInspectFailed) {
        Change change = [](domain::Record& record, domain::Changes&, const domain::Moment&) {
            model::record_seen(record);
        };
        co_await commit(services_.store, id, std::move(change));
    }
    co_return true;
}

boost::asio::awaitable<void> Executor::unseen(std::string id, domain::Error error) {
    if (error.engine == EngineFailure::away) {
        co_return;
    }
    Change change = [error](domain::Record& record, domain::Changes& out,
                            const domain::Moment& moment) {
        model::record_unseen(record, error, out, moment);
    };
    co_await commit(services_.store, id, std::move(change));
    const domain::Record* row = services_.store.find(id);
    const bool waits = row != nullptr && row->status.backoff.contains(domain::BackoffKind::step);
    const domain::Time next = waits ? row->status.backoff.at(domain::BackoffKind::step).next
                                    : services_.clock.now();
    hooks_.mark(id, std::max(next - services_.clock.now(), domain::Duration{0}));
}

boost::asio::awaitable<void> Executor::read_ports(std::string id, Action action) {
    const auto seen = co_await inspect(action.docker_id);
    if (!seen || !seen->running) {
        hooks_.mark(id, std::chrono::milliseconds{200});
        co_return;
    }
    std::vector<domain::BoundPort> ports = seen->ports;
    Change change = [ports](domain::Record& record, domain::Changes&, const domain::Moment&) {
        model::record_ports(record, ports);
    };
    co_await commit(services_.store, id, std::move(change));
}

boost::asio::awaitable<void> Executor::read_health(std::string id, Action action) {
    const domain::Time asked = services_.clock.now();
    const auto seen = co_await inspect(action.docker_id);
    if (!seen) {
        hooks_.mark(id, domain::Duration{0});
        co_return;
    }
    const domain::Observed now = *seen;
    Change change = [now, asked](domain::Record& record, domain::Changes& out,
                                 const domain::Moment&) {
        model::record_health_warning(record, now, out);
        if (now.running && now.health != "none") {
            model::record_health(record, {now.docker_id, now.health, asked}, out);
        }
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

}  // namespace flow::reconciler
