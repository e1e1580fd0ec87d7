#include "sim/walk.hpp"

#include <algorithm>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include "domain/model/model.hpp"

namespace flow::sim {

using domain::DesiredState;
using domain::Operation;

Walk::Walk(std::set<std::uint64_t> kill_at, bool tracing) : Simulation(1, tracing) {
    engine.slow_answers = false;
    daemon.kill_at = std::move(kill_at);
    world.at(Duration{0}, [this] { daemon.boot(); });
    run_for(1);
    settle(20);
}

Wish& Walk::plain(Operation operation, int n) {
    Wish wish;
    wish.operation = operation;
    wish.container_id = slot(n);
    return send(std::move(wish));
}

Wish& Walk::create(int n, const domain::Spec& spec, DesiredState desired) {
    Wish wish;
    wish.operation = Operation::create;
    wish.container_id = slot(n);
    wish.creates = true;
    wish.spec = spec;
    wish.desired = desired;
    return send(std::move(wish));
}

Wish& Walk::update(int n, Patch patch) {
    Wish wish;
    wish.operation = Operation::update;
    wish.container_id = slot(n);
    wish.patch = std::move(patch);
    return send(std::move(wish));
}

Wish& Walk::manifest(int n, Patch patch, DesiredState desired) {
    Wish wish;
    wish.operation = Operation::manifest;
    wish.container_id = slot(n);
    wish.patch = std::move(patch);
    wish.desired = desired;
    return send(std::move(wish));
}

void Walk::settle(double limit) {
    const Time begin = world.now();
    while (world.now() - begin < seconds(limit)) {
        run_for(0.2);
        if (world.now() - begin >= seconds(1) && all_ended() && daemon.contact()) {
            return;
        }
    }
}

void Walk::until_running(int n) {
    const Time begin = world.now();
    while (world.now() - begin < seconds(60)) {
        const ContainerPtr container = main(n);
        if (container && container->running) {
            return;
        }
        run_for(0.05);
    }
}

ContainerPtr Walk::main(int n) const {
    const domain::Record* known = record(n);
    return known == nullptr ? nullptr : engine.find(known->status.docker_id);
}

void Walk::exit(int code, int n) {
    if (const ContainerPtr container = main(n)) {
        engine.own_exit(container, code);
    }
}

void Walk::finish() {
    daemon.kill_at.clear();
    engine.tree_lost = false;
    quiet_from = world.now();
    run_for(400);
    final();
}

std::string Walk::state(int n) const {
    const domain::Record* known = record(n);
    return known == nullptr ? "none" : std::string{to_string(known->status.state)};
}

std::vector<std::string> Walk::told(int n) const {
    std::vector<std::string> types;
    const auto events = daemon.store().events_after(0, 100'000);
    for (const domain::StoredEvent& event : *events) {
        if (event.container_id == slot(n) && event.type != "status_changed" &&
            event.type != "activity_log") {
            types.push_back(event.type);
        }
    }
    return types;
}

int Walk::told_times(const std::string& type, int n) const {
    const auto types = told(n);
    return static_cast<int>(std::count(types.begin(), types.end(), type));
}

int Walk::facts(const std::string& type) const {
    SQLite::Statement query{const_cast<Walk*>(this)->daemon.database(),
                            "SELECT count(*) FROM events WHERE kind = 'fact' AND type = ?"};
    query.bind(1, type);
    query.executeStep();
    return query.getColumn(0).getInt();
}

std::map<std::string, std::string> Walk::summary() const {
    std::map<std::string, std::string> text;
    daemon.store().for_each([&](const domain::Record& known) {
        const domain::Status& status = known.status;
        text["rows"] += known.container_id + " " + std::string{to_string(status.state)} + " " +
                        std::string{to_string(known.desired)} + " generation " +
                        std::to_string(known.generation) + " active " +
                        std::to_string(status.active_generation) + " failed " +
                        std::to_string(status.failed_generation) + " runs " +
                        std::to_string(known.run_wanted) + "/" +
                        std::to_string(status.run_started) + "/" +
                        std::to_string(status.run_ended) + "; ";
    });
    std::vector<std::string> there;
    for (const auto& [id, container] : engine.containers) {
        there.push_back(container->container_id + " " + container->name + " " + container->image +
                        " " + container->command +
                        (container->running ? " runs " + container->process->digest + "; " : "; "));
    }
    std::sort(there.begin(), there.end());
    for (const auto& [id, digest] : engine.links) {
        there.push_back("link " + id + " " + digest + "; ");
    }
    for (const std::string& one : there) {
        text["containers"] += one;
    }
    for (const char* call : {"create", "start", "remove"}) {
        const auto found = engine.count.find(call);
        text["calls"] += std::string{call} + " " +
                         std::to_string(found == engine.count.end() ? 0 : found->second) + "; ";
    }
    for (int n = 1; n <= 3; ++n) {
        for (const char* type : {"container_created", "container_crashed", "container_deleted",
                                 "container_updated"}) {
            text["told"] += std::to_string(told_times(type, n)) + " ";
        }
    }
    for (const auto& wish : wishes) {
        text["ends"] += wish->request_id + " " +
                        (wish->outcome ? std::string{to_string(*wish->outcome)} : "none") + "; ";
    }
    return text;
}

domain::Spec service(const std::string& name, const std::string& command, const std::string& image,
                     const std::string& restart) {
    return make_spec(name, image, command, 1, restart);
}

}  // namespace flow::sim
