#include "reconciler/executor.hpp"

#include <spdlog/spdlog.h>

#include "domain/model/drift.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"
#include "reconciler/spawn.hpp"

namespace flow::reconciler {

namespace model = domain::model;
using domain::EngineFailure;
using domain::Intention;
using domain::Step;
using Kind = Action::Kind;

namespace {
constexpr domain::Duration kExitPatience = std::chrono::seconds{3};
}

Executor::Executor(Services& services, const Config& config, ObservedCache& cache, Hooks hooks)
    : services_(services), config_(config), cache_(cache), hooks_(std::move(hooks)),
      gate_(config.calls_at_once) {}

void Executor::connect(Watch& watch, Pulls& pulls, Crashes& crashes) {
    watch_ = &watch;
    pulls_ = &pulls;
    crashes_ = &crashes;
}

void Executor::forget() {
    stops_.clear();
    missing_images_.clear();
    known_networks_.clear();
}

domain::Time Executor::name_wait(const std::string& container_id) const {
    const auto found = name_waits_.find(container_id);
    return found == name_waits_.end() ? domain::Time{} : found->second;
}

boost::asio::awaitable<void> Executor::act(std::string id, Action action) {
    switch (action.kind) {
        case Kind::wait:
            hooks_.mark(id, std::max(action.until - services_.clock.now(), domain::Duration{0}) +
                                std::chrono::microseconds{100});
            co_return;
        case Kind::pull_image:
            pulls_->wait_for(id, action.subject, action.generation, action.run);
            hooks_.mark(id, domain::Duration{0});       // nothing else waits for it
            co_return;
        case Kind::ping:
            co_await watch_->ping_now();
            hooks_.mark(id, domain::Duration{0});
            co_return;
        case Kind::create: co_return co_await create(std::move(id), std::move(action));
        case Kind::start: co_return co_await start(std::move(id), std::move(action));
        case Kind::stop: co_return co_await stop(std::move(id), std::move(action));
        case Kind::cut_short: co_return co_await cut_short(std::move(id), std::move(action));
        case Kind::remove: co_return co_await remove(std::move(id), std::move(action));
        case Kind::rename: co_return co_await rename(std::move(id), std::move(action));
        case Kind::update:
        case Kind::unpause: co_return co_await simple_call(std::move(id), std::move(action));
        case Kind::repair:
        case Kind::connect_network:
        case Kind::disconnect_network: co_return co_await repair(std::move(id), std::move(action));
        case Kind::take_baseline:
        case Kind::recreate:
        case Kind::give_up: co_return co_await record_drift(std::move(id), std::move(action));
        case Kind::read_ports: co_return co_await read_ports(std::move(id), std::move(action));
        case Kind::read_health: co_return co_await read_health(std::move(id), std::move(action));
        case Kind::no_image: co_return co_await no_image(std::move(id), std::move(action));
        case Kind::ensure_network:
            co_return co_await ensure_network(std::move(id), std::move(action));
        case Kind::clean_volumes: co_return co_await clean_volumes(std::move(id));
        case Kind::clean_socket: co_return co_await clean_socket(std::move(id));
        case Kind::clean_code: co_return co_await clean_code(std::move(id));
        case Kind::clean_workspace: co_return co_await clean_workspace(std::move(id));
        case Kind::switch_code: co_return co_await switch_code(std::move(id), std::move(action));
        case Kind::gone: co_return co_await gone(std::move(id));
        default: co_return co_await record_only(std::move(id), std::move(action));
    }
}

boost::asio::awaitable<bool> Executor::intend(std::string id, Intention intention) {
    Change change = [intention](domain::Record& record, domain::Changes& out,
                                const domain::Moment& moment) {
        model::intend(record, intention, out, moment);
    };
    const bool written = co_await commit(services_.store, id, std::move(change));
    co_return written;
}

boost::asio::awaitable<void> Executor::step_failed(std::string id, Step step,
                                                   domain::Error error) {
    if (error.engine == EngineFailure::away) {
        watch_->lose(error);
    }
    const domain::Record* row = services_.store.find(id);
    if (error.engine == EngineFailure::no_such_container && row != nullptr &&
        row->status.intention) {
        cache_.erase(row->status.intention->docker_id);     // somebody removed it: no failure of ours
    }
    if (error.engine == EngineFailure::unanswered && row != nullptr && row->status.intention) {
        cache_.doubt(row->status.intention->docker_id);
    }
    spdlog::warn("engine call failed container_id={} operation={} error=\"{}\"", id,
                 domain::to_string(step), error.message);
    Change change = [step, error](domain::Record& record, domain::Changes& out,
                                  const domain::Moment& moment) {
        model::record_step_failed(record, step, error, out, moment);
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

boost::asio::awaitable<void> Executor::step_done(std::string id, std::string removed) {
    Change change = [removed](domain::Record& record, domain::Changes& out,
                              const domain::Moment& moment) {
        model::record_step_done(record, removed, out, moment);
        if (!removed.empty() && record.deleted) {
            model::record_cleanup(record, model::CleanupPart::container, "removed");
        }
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

void Executor::log_done(const std::string& id, Step step, const Action& action,
                        domain::Time sent) const {
    spdlog::info("done container_id={} operation={} docker_id={} cause=\"{}\" ms={}", id,
                 domain::to_string(step), action.docker_id.substr(0, 12), action.cause,
                 (services_.clock.now() - sent) / std::chrono::milliseconds{1});
}

boost::asio::awaitable<bool> Executor::remove_orphan(std::string docker_id) {
    const auto removed = co_await services_.engine.remove(docker_id);
    const bool gone = removed || removed.error().engine == EngineFailure::no_such_container;
    if (gone) {
        cache_.erase(docker_id);
    } else {
        spdlog::warn("could not remove a container docker_id={} error=\"{}\"", docker_id,
                     removed.error().message);
    }
    co_return gone;
}

boost::asio::awaitable<void> Executor::stop(std::string id, Action action) {
    if (action.purpose == domain::Purpose::update) {
        const bool there = co_await code_is_there(id);
        if (!there) {
            co_return;
        }
    }
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr) {
        co_return;
    }
    StopCall call;
    call.docker_id = action.docker_id;
    call.container_id = id;
    call.grace = model::stop_grace(*record);
    call.signal = record->active_spec().stop_signal;
    Intention intention;
    intention.step = Step::stop;
    intention.docker_id = action.docker_id;
    intention.purpose = action.purpose;
    intention.cause = action.cause;
    intention.cut_short = call.grace == domain::Duration{0};
    const bool written = co_await intend(id, std::move(intention));
    if (!written) {
        co_return;
    }
    auto token = std::make_shared<StopToken>();
    token->action = std::move(action);
    token->sent = services_.clock.now();
    stops_[id] = token;
    spawn(services_.executor, stop_call(id, std::move(call), std::move(token)), "stop");
}

boost::asio::awaitable<void> Executor::stop_call(std::string id, StopCall call,
                                                 std::shared_ptr<StopToken> token) {
    const std::string docker_id = call.docker_id;
    const auto answer = co_await services_.engine.stop(std::move(call));
    if (answer) {
        log_done(id, Step::stop, token->action, token->sent);
    }
    const auto mine = stops_.find(id);
    if (mine == stops_.end() || mine->second != token) {
        co_return;
    }
    stops_.erase(mine);
    if (!answer && answer.error().engine != EngineFailure::no_such_container) {
        co_await step_failed(id, Step::stop, answer.error());
        co_return;
    }
    await_exit(id, docker_id);
}

/// The process is gone, and its `die` is on its way: not stopped once more meanwhile.
void Executor::await_exit(const std::string& id, const std::string& docker_id) {
    const domain::Observed* seen = cache_.find(docker_id);
    if (seen != nullptr && seen->running) {
        auto token = std::make_shared<StopToken>();
        stops_[id] = token;
        services_.clock.after(kExitPatience, [this, id, token] {
            const auto mine = stops_.find(id);
            if (mine != stops_.end() && mine->second == token) {
                stops_.erase(mine);
                hooks_.mark(id, domain::Duration{0});
            }
        });
    }
    expect_event(docker_id, false);
    hooks_.mark(id, domain::Duration{0});
}

boost::asio::awaitable<void> Executor::cut_short(std::string id, Action action) {
    Intention intention;
    intention.step = Step::stop;
    intention.docker_id = action.docker_id;
    intention.purpose = action.purpose;
    intention.cause = action.cause;
    intention.cut_short = true;
    const bool written = co_await intend(id, std::move(intention));
    if (!written) {
        co_return;
    }
    const domain::Time sent = services_.clock.now();
    const auto answer = co_await services_.engine.kill(action.docker_id, "SIGKILL");
    const bool over = !answer && (answer.error().engine == EngineFailure::not_running ||
                                  answer.error().engine == EngineFailure::no_such_container);
    if (!answer && !over) {
        co_await step_failed(id, Step::stop, answer.error());
        co_return;
    }
    log_done(id, Step::stop, action, sent);
    await_exit(id, action.docker_id);
}

boost::asio::awaitable<void> Executor::remove(std::string id, Action action) {
    Intention intention;
    intention.step = Step::remove;
    intention.docker_id = action.docker_id;
    intention.cause = action.cause;
    const bool written = co_await intend(id, std::move(intention));
    if (!written) {
        co_return;
    }
    const domain::Record* record = services_.store.find(id);
    // Made anew at once, with its anonymous volumes; else the engine removes those with it.
    const bool keeps_volumes = record != nullptr && record->status.recreate && !record->deleted &&
                               record->status.docker_id == action.docker_id;
    const domain::Time sent = services_.clock.now();
    co_await gate_.enter();
    domain::Result<void> answer{domain::Error{}};
    {
        const GatePass pass{gate_};
        if (keeps_volumes) {
            answer = co_await services_.engine.remove_keeping_volumes(action.docker_id);
        } else {
            answer = co_await services_.engine.remove(action.docker_id);
        }
    }
    if (!answer && answer.error().engine != EngineFailure::no_such_container) {
        co_await step_failed(id, Step::remove, answer.error());
        co_return;
    }
    log_done(id, Step::remove, action, sent);
    cache_.erase(action.docker_id);
    co_await step_done(id, action.docker_id);
}

boost::asio::awaitable<void> Executor::rename(std::string id, Action action) {
    const domain::Record* record = services_.store.find(id);
    const domain::Generation generation = record == nullptr ? 0 : record->generation;
    Intention intention;
    intention.step = Step::rename;
    intention.docker_id = action.docker_id;
    intention.generation = generation;
    intention.cause = action.cause;
    intention.repairs = action.differences;
    const bool written = co_await intend(id, std::move(intention));
    if (!written) {
        co_return;
    }
    const domain::Time sent = services_.clock.now();
    const auto answer = co_await services_.engine.rename(action.docker_id, action.engine_name);
    if (answer) {
        log_done(id, Step::rename, action, sent);
        cache_.renamed(action.docker_id, action.engine_name);
        Change change = [action](domain::Record& row, domain::Changes& out,
                                 const domain::Moment& moment) {
            model::record_name(row, action.docker_id, action.engine_name);
            model::record_step_done(row, "", out, moment);
        };
        co_await commit(services_.store, id, std::move(change));
        hooks_.mark(id, domain::Duration{0});
    } else if (answer.error().engine == EngineFailure::name_taken) {
        co_await step_aside(id, action.docker_id, answer.error());
        co_await name_taken(id, generation, answer.error());
    } else {
        co_await step_failed(id, Step::rename, answer.error());
    }
}

/// Another one of ours has the name and is to have another itself, perhaps this one's: it must not wait for us.
boost::asio::awaitable<void> Executor::step_aside(std::string id, std::string docker_id,
                                                  domain::Error taken) {
    const domain::Observed* mine = cache_.find(docker_id);
    const domain::Observed* holder = cache_.find(taken.details.value("holder_id", ""));
    const domain::Record* other = holder == nullptr ? nullptr : services_.store.find(holder->container_id);
    if (mine == nullptr || other == nullptr || other->deleted || other->container_id == id) {
        co_return;
    }
    const std::string aside = config_.name_prefix + id + ".prev";
    if (mine->name == aside || holder->name == config_.name_prefix + other->spec().name) {
        co_return;
    }
    const auto answer = co_await services_.engine.rename(docker_id, aside);
    if (!answer) {
        co_return;
    }
    spdlog::info("a name makes way container_id={} name={}", id, aside);
    cache_.renamed(docker_id, aside);
    Change change = [docker_id, aside](domain::Record& row, domain::Changes&, const domain::Moment&) {
        model::record_name(row, docker_id, aside);
    };
    co_await commit(services_.store, id, std::move(change));
}

boost::asio::awaitable<void> Executor::simple_call(std::string id, Action action) {
    const bool unpauses = action.kind == Kind::unpause;
    const Step step = unpauses ? Step::unpause : Step::update;
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr) {
        co_return;
    }
    domain::Resources resources = record->spec().resources;
    Intention intention;
    intention.step = step;
    intention.docker_id = action.docker_id;
    intention.generation = record->generation;
    intention.cause = action.cause;
    const bool written = co_await intend(id, std::move(intention));
    if (!written) {
        co_return;
    }
    const domain::Time sent = services_.clock.now();
    domain::Result<void> answer{domain::Error{}};
    if (unpauses) {
        answer = co_await services_.engine.unpause(action.docker_id);
    } else {
        answer = co_await services_.engine.update(action.docker_id, std::move(resources));
    }
    if (!answer) {
        co_await step_failed(id, step, answer.error());
        co_return;
    }
    log_done(id, step, action, sent);
    if (unpauses) {
        co_await inspect(action.docker_id);
        co_await step_done(id, "");
        co_return;
    }
    domain::Observed now;       // before the commit: what is compared from then on is not older
    now.docker_id = action.docker_id;
    const auto seen = co_await inspect(action.docker_id);
    if (seen) {
        now = *seen;
    } else {
        cache_.doubt(action.docker_id);
    }
    const domain::Generation generation = action.generation;
    Change change = [generation, now](domain::Record& row, domain::Changes& out,
                                      const domain::Moment&) {
        model::clear_intention(row);
        if (row.specs.contains(generation) && row.status.active_generation <= generation) {
            model::record_active(row, out, generation);     // also when a newer one came meanwhile
            model::record_baseline(row, now);
        }
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

}  // namespace flow::reconciler
