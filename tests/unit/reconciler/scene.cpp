#include "unit/reconciler/scene.hpp"

#include <algorithm>

namespace flow::reconciler::test {

using Type = domain::EngineEvent::Type;

Scene::Scene(DesiredState desired, Spec spec) : row(desired, std::move(spec)) { ping(); }

PlanInput Scene::input() const {
    PlanInput input{row.record,   containers, row.moment.now, stop_in_hand,
                    pulling, last_ping,  missing_images, known_networks};
    input.name_wait = name_wait;
    return input;
}

std::string Scene::text() const { return render(plan(), row.record.spec().name); }

int Scene::run(int steps) {
    Foresight foresight{input()};
    int done = 0;
    while (done < steps && foresight.step()) {
        ++done;
    }
    row.record = foresight.record();
    row.moment.now = foresight.now();
    row.out.remove_record = row.out.remove_record || foresight.gone();
    containers = foresight.containers();
    for (const auto& [generation, spec] : row.record.specs) {
        missing_images.erase(spec.image);
        known_networks.insert(spec.networking.networks.begin(), spec.networking.networks.end());
    }
    stop_in_hand = false;
    pulling = 0;
    ping();
    return done;
}

void Scene::outside_remove(const std::string& docker_id) {
    if (containers.at(docker_id).running) {
        row.kill(docker_id, 9);
        row.die(docker_id, 137);
    }
    row.event(Type::destroy, docker_id);
    containers.erase(docker_id);
    row.tell_crashes();
}

void Scene::outside_stop(const std::string& docker_id) {
    domain::Observed& container = containers.at(docker_id);
    if (container.running) {
        row.kill(docker_id, 15);
        row.die(docker_id, 143);
        row.event(Type::stop, docker_id);
        container.running = container.paused = false;
    }
}

void Scene::outside_start(const std::string& docker_id) {
    domain::Observed& container = containers.at(docker_id);
    if (!container.running) {
        row.event(Type::start, docker_id);
        container.running = true;
        container.started_at = row.moment.now;
    }
}

void Scene::outside_pause(const std::string& docker_id) {
    domain::Observed& container = containers.at(docker_id);
    if (container.running && !container.paused) {
        row.event(Type::pause, docker_id);
        container.paused = true;
    }
}

void Scene::outside_rename(const std::string& docker_id, const std::string& name) {
    row.event(Type::rename, docker_id);
    containers.at(docker_id).name = name;
}

void Scene::outside_set(const std::string& docker_id, const std::string& field,
                        const domain::Settings& value) {
    domain::SharedText& settings = containers.at(docker_id).settings;
    domain::Settings fields = settings.empty() ? domain::Settings::object()
                                               : domain::Settings::parse(settings.str());
    fields[field] = value;
    settings = domain::settings_text(fields);
}

void Scene::exits(const std::string& docker_id, int code) {
    domain::Observed& container = containers.at(docker_id);
    if (container.running) {
        row.die(docker_id, code);
        container.running = container.paused = false;
        container.exit_code = code;
        row.tell_crashes();
    }
}

void Scene::add_container(const std::string& docker_id, const std::string& hash) {
    domain::Observed container;
    container.docker_id = docker_id;
    container.name = "flow-" + row.record.spec().name;
    container.container_id = row.record.container_id;
    container.generation = row.record.generation;
    container.spec_hash = hash;
    containers[docker_id] = container;
}

int Scene::running() const {
    return static_cast<int>(std::count_if(containers.begin(), containers.end(), [](const auto& entry) {
        return entry.second.running;
    }));
}

Scene running_scene(Spec spec) {
    Scene scene{DesiredState::running, std::move(spec)};
    scene.run();
    return scene;
}

Scene stopped_scene() {
    Scene scene = running_scene();
    scene.row.ask(Operation::stop).value();
    scene.run();
    return scene;
}

Scene completed_scene() {
    Scene scene = running_scene();
    scene.exits(scene.main_id(), 0);
    scene.run();
    return scene;
}

Scene failed_scene() {
    Scene scene = running_scene(domain::test::spec_with_restart(domain::Restart::Policy::no));
    scene.exits(scene.main_id(), 1);
    scene.run();
    return scene;
}

}  // namespace flow::reconciler::test
