// Create and start: the calls whose answers and events race (model 3 and 4).
#include <spdlog/spdlog.h>

#include "domain/model/model.hpp"
#include "domain/model/steps.hpp"
#include "domain/model/volumes.hpp"
#include "reconciler/executor.hpp"

namespace flow::reconciler {

namespace model = domain::model;
using domain::EngineFailure;
using domain::Intention;
using domain::Step;

boost::asio::awaitable<void> Executor::create(std::string id, Action action) {
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr || !record->specs.contains(action.generation)) {
        co_return;
    }
    CreateCall call;
    call.engine_name = action.engine_name;
    call.spec = record->specs.at(action.generation);
    call.spec.name = record->spec().name;
    call.container_id = id;
    call.generation = action.generation;
    call.socket_folder = record->socket_folder;
    for (const auto& [target, volume] : model::carried_volumes(*record, call.spec)) {
        call.carried.push_back({"volume", volume, "", target});
    }
    Intention intention;
    intention.step = Step::create;
    intention.generation = action.generation;
    intention.hash = domain::spec_hash(call.spec);
    call.image_id = action.subject;
    intention.role = action.role;
    intention.cause = action.cause;
    if (call.spec.code->wanted() && services_.code != nullptr) {
        call.code_link = services_.code->link_of(id);
    }
    call.workspace = workspace_of(*record, call.spec);
    intention.workspace = call.workspace;
    made_for_[id] = Made{record->socket_folder, call.spec.networking.networks, call.workspace};
    const auto folder = services_.make_folder(record->socket_folder);
    const bool written = co_await intend(id, std::move(intention));
    if (!written) {
        co_return;
    }
    if (!folder) {
        co_await step_failed(id, Step::create, folder.error());
        co_return;
    }
    const domain::Time sent = services_.clock.now();
    co_await gate_.enter();
    domain::Result<std::string> answer{domain::Error{}};
    {
        const GatePass pass{gate_};
        answer = co_await services_.engine.create(std::move(call));
    }
    if (answer) {
        action.docker_id = *answer;
        log_done(id, Step::create, action, sent);
        co_await created(std::move(id), *answer);
    } else {
        co_await create_failed(std::move(id), std::move(action), answer.error());
    }
}

