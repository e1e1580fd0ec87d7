// Processes, events, restarts of the fake engine, and other people's commands.
#include <algorithm>

#include "sim/fake_engine.hpp"

namespace flow::sim {
namespace {

constexpr std::size_t kRing = 256;
constexpr int kTerm = 15;
constexpr int kKill = 9;

}  // namespace

EngineEvent FakeEngine::event(EngineEvent::Type type, const Container& container) {
    EngineEvent made;
    made.type = type;
    made.docker_id = container.docker_id;
    made.container_id = container.container_id;
    made.name = container.name;
    made.time = world_.stamp();
    return made;
}

void FakeEngine::emit(EngineEvent made) {
    ring_.push_back(made);
    if (ring_.size() > kRing) {
        ring_.pop_front();
    }
    if (world_.tracing()) {
        world_.trace("  engine event " + std::string{to_string(made.type)} + " " + made.docker_id +
                     " " + made.container_id + " signal " + std::to_string(made.signal) + " code " +
                     std::to_string(made.exit_code));
    }
    const auto listening = streams_;
    for (const auto& stream : listening) {
        if (world_.random.chance(drop_p)) {
            world_.trace("  (event lost)");
            continue;
        }
        Duration lag = seconds(world_.random.pick({0.0003, 0.001, 0.005}));
        if (slow_stream && world_.random.chance(0.2)) {
            lag = seconds(world_.random.between(0.02, 0.2));
        }
        if (made.type == EngineEvent::Type::die && late_die > 0) {
            lag = seconds(late_die);
        }
        stream->last = std::max(stream->last, world_.now() + lag);
        world_.at(stream->last - world_.now(), [this, stream, made] { deliver(stream, made); });
    }
}

void FakeEngine::deliver(const std::shared_ptr<Subscription>& stream, const EngineEvent& made) {
    if (!stream->dead) {
        stream->on_event(made);
    }
}

/// Of a container that does not run the engine tells only that it left.
void FakeEngine::tell_network(const Container& container, bool connected) {
    if (connected && !container.running) {
        return;
    }
    domain::NetworkEvent made;
    made.connected = connected;
    made.docker_id = container.docker_id;
    made.network = "net";
    made.time = world_.stamp();
    for (const auto& stream : streams_) {
        if (!world_.random.chance(drop_p)) {
            world_.at(seconds(world_.random.pick({0.0003, 0.005})), [stream, made] {
                if (!stream->dead) {
                    stream->on_network(made);
                }
            });
        }
    }
}

void FakeEngine::drop_streams() {
    const auto broken = std::move(streams_);
    streams_.clear();
    for (const auto& stream : broken) {
        const Time end = std::max(stream->last, world_.now()) + seconds(0.0005);
        world_.at(end - world_.now(), [stream] {
            if (!stream->dead) {
                stream->dead = true;
                stream->on_end();
            }
        });
    }
}

void FakeEngine::signal(const ContainerPtr& container, int number, bool by_outside) {
    EngineEvent made = event(EngineEvent::Type::kill, *container);
    made.signal = number;
    emit(made);
    Process::Kill kill;
    kill.at = world_.now();
    kill.outside = by_outside;
    kill.signal = number;
    container->process->kills.push_back(kill);
}

void FakeEngine::start_process(const ContainerPtr& container, bool by_outside) {
    starting(*container, by_outside);
    container->running = true;
    container->paused = container->sick = false;
    container->started_at = world_.stamp();
    auto process = std::make_shared<Process>();
    process->docker_id = container->docker_id;
    process->container_id = container->container_id;
    process->start = container->started_at;
    process->outside_start = by_outside;
    container->process = process;
    if (container->has_code) {
        lost_mounts += links.contains(container->container_id) ? 0 : 1;
        process->digest = links[container->container_id];
    }
    processes.push_back(process);
    emit(event(EngineEvent::Type::start, *container));
    const bool crashes = container->command == "crash" || process->digest == "crash";
    if (!crashes && container->command != "job") {
        return;
    }
    const double after = world_.random.pick({0.0, 0.001, 0.1, 1.0, 7.0});
    world_.at(seconds(after), [this, container, process, crashes] {
        if (container->process == process) {
            own_exit(container, crashes ? 1 : 0);
        }
    });
}

void FakeEngine::own_exit(const ContainerPtr& container, int code) {
    if (container->running && container->there && !container->paused) {
        die(container, code, Process::End::own);
    }
}

void FakeEngine::die(const ContainerPtr& container, int code, Process::End how) {
    Process& process = *container->process;
    container->running = container->paused = false;
    EngineEvent made = event(EngineEvent::Type::die, *container);
    made.exit_code = code;
    const Time earlier = made.time - seconds(world_.random.between(0.018, 0.23));
    container->finished_at = std::max(container->started_at + Duration{50}, earlier);
    container->code = code;
    process.end = made.time;
    process.code = code;
    process.how = how;
    process.ours_stood = intends(container->container_id, container->docker_id);
    emit(std::move(made));
    world_.at(seconds(0.11), [this, container] { tell_network(*container, false); });
    const auto waiting = std::move(process.on_end);
    process.on_end.clear();
    for (const auto& tell : waiting) {
        tell();
    }
}

ContainerPtr FakeEngine::pick(int running) {
    std::vector<ContainerPtr> fit;
    for (const auto& [id, container] : containers) {
        if (running < 0 || container->running == (running == 1)) {
            fit.push_back(container);
        }
    }
    return fit.empty() ? nullptr : fit[world_.random.below(fit.size())];
}

void FakeEngine::remove_outside(const std::string& docker_id) {
    Call call;
    call.docker_id = docker_id;
    remove(call, [](const Reply&) {}, true);
}

void FakeEngine::kill_outside(const std::string& docker_id, int number) {
    Call call;
    call.docker_id = docker_id;
    kill(call, [](const Reply&) {}, number, true);
}

void FakeEngine::push(const std::string& image) {
    world_.trace("PUSH " + image);
    ++pushed[image];
    pushed_at[image] = world_.now();
}

void FakeEngine::outside(const std::string& what) {
    const bool host_exit = what == "exit0" || what == "exit1";
    const bool wants_running = host_exit || what == "kill" || what == "pause" || what == "stop" ||
                               what == "sick";
    const ContainerPtr chosen = pick(wants_running ? 1 : what == "start" ? 0 : -1);
    if (!chosen || (!up_ && !host_exit)) {
        return;
    }
    world_.trace("OUTSIDE " + what + " " + chosen->docker_id + " " + chosen->container_id);
    const int code = what == "exit1" ? 1 : 0;
    if (what == "stop") {
        Call call;
        call.docker_id = chosen->docker_id;
        call.grace = seconds(world_.random.pick({0.5, 10.0}));
        stop(call, [](const Reply&) {}, true);
    } else if (what == "rm") {
        remove_outside(chosen->docker_id);
    } else if (what == "kill") {
        kill_outside(chosen->docker_id, kKill);
    } else if (what == "start") {
        const bool bad_code = chosen->has_code && links[chosen->container_id] == "bad";
        if (chosen->command != "bad" && !bad_code && !chosen->removing) {
            start_process(chosen, true);
        }
    } else if (what == "update" || what == "cpus" || what == "leave" || what == "join") {
        change_outside(what, chosen);
    } else if (what == "sick") {
        chosen->sick = true;
        failed[chosen->container_id].push_back(world_.now());       // ends an update in its window
        EngineEvent told = event(EngineEvent::Type::health, *chosen);
        told.health = "unhealthy";
        emit(std::move(told));
    } else if (what == "pause") {
        chosen->paused = true;
        emit(event(EngineEvent::Type::pause, *chosen));
    } else if (up_) {
        own_exit(chosen, code);
    } else if (live_restore_ && !chosen->paused) {      // while dockerd is away: no event
        chosen->running = false;
        chosen->finished_at = world_.stamp();
        chosen->code = code;
        Process& process = *chosen->process;
        process.end = chosen->finished_at;
        process.code = code;
        process.how = Process::End::own;
        process.ours_stood = intends(chosen->container_id, chosen->docker_id);
        process.unseen = true;
    }
}

void FakeEngine::change_outside(const std::string& what, const ContainerPtr& chosen) {
    ++changed[chosen->container_id];
    if (what == "update") {
        chosen->memory = world_.random.pick({3, 5}) * (std::int64_t{8} << 20);
    } else if (what == "cpus") {
        chosen->cpus = 500'000'000;
    } else if (what == "leave") {
        chosen->networks.clear();
        return tell_network(*chosen, false);
    } else {
        chosen->networks.insert("other");
        return tell_network(*chosen, true);
    }
    emit(event(EngineEvent::Type::update, *chosen));
}

/// term: SIGTERM, which stops the containers on the stream first; else kill -9.
void FakeEngine::restart(bool term, bool live_restore, double away) {
    if (!up_) {
        return;
    }
    world_.trace(std::string{"ENGINE "} + (term ? "term" : "kill") +
                 (live_restore ? " live-restore" : "") + " away " + std::to_string(away));
    live_restore_ = live_restore;
    up_ = false;
    away_times.push_back(world_.now());
    ++boot_;
    if (term && !live_restore) {
        stop_for_restart();
        world_.at(seconds(3.2), [this] { drop_streams(); });
    } else {
        drop_streams();
    }
    world_.at(seconds(3.5 + away), [this] { back(); });
}

void FakeEngine::stop_for_restart() {
    for (const auto& [id, container] : containers) {
        if (!container->running) {
            continue;
        }
        signal(container, kTerm, true);
        world_.at(seconds(world_.random.pick({0.01, 0.3, 3.0})),
                  [this, container = container, process = container->process] {
                      if (container->running && container->process == process) {
                          die(container, world_.random.pick({0, 143, 137}), Process::End::outside);
                          emit(event(EngineEvent::Type::stop, *container));
                      }
                  });
    }
}

void FakeEngine::back() {
    ring_.clear();
    if (!live_restore_) {
        for (const auto& [id, container] : containers) {
            if (container->running) {
                signal(container, kTerm, true);
                die(container, world_.random.pick({0, 137, 143}), Process::End::outside);
                emit(event(EngineEvent::Type::stop, *container));
            }
        }
    }
    away_times.push_back(world_.now());
    up_ = true;
    world_.trace("ENGINE back");
}

}  // namespace flow::sim
