#include "sim/schedule.hpp"

namespace flow::sim {
namespace {

using domain::DesiredState;
using domain::Operation;
constexpr double kActive = 100, kQuiet = 1500;

}  // namespace

Schedule::Schedule(std::uint64_t seed, const std::string& with_profile, bool tracing)
    : Simulation(seed, tracing), aside_(seed + 1'000'003), turns_(aside_.chance(0.25)) {
    if (turns_) {
        daemon.max_running_jobs = aside_.pick({1, 1, 2});
    }
    Random& random = world.random;
    profile = random.pick({"calm", "kill", "outside", "engine", "faults", "all"});
    if (!with_profile.empty()) {
        profile = with_profile;
    }
    if (profile == "kill" || profile == "all") {
        daemon.kill_p = random.pick({0.002, 0.01, 0.03});
    }
    if (profile == "faults" || profile == "all") {
        engine.fault_p = random.pick({0.02, 0.1});
        engine.drop_p = profile == "faults" ? random.pick({0.0, 0.02, 0.1}) : 0.0;
        engine.slow_stream = random.chance(0.5);
    }
}

void Schedule::go() {
    world.at(Duration{0}, [this] { daemon.boot(); });
    world.at(seconds(1), [this] { disturb(); });
    run_for(kActive + 40);
    engine.fault_p = engine.drop_p = daemon.kill_p = 0;
    engine.slow_stream = false;
    engine.registry.insert("flaky");
    engine.tree_lost = false;
    for (const auto& [id, container] : engine.containers) {
        const domain::Record* record = row(container->container_id);
        if (record != nullptr && record->desired != DesiredState::running) {
            container->paused = false;
        }
    }
    quiet_from = world.now();
    run_for(kQuiet);
    final();
}

void Schedule::disturb() {
    Random& random = world.random;
    const bool all = profile == "all";
    const double what = random.unit();
    if (what < 0.5) {
        const int requests = random.pick({1, 1, 2, 3});
        for (int i = 0; i < requests; ++i) {
            random_request();
        }
    } else if (what < 0.7) {
        engine.outside(random.pick({"exit0", "exit1", "exit1"}));
    } else if (what < 0.9 && (profile == "outside" || all)) {
        engine.outside(random.pick({"stop", "rm", "kill", "start", "pause", "update", "update", "cpus",
                                    "leave", "join", "sick", "sick"}));
    } else if (what < 0.93 && (profile == "engine" || all)) {
        const bool term = random.chance(0.5);
        const bool live_restore = random.chance(0.5);
        engine.restart(term, live_restore, random.pick({0.1, 2.0, 20.0}));
    } else if (what < 0.95 && (profile == "engine" || profile == "faults" || all)) {
        world.trace("STREAM cut");
        engine.drop_streams();
    } else if (what < 0.98 && (profile == "kill" || all)) {
        daemon.kill();
    } else if (what >= 0.99) {
        engine.push(random.pick({"i1", "i2"}));
    }
    if (world.clock() < kActive) {
        const double pause = random.pick({0.0, 0.001, 0.01, 0.1, 0.5, 2.0, 6.0, 12.0});
        world.at(seconds(pause), [this] { disturb(); });
    }
}

bool Schedule::used(const std::string& container_id) const {
    for (const auto& wish : wishes) {
        if (wish->creates && wish->container_id == container_id &&
            wish->answer != Wish::Answer::refused) {
            return true;
        }
    }
    return false;
}

Patch Schedule::random_patch() {
    Random& random = world.random;
    Patch patch;
    const int which = static_cast<int>(random.below(9));
    if (which == 0) {
        patch.memory = random.pick({1, 2});
    }
    if (which == 1 || which == 4) {
        patch.command = random.pick({"serve", "serve", "serve", "deaf", "crash", "job", "bad"});
    }
    if (which == 2 || which == 4) {
        patch.image = random.pick({"i1", "i1", "i2", "slow", "flaky", "none"});
    }
    if (which >= 6 || (which <= 2 && random.chance(0.15))) {
        patch.code = random.pick({"c1", "c1", "c2", "c2", "c3", "crash", "bad", "lost"});
    }
    if (which == 3) {
        patch.name = random.pick({"a", "b", "c"});
    }
    return patch;
}

std::string Schedule::a_name() {
    return turns_ ? world.random.pick({"a", "b", "c", "d", "e"}) : world.random.pick({"a", "b", "c"});
}

void Schedule::make_job(domain::Spec& spec) {
    Random& random = world.random;
    spec.kind = domain::Kind::job;
    const bool once = random.chance(0.3);
    spec.restart.policy = once ? domain::Restart::Policy::no : domain::Restart::Policy::on_failure;
    spec.restart.max_retries = once ? -1 : 2;
    spec.job.ttl_after_finished = seconds(random.pick({0.0, 20.0, 3600.0}));
    spec.job.keep_failed = seconds(random.pick({5.0, 3600.0}));
    spec.job.active_deadline = seconds(random.pick({0.0, 0.0, 15.0}));
}

void Schedule::create(const std::string& container_id) {
    Random& random = world.random;
    Wish wish;
    wish.creates = true;
    wish.container_id = container_id;
    const std::string name = a_name();
    const std::string image = random.pick({"i1", "i1", "i2", "slow", "flaky", "none"});
    std::string command = random.pick({"serve", "serve", "serve", "deaf", "crash", "job", "bad"});
    if (turns_ && aside_.chance(0.5)) {
        command = "job";
    }
    const int memory = random.pick({1, 2});
    wish.desired = random.pick({DesiredState::created, DesiredState::running});
    const std::string policy =
        random.pick({"on-failure", "on-failure", "on-failure:2", "no", "always"});
    wish.spec = make_spec(name, image, command, memory, policy);
    if (random.chance(0.5)) {
        wish.spec.healthcheck.edit().on_unhealthy = domain::OnUnhealthy::restart;
    }
    if (random.chance(0.3)) {
        wish.spec.pull_policy = domain::PullPolicy::always;
    }
    if (random.chance(0.5)) {
        wish.spec.code.edit().digest = random.pick({"c1", "c1", "c2", "crash", "lost"});
    }
    if (random.chance(turns_ ? 0.7 : 0.2)) {
        make_job(wish.spec);
    }
    const std::string other = a_name();
    if (other != name && random.chance(0.15)) {
        using Condition = domain::DependencyCondition;
        wish.spec.depends_on = {{other, aside_.chance(0.5) ? Condition::completed : Condition::started}};
    }
    wish.operation = random.chance(0.3) ? Operation::manifest : Operation::create;
    send(std::move(wish));
}

void Schedule::random_request() {
    Random& random = world.random;
    std::string id = slot(turns_ ? random.pick({1, 1, 2, 3, 4, 5}) : random.pick({1, 1, 2, 3}));
    if (row(id) == nullptr || random.chance(0.05)) {
        if (row(id) == nullptr && used(id)) {
            id = slot(4 + static_cast<int>(random.below(6)));
        }
        return create(id);
    }
    Wish wish;
    wish.container_id = id;
    wish.operation = random.pick({Operation::start, Operation::start, Operation::stop,
                                  Operation::stop, Operation::restart, Operation::update,
                                  Operation::update, Operation::manifest, Operation::remove});
    if (wish.operation == Operation::remove && random.chance(0.5)) {
        wish.operation = Operation::start;
    }
    if (wish.operation == Operation::update || wish.operation == Operation::manifest) {
        wish.patch = random_patch();
        wish.desired = random.pick({DesiredState::running, DesiredState::running,
                                    DesiredState::stopped});
    }
    if (wish.operation == Operation::remove) {
        wish.force = random.chance(0.3);
    }
    send(std::move(wish));
}

}  // namespace flow::sim