boost::asio::awaitable<void> Executor::created(std::string id, std::string docker_id) {
    const auto seen = co_await inspect(docker_id);
    if (!seen) {
        hooks_.mark(id, domain::Duration{0});   // gone again, or the engine is away: observed anew
        co_return;
    }
    const domain::Observed made = *seen;
    Change change = [made](domain::Record& record, domain::Changes& out,
                           const domain::Moment& moment) {
        model::record_created(record, made, out, moment);
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

boost::asio::awaitable<void> Executor::create_failed(std::string id, Action action,
                                                     domain::Error error) {
    if (error.engine == EngineFailure::name_taken) {
        co_await name_taken(std::move(id), action.generation, std::move(error));
        co_return;
    }
    if (error.engine != EngineFailure::no_such_image) {
        if (error.engine == EngineFailure::no_such_network) {
            known_networks_.clear();
        }
        co_await step_failed(id, Step::create, std::move(error));
        co_return;
    }
    const domain::Record* record = services_.store.find(id);
    const bool by_id = !action.subject.empty();
    if (!by_id && record != nullptr && record->specs.contains(action.generation)) {
        missing_images_.insert(record->specs.at(action.generation).image);
    }
    Change change = [by_id](domain::Record& row, domain::Changes&, const domain::Moment&) {
        model::clear_intention(row);
        if (by_id) {
            row.status.pinned = false;      // somebody removed it: by its name then
        }
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

/// 409: who holds the name decides (model 5, Names).
boost::asio::awaitable<void> Executor::name_taken(std::string id, domain::Generation generation,
                                                  domain::Error error) {
    const auto known = error.details.find("holder_id");
    const std::string holder_id = known == error.details.end() ? "" : known->get<std::string>();
    const std::uint64_t version = cache_.version();
    const auto holder = co_await services_.engine.inspect(holder_id);
    if (!holder && holder.error().engine == EngineFailure::no_such_container) {
        Change freed = [](domain::Record& row, domain::Changes&, const domain::Moment&) {
            model::clear_intention(row);    // freed meanwhile: tried again at once
        };
        co_await commit(services_.store, id, std::move(freed));
        hooks_.mark(id, domain::Duration{0});
        co_return;
    }
    if (!holder) {
        co_await step_failed(id, Step::create, holder.error());
        co_return;
    }
    model::NameHolder who;
    who.ours = holder->manager == config_.instance_id;
    who.generation = generation;
    if (who.ours && holder->container_id == id) {
        cache_.put(*holder, version);
        hooks_.mark(id, domain::Duration{0});
        co_return;
    }
    const domain::Record* other = services_.store.find(holder->container_id);
    who.marked = who.ours && other != nullptr && other->deleted;
    Change change = [who, error](domain::Record& record, domain::Changes& out,
                                 const domain::Moment& moment) {
        model::record_name_conflict(record, who, error, out, moment);
    };
    co_await commit(services_.store, id, std::move(change));
    if (who.ours) {
        name_waits_[id] = services_.clock.now() + config_.name_retry;
        hooks_.wait_for_name(holder->container_id, id);
        if (other == nullptr) {
            cache_.put(*holder, version);
            hooks_.mark(holder->container_id, domain::Duration{0});
        }
    }
    hooks_.mark(id, config_.name_retry);
}

boost::asio::awaitable<void> Executor::start(std::string id, Action action) {
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr) {
        co_return;
    }
    const bool next = action.docker_id == record->status.next_id;
    const domain::Result<void> paths = services_.check_host_paths(
        next ? record->specs.at(record->status.next_generation) : record->active_spec());
    Intention intention;
    intention.step = Step::start;
    intention.docker_id = action.docker_id;
    intention.run = action.run;
    intention.started_seen = action.started_seen;
    intention.cause = action.cause;
    const Intention kept = intention;
    const bool written = co_await intend(id, std::move(intention));
    if (!written) {
        co_return;
    }
    if (!paths) {
        co_await start_failed(id, kept, paths.error());
        co_return;
    }
    co_await crashes_->let_lines_go_first(action.docker_id);
    const domain::Time sent = services_.clock.now();
    co_await gate_.enter();
    domain::Result<StartAnswer> answer{domain::Error{}};
    {
        const GatePass pass{gate_};
        answer = co_await services_.engine.start(action.docker_id);
    }
    if (!answer) {
        co_await start_failed(id, kept, answer.error());
        co_return;
    }
    log_done(id, Step::start, action, sent);
    co_await start_answered(std::move(id), std::move(action), *answer);
}

boost::asio::awaitable<void> Executor::start_answered(std::string id, Action action,
                                                      StartAnswer answer) {
    const domain::Time asked = services_.clock.now();
    const auto seen = co_await inspect(action.docker_id);
    if (!seen || (answer == StartAnswer::already_running && !seen->running)) {
        hooks_.mark(id, domain::Duration{0});
        co_return;
    }
    const domain::Observed now = *seen;
    const domain::Time before = action.started_seen;
    Change change = [now, before, asked](domain::Record& record, domain::Changes& out,
                                  const domain::Moment& moment) {
        model::record_start_answered(record);
        if (now.started_at > before) {
            model::record_start_seen(record, now.docker_id, now.started_at, out, moment);
        }
        const bool counts = record.status.docker_id == now.docker_id ||
                            record.status.next_id == now.docker_id;
        if (now.running && counts) {
            model::record_ports(record, now.ports);
            model::record_health(record, {now.docker_id, now.health, asked}, out);
        }
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

boost::asio::awaitable<void> Executor::start_failed(std::string id, Intention intention,
                                                    domain::Error error) {
    if (error.engine == EngineFailure::away) {
        watch_->lose(error);
        co_return;      // the intention stands: what became of it is observed on return
    }
    spdlog::warn("start failed container_id={} docker_id={} error=\"{}\"", id,
                 intention.docker_id.substr(0, 12), error.message);
    if (error.engine == EngineFailure::unanswered) {
        cache_.doubt(intention.docker_id);
    }
    if (error.engine == EngineFailure::no_such_network) {
        known_networks_.clear();
    }
    const domain::Observed* seen = cache_.find(intention.docker_id);
    if (error.engine == EngineFailure::no_such_container && seen != nullptr) {
        cache_.erase(intention.docker_id);
    }
    Change change = [intention, error](domain::Record& record, domain::Changes& out,
                                       const domain::Moment& moment) {
        model::record_start_failed(record, intention, error, out, moment);
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

/// pull_policy never, and the engine does not have it: looked for again after the backoff.
boost::asio::awaitable<void> Executor::no_image(std::string id, Action action) {
    missing_images_.erase(action.subject);
    domain::Error error;
    error.type = domain::ErrorType::image_not_found;
    error.engine = EngineFailure::no_such_image;
    error.message = "the Docker Engine does not have image " + action.subject +
                    ", and pull_policy is never; bring it there (docker load, docker build) or "
                    "use another pull_policy";
    error.details["field"] = "image";
    error.details["cause"] = "not_found";
    const model::Pulled pulled{action.generation, 0, ""};
    Change change = [pulled, error](domain::Record& record, domain::Changes& out,
                                    const domain::Moment& moment) {
        model::record_pulled(record, pulled, &error, out, moment);
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

}  // namespace flow::reconciler
