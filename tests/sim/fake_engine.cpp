// The calls of the fake engine: effect after a delay, answer after another one.
#include "sim/fake_engine.hpp"

#include <algorithm>

namespace flow::sim {
namespace {

bool changes_something(Op op) {
    switch (op) {
        case Op::create:
        case Op::start:
        case Op::stop:
        case Op::kill:
        case Op::remove:
        case Op::rename:
        case Op::update:
        case Op::unpause:
        case Op::join:
        case Op::leave:
        case Op::pull: return true;
        default: return false;
    }
}

Reply reply(Reply::Kind kind, std::string text = "") {
    Reply made;
    made.kind = kind;
    made.text = std::move(text);
    return made;
}

}  // namespace

std::string to_string(Op op) {
    static constexpr const char* kNames[] = {
        "connect", "ping", "list", "inspect", "ring", "subscribe", "pull", "create", "start", "stop",
        "kill", "remove", "rename", "update", "unpause", "join", "leave", "logs"};
    return kNames[static_cast<int>(op)];
}

void FakeEngine::call(Call call, Answer answer) {
    const double delay = call.op == Op::pull ? 0.001
                                             : world_.random.pick({0.0005, 0.002, 0.02, 0.2});
    world_.at(seconds(delay), [this, call = std::move(call), answer = std::move(answer),
                               boot = boot_, was_up = up_] { effect(call, answer, boot, was_up); });
}

void FakeEngine::effect(const Call& call, const Answer& answer, int boot, bool was_up) {
    const Answer later = [this, answer, boot, op = call.op](Reply made) {
        const double delay = slow_answers ? world_.random.pick({0.0002, 0.001, 0.01, 0.15}) : 0.001;
        if (boot_ != boot) {
            made = reply(Reply::Kind::unanswered, "connection reset");
            away_times.push_back(world_.now());
        }
        world_.at(seconds(delay), [answer, made = std::move(made)] { answer(made); });
    };
    if (!up_ || boot_ != boot) {
        away_times.push_back(world_.now());
        const auto kind = was_up ? Reply::Kind::unanswered : Reply::Kind::away;
        world_.at(seconds(0.0005), [answer, kind] { answer(reply(kind, "no connection")); });
        return;
    }
    if (!changes_something(call.op)) {
        return perform(call, later);
    }
    calls.emplace_back(world_.now(), call.container_id);
    if (!world_.random.chance(fault_p)) {
        return perform(call, later);
    }
    failed[call.op == Op::pull ? call.image : call.container_id].push_back(world_.now());
    if (world_.random.chance(0.5) || call.op == Op::pull) {
        return later(reply(Reply::Kind::error, "injected"));
    }
    perform(call, [this, later, container_id = call.container_id](const Reply&) {
        failed[container_id].push_back(world_.now());
        later(reply(Reply::Kind::unanswered, "lost"));
    });
}

void FakeEngine::perform(const Call& call, const Answer& answer) {
    switch (call.op) {
        case Op::connect:
        case Op::ping: return answer(reply(Reply::Kind::ok));
        case Op::list:
        case Op::inspect:
        case Op::logs:
        case Op::ring: return look(call, answer);
        case Op::subscribe: return subscribe(call, answer);
        case Op::pull: return pull(call, answer);
        case Op::create: return create(call, answer);
        case Op::start: return start(call, answer);
        case Op::stop: return stop(call, answer, false);
        case Op::kill: return kill(call, answer, 9, false);
        case Op::remove: return remove(call, answer, false);
        case Op::rename: return rename(call, answer);
        case Op::update:
        case Op::unpause:
        case Op::join:
        case Op::leave: return small(call, answer);
    }
}

ContainerPtr FakeEngine::find(const std::string& docker_id) const {
    const auto found = containers.find(docker_id);
    return found == containers.end() ? nullptr : found->second;
}

std::string FakeEngine::owner_of(const std::string& docker_id) const {
    const auto found = owners_.find(docker_id);
    return found == owners_.end() ? std::string{} : found->second;
}

void FakeEngine::look(const Call& call, const Answer& answer) {
    Reply made;
    if (call.op == Op::ring) {
        made.ring.assign(ring_.begin(), ring_.end());
    } else if (call.op == Op::list) {
        for (const auto& [id, container] : containers) {
            made.containers.push_back(*container);
        }
    } else if (const ContainerPtr container = find(call.docker_id)) {
        made.containers.push_back(*container);
    } else {
        made.kind = Reply::Kind::gone;
    }
    answer(std::move(made));
}

void FakeEngine::subscribe(const Call& call, const Answer& answer) {
    auto stream = std::make_shared<Subscription>();
    stream->on_event = call.on_event;
    stream->on_network = call.on_network;
    stream->on_end = call.on_end;
    stream->last = world_.now();
    streams_.push_back(stream);
    Reply made;
    made.stream = std::move(stream);
    answer(std::move(made));
}

void FakeEngine::pull(const Call& call, const Answer& answer) {
    const double duration = call.image == "slow" ? 20.0 : call.image == "none" ? 2.0 : 1.0;
    world_.at(seconds(duration), [this, image = call.image, answer, boot = boot_] {
        if (boot != boot_ || !up_) {
            return answer(reply(Reply::Kind::away));
        }
        const bool there = registry.contains(image) ||
                           (image == "flaky" && world_.random.chance(0.3));
        if (there) {
            images.insert(image);
            local[image] = pushed[image];
            return answer(reply(Reply::Kind::ok, image_id(image, pushed[image])));
        }
        failed[image].push_back(world_.now());
        answer(reply(Reply::Kind::terminal, "no such image"));
    });
}

/// By its name, or by its id.
void FakeEngine::create(const Call& call, const Answer& answer) {
    const std::size_t mark = call.image.find('#');
    const std::string image = call.image.substr(0, mark);
    const int version = mark == std::string::npos ? local[image]
                                                  : std::stoi(call.image.substr(mark + 1));
    if (!images.contains(image)) {
        return answer(reply(Reply::Kind::no_image));
    }
    for (const auto& [id, other] : containers) {
        if (other->name == call.name) {
            failed[call.container_id].push_back(world_.now());
            return answer(reply(Reply::Kind::name_taken, id));
        }
    }
    auto made = std::make_shared<Container>();
    const std::string number = std::to_string(++ids_);
    made->docker_id = "d" + std::string(4 - std::min<std::size_t>(number.size(), 4), '0') + number;
    made->name = call.name;
    made->container_id = call.container_id;
    made->hash = call.hash;
    made->image = image;
    made->version = version;
    made->command = call.command;
    made->generation = call.generation;
    made->memory = call.memory;
    made->has_code = call.has_code;
    lost_mounts += call.has_code && !links.contains(call.container_id) ? 1 : 0;
    containers[made->docker_id] = made;
    owners_[made->docker_id] = made->container_id;
    ++count["create"];
    emit(event(EngineEvent::Type::create, *made));
    answer(reply(Reply::Kind::ok, made->docker_id));
}

void FakeEngine::start(const Call& call, const Answer& answer) {
    const ContainerPtr container = find(call.docker_id);
    if (!container) {
        return answer(reply(Reply::Kind::gone));
    }
    if (container->running) {
        return answer(reply(Reply::Kind::same));
    }
    if (container->removing) {
        failed[call.container_id].push_back(world_.now());
        return answer(reply(Reply::Kind::marked));
    }
    const bool bad_code = container->has_code && links[container->container_id] == "bad";
    if (container->command == "bad" || bad_code) {
        failed[call.container_id].push_back(world_.now());
        return answer(reply(Reply::Kind::terminal, "no such command"));
    }
    start_process(container, false);
    ++count["start"];
    answer(reply(Reply::Kind::ok));
}

void FakeEngine::stop(const Call& call, const Answer& answer, bool by_outside) {
    const ContainerPtr container = find(call.docker_id);
    if (!container || !container->running) {
        return answer(reply(container ? Reply::Kind::same : Reply::Kind::gone));
    }
    const ProcessPtr process = container->process;
    if (container->paused) {
        container->paused = false;
        emit(event(EngineEvent::Type::unpause, *container));
    }
    signal(container, 15, by_outside);
    const bool handles = container->command != "deaf";
    const Duration wait = handles ? seconds(world_.random.pick({0.01, 0.3, 2.0})) : call.grace;
    process->on_end.push_back([this, container, process = process.get(), answer, boot = boot_] {
        world_.at(seconds(world_.random.pick({0.0002, 0.007})), [this, container, process, answer, boot] {
            if (boot != boot_) {
                return answer(reply(Reply::Kind::away));
            }
            if (container->there) {
                container->process->blurred = process->stop_told && container->process.get() != process;
                process->stop_told = true;
                emit(event(EngineEvent::Type::stop, *container));
            }
            ++count["stop"];
            answer(reply(Reply::Kind::ok));
        });
    });
    world_.at(wait, [this, container, process, handles, by_outside, boot = boot_] {
        if (boot != boot_ || !container->running || container->process != process) {
            return;
        }
        const auto how = by_outside ? Process::End::outside : Process::End::ours;
        if (!handles) {
            signal(container, 9, by_outside);
        }
        die(container, handles ? world_.random.pick({0, 143}) : 137, how);
    });
}

void FakeEngine::kill(const Call& call, const Answer& answer, int number, bool by_outside) {
    const ContainerPtr container = find(call.docker_id);
    if (!container || !container->running) {
        return answer(reply(container ? Reply::Kind::same : Reply::Kind::gone));
    }
    const ProcessPtr process = container->process;
    signal(container, number, by_outside);
    if (number != 9) {
        return answer(reply(Reply::Kind::ok));      // a reload: the program goes on
    }
    world_.at(seconds(world_.random.pick({0.005, 0.03})),
              [this, container, process, by_outside, answer] {
                  if (container->running && container->process == process) {
                      die(container, 137, by_outside ? Process::End::own : Process::End::ours);
                  }
                  answer(reply(Reply::Kind::ok));
              });
}

void FakeEngine::remove(const Call& call, const Answer& answer, bool by_outside) {
    const ContainerPtr container = find(call.docker_id);
    if (!container) {
        return answer(reply(Reply::Kind::gone));
    }
    container->removing = true;
    const auto destroy = [this, container, answer] {
        if (container->there) {
            container->there = false;
            containers.erase(container->docker_id);
            if (container->process) {
                container->process->destroyed = true;
            }
            ++count["remove"];
            emit(event(EngineEvent::Type::destroy, *container));
        }
        answer(reply(Reply::Kind::ok));
    };
    if (!container->running) {
        return destroy();
    }
    signal(container, 9, by_outside);
    world_.at(seconds(world_.random.pick({0.021, 0.032})), [this, container, destroy, by_outside] {
        if (container->running) {
            die(container, 137, by_outside ? Process::End::outside : Process::End::ours);
        }
        world_.at(seconds(world_.random.pick({0.015, 0.076})), destroy);
    });
}

void FakeEngine::rename(const Call& call, const Answer& answer) {
    const ContainerPtr container = find(call.docker_id);
    if (!container) {
        return answer(reply(Reply::Kind::gone));
    }
    for (const auto& [id, other] : containers) {
        if (other->name == call.name && other != container) {
            failed[call.container_id].push_back(world_.now());
            return answer(reply(Reply::Kind::name_taken, id));
        }
    }
    container->name = call.name;
    ++count["rename"];
    emit(event(EngineEvent::Type::rename, *container));
    answer(reply(Reply::Kind::ok));
}

void FakeEngine::small(const Call& call, const Answer& answer) {
    const ContainerPtr container = find(call.docker_id);
    if (!container) {
        return answer(reply(Reply::Kind::gone));
    }
    if (call.op == Op::update) {
        container->memory = call.memory;
        ++count["update"];
        emit(event(EngineEvent::Type::update, *container));
    } else if (call.op == Op::join) {
        container->networks.insert(call.name);
        tell_network(*container, true);
    } else if (call.op == Op::leave) {
        container->networks.erase(call.name);
        tell_network(*container, false);
    } else if (container->paused) {
        container->paused = false;
        emit(event(EngineEvent::Type::unpause, *container));
    }
    answer(reply(Reply::Kind::ok));
}

}  // namespace flow::sim
