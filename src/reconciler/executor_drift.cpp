// Steps that put back what others changed (model 11).
#include <spdlog/spdlog.h>

#include "domain/model/drift.hpp"
#include "domain/model/steps.hpp"
#include "reconciler/executor.hpp"

namespace flow::reconciler {

namespace model = domain::model;
using domain::EngineFailure;
using domain::Step;
using Kind = Action::Kind;

boost::asio::awaitable<void> Executor::repair(std::string id, Action action) {
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr) {
        co_return;
    }
    domain::Resources resources = record->active_spec().resources;
    std::string alias = record->spec().name;
    domain::Intention intention;
    intention.step = Step::repair;
    intention.docker_id = action.docker_id;
    intention.generation = record->status.active_generation;
    intention.cause = action.cause;
    intention.repairs = action.differences;
    const bool written = co_await intend(id, std::move(intention));
    if (!written) {
        co_return;
    }
    const domain::Time sent = services_.clock.now();
    domain::Result<void> answer{domain::Error{}};
    if (action.kind == Kind::repair) {
        answer = co_await services_.engine.update(action.docker_id, std::move(resources));
    } else if (action.kind == Kind::connect_network) {
        answer = co_await services_.engine.connect_network(action.docker_id, action.subject,
                                                           std::move(alias));
    } else {
        answer = co_await services_.engine.disconnect_network(action.docker_id, action.subject);
    }
    if (!answer) {
        if (answer.error().engine == EngineFailure::no_such_network) {
            known_networks_.clear();
        }
        co_await step_failed(id, Step::repair, answer.error());
        co_return;
    }
    log_done(id, Step::repair, action, sent);
    co_await repaired(std::move(id), action.docker_id);
}

/// Looks at what came of it: a difference that is still there is found by the next pass.
boost::asio::awaitable<void> Executor::repaired(std::string id, std::string docker_id) {
    const auto seen = co_await inspect(docker_id);
    if (!seen) {
        cache_.doubt(docker_id);
    }
    const bool running = seen && seen->running;
    std::vector<domain::BoundPort> ports;
    if (running) {
        ports = seen->ports;
    }
    Change change = [running, ports, docker_id](domain::Record& row, domain::Changes& out,
                                                const domain::Moment& moment) {
        model::record_step_done(row, "", out, moment);
        if (running && row.status.docker_id == docker_id) {
            model::record_ports(row, ports);    // the engine chose anew where it was connected again
        }
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

/// What needs no call: a new baseline, the decision to recreate, the end of trying.
boost::asio::awaitable<void> Executor::record_drift(std::string id, Action action) {
    const domain::Observed* cached = cache_.find(action.docker_id);
    domain::Observed seen;
    if (cached != nullptr) {
        seen = *cached;
    }
    if (action.kind == Kind::take_baseline) {
        spdlog::info("new baseline container_id={} docker_id={} cause=\"{}\"", id,
                     action.docker_id.substr(0, 12), action.cause);
    } else {
        spdlog::warn("drift container_id={} docker_id={} operation={} cause=\"{}\"", id,
                     action.docker_id.substr(0, 12), to_string(action.kind), action.cause);
    }
    Change change = [action, seen](domain::Record& row, domain::Changes& out,
                                   const domain::Moment&) {
        if (action.kind == Kind::take_baseline) {
            model::record_baseline(row, seen);
        } else if (action.kind == Kind::recreate) {
            model::record_recreate(row, action.differences, out);
        } else {
            model::record_unresolvable(row, action.differences, "it came back after each repair",
                                       out);
        }
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

}  // namespace flow::reconciler
