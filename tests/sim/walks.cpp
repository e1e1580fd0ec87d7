// The steps of the walks. What is expected of them undisturbed is in walks_test.cpp.
#include "sim/walk.hpp"

namespace flow::sim {
namespace {

constexpr auto kCreated = domain::DesiredState::created;
constexpr auto kRunning = domain::DesiredState::running;

Patch image(const std::string& value) { return Patch{{}, value, {}, {}}; }
Patch command(const std::string& value) { return Patch{{}, {}, value, {}}; }
Patch name(const std::string& value) { return Patch{value, {}, {}, {}}; }

void crash_twice(Walk& walk, int n) {
    walk.until_running(n);
    walk.exit(1, n);
    walk.settle();
    walk.run_for(6);
    walk.until_running(n);
    walk.exit(1, n);
    walk.run_for(1);
    walk.settle();
}

void walk1(Walk& walk) {
    walk.create(1, service(), kCreated);
    walk.settle();
    walk.start();
    walk.settle();
    crash_twice(walk, 1);       // now in backoff
    walk.stop();
    walk.settle();
    walk.start();
    walk.settle();
}

void walk2(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.start();
    walk.settle();
}

void walk3(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.restart();
    walk.restart();
    walk.settle();
}

void walk4(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.stop();
    walk.start();
    walk.settle();
    walk.stop();
    walk.settle();
    walk.start();
    walk.stop();
    walk.settle();
}

void walk4b(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.stop();
    walk.settle();
    walk.start();
    while (walk.engine.count["start"] < 2) {
        walk.run_for(0.0001);
    }
    walk.stop();                // the start is at the engine, its answer is not here yet
    walk.settle();
}

void walk5(Walk& walk) {
    walk.create(1, service(), kCreated);
    walk.settle();
    walk.update(1, image("i2"));
    walk.settle();
    walk.start();
    walk.settle();
    walk.stop();
    walk.settle();
    walk.update(1, image("i1"));
    walk.settle();
    walk.start();
    walk.settle();
    walk.exit(0);
    walk.run_for(6);
    walk.settle();
    walk.update(1, image("i2"));            // completed: not run again
    walk.settle();
    walk.manifest(1, image("i1"), kRunning);
    walk.settle();
    crash_twice(walk, 1);
    walk.update(1, image("i2"));            // in backoff: started at once
    walk.settle();
    walk.create(2, service("b", "serve", "i1", "no"), kRunning);
    walk.settle();
    walk.exit(1, 2);
    walk.run_for(6);
    walk.settle();
    walk.update(2, image("i2"));            // in error: started at once
    walk.settle();
}

void walk6(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.update(1, command("bad"));
    walk.settle();
    walk.run_for(6);
    walk.settle();
    if (const ContainerPtr main = walk.main()) {
        walk.engine.remove_outside(main->docker_id);
    }
    walk.run_for(6);
    walk.settle();
    walk.until_running();
    walk.run_for(1);
    walk.update(1, command("bad"));
    walk.settle();
    walk.until_running();       // the old one is on its way back when its request has failed
    walk.run_for(1);
}

void walk6b(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.update(1, command("deaf"));
    walk.settle();
    walk.update(1, Patch{{}, {}, {}, 2});
    walk.settle();
    walk.update(1, Patch{"z", {}, "serve", {}});
    walk.settle();
}

void walk7(Walk& walk) {
    walk.create(1, service("a", "serve", "slow"), kRunning);
    walk.remove();
    walk.settle();
}

void walk7b(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.engine.restart(false, true, 20);
    walk.run_for(1);
    walk.remove();
    walk.settle();
}

void walk8(Walk& walk) {
    walk.create(1, service("a", "deaf"), kRunning);
    walk.settle();
    walk.remove();
    walk.create(2, service(), kRunning);
    walk.settle();
    walk.update(2, name("b"));
    walk.create(3, service(), kRunning);
    walk.settle();
}

void walk8b(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.update(1, Patch{"b", {}, "bad", {}});
    walk.create(2, service(), kRunning);
    walk.settle();
    walk.until_running(1);      // the request failed with the verdict; the way back takes a while
    walk.run_for(1);
}

void walk10(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.engine.kill_outside(walk.main()->docker_id, 1);
    walk.run_for(90);
    walk.settle();
    walk.exit(129);
    walk.run_for(6);
    walk.settle();
    walk.until_running();
}

void walk10b(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.daemon.kill();
    walk.run_for(0.01);
    walk.exit(0);
    walk.run_for(0.05);
    walk.engine.outside("start");
    walk.run_for(0.05);
    walk.exit(137);
    walk.run_for(8);
    walk.settle();
}

void walk11(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.create(2, service("b", "serve", "i1", "on-failure"), kRunning);
    walk.settle();
    walk.engine.restart(true, false, 1);
    walk.run_for(20);
    walk.settle();
    walk.until_running(1);
    walk.until_running(2);
    walk.run_for(1);
    walk.settle();
    walk.daemon.kill();
    walk.run_for(0.01);
    walk.exit(0, 2);
    walk.exit(1, 1);
    walk.run_for(8);
    walk.settle();
    walk.until_running(1);
}

void walk12(Walk& walk) {
    walk.create(1, service("a", "serve", "i1", "no"), kCreated);
    walk.settle();
    walk.start();
    for (int i = 0; i < 200'000 && walk.engine.count["start"] < 1; ++i) {
        walk.run_for(0.0001);
    }
    walk.exit(1);               // the start has not answered yet
    walk.settle();
}

void walk13(Walk& walk) {
    walk.create(1, service(), kCreated);
    walk.settle();
    walk.start();
    walk.start();
    walk.start();
    walk.settle();
    walk.remove();
    walk.settle();
}

void walk14(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.stop();
    walk.restart();
    walk.update(1, image("none"));
    walk.settle();
}

void walk15(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.engine.late_die = 0.1;
    walk.exit(1);
    walk.stop();
    walk.run_for(0.2);
    walk.engine.late_die = 0;
    walk.settle();
}

domain::Spec with_code(const std::string& digest) {
    domain::Spec spec = service();
    spec.code.edit().digest = digest;
    return spec;
}

Patch code(const std::string& digest) {
    Patch patch;
    patch.code = digest;
    return patch;
}

void new_code(Walk& walk, const std::string& digest) {
    walk.create(1, with_code("c1"), kRunning);
    walk.settle();
    walk.update(1, code(digest));
    walk.settle();
}

/// The new code stays up, and then another one: the same engine container all the time.
void walk16(Walk& walk) {
    new_code(walk, "c2");
    walk.update(1, code("c3"));
    walk.settle();
}

/// Code that cannot be started.
void walk16b(Walk& walk) { new_code(walk, "bad"); }

/// A stop in the window ends the watch; the new code stays.
void walk16c(Walk& walk) {
    walk.create(1, with_code("c1"), kRunning);
    walk.settle();
    walk.update(1, code("c2"));
    walk.run_for(4);
    walk.stop();
    walk.settle();
    walk.start();
    walk.settle();
}

/// Never ran; stopped; completed: the link is switched, and nothing starts.
void walk16d(Walk& walk) {
    domain::Spec job = with_code("c1");
    job.name = "b";
    walk.create(1, with_code("c1"), kCreated);
    walk.create(2, job, kRunning);
    walk.settle();
    walk.update(1, code("c2"));
    walk.settle();
    walk.until_running(2);
    walk.exit(0, 2);
    walk.settle();
    walk.update(2, code("c2"));
    walk.settle();
}

/// Code and command at once: a replace, whose way back brings the old code with the old container.
void walk16e(Walk& walk) {
    walk.create(1, with_code("c1"), kRunning);
    walk.settle();
    Patch both = code("c2");
    both.command = "bad";
    walk.update(1, both);
    walk.settle();
    both.command = "deaf";
    walk.update(1, both);
    walk.settle();
}

/// The first code needs a recreate; its deletion takes the link along.
void walk16f(Walk& walk) {
    walk.create(1, service(), kRunning);
    walk.settle();
    walk.update(1, code("c1"));
    walk.settle();
    walk.remove();
    walk.settle();
}

/// Its tree is gone: the old code runs on.
void walk16g(Walk& walk) { new_code(walk, "lost"); }

/// A restart and an update with new code at once.
void walk16h(Walk& walk) {
    walk.create(1, with_code("c1"), kRunning);
    walk.settle();
    walk.update(1, code("c2"));
    walk.restart();
    walk.update(1, code("c3"));
    walk.settle();
}

}  // namespace

std::vector<NamedWalk> all_walks() {
    return {{"1_crashes_and_backoff", walk1, {}},
            {"2_start_of_a_starting_one", walk2, {}},
            {"3_two_restarts", walk3, {"calls"}},
            {"4_stop_and_start", walk4, {"calls", "ends", "rows"}},
            {"4_start_at_the_engine", walk4b, {"ends"}},
            {"5_updates_of_what_does_not_run", walk5, {}},
            {"6_rolled_back", walk6, {}},
            {"6_with_its_window", walk6b, {}},
            {"7_delete_during_a_pull", walk7, {}},
            {"7_delete_without_engine", walk7b, {"ends"}},
            {"8_names", walk8, {}},
            {"8_name_of_a_rolled_back_one", walk8b, {}},
            {"10_reload", walk10, {}},
            {"10_two_exits_in_a_gap", walk10b, {}},
            {"11_engine_restarted", walk11, {}},
            {"12_dies_before_the_answer", walk12, {}},
            {"13_three_starts", walk13, {}},
            {"14_stop_restart_update", walk14, {}},
            {"15_late_die", walk15, {}},
            {"16_new_code", walk16, {}},
            {"16_code_rolled_back", walk16b, {}},
            {"16_stopped_in_the_window", walk16c, {"calls"}},
            {"16_code_of_what_does_not_run", walk16d, {}},
            {"16_code_and_command", walk16e, {"calls"}},
            {"16_first_code", walk16f, {}},
            {"16_code_that_is_gone", walk16g, {"calls"}},
            {"16_restart_and_code", walk16h, {"calls", "rows", "told"}}};
}

}  // namespace flow::sim
