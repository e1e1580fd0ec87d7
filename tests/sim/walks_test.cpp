// The walks of the model on the real loop and store: undisturbed with what is expected of each, then with the daemon
// killed at every commit and engine call in turn (walk 9): the same end, the same numbers, each request ended once.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "sim/walk.hpp"

namespace flow::sim {
namespace {

using Types = std::vector<std::string>;

NamedWalk named(const std::string& name) {
    for (NamedWalk& walk : all_walks()) {
        if (walk.name == name) {
            return walk;
        }
    }
    ADD_FAILURE() << "no walk " << name;
    return {};
}

class Walks : public testing::Test {
protected:
    void SetUp() override { spdlog::set_level(spdlog::level::off); }

    Walk& go(const std::string& name) {
        walk_ = std::make_unique<Walk>(std::set<std::uint64_t>{});
        named(name).steps(*walk_);
        return *walk_;
    }
    void TearDown() override {
        walk_->finish();
        EXPECT_EQ(walk_->problems, std::vector<std::string>{});
    }
    std::string ends() const { return walk_->summary().at("ends"); }
    int count(const std::string& call) const { return walk_->engine.count[call]; }

    std::unique_ptr<Walk> walk_;
};

TEST_F(Walks, CrashesAndBackoff) {
    Walk& walk = go("1_crashes_and_backoff");
    // A crash is told 250 ms after it; the first restart does not wait for that.
    EXPECT_EQ(walk.told(), (Types{"container_created", "container_started", "container_started",
                                  "container_crashed", "container_crashed", "container_stopped",
                                  "container_started"}));
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; r4 done; ");
    EXPECT_EQ(count("create"), 1);
    EXPECT_EQ(count("start"), 3);
    EXPECT_EQ(walk.state(), "running");
    // The last start waits for no backoff.
    EXPECT_LT(walk.engine.processes.back()->start - walk.wishes.back()->at, seconds(2));
}

TEST_F(Walks, StartOfAStartingOne) {
    Walk& walk = go("2_start_of_a_starting_one");
    EXPECT_EQ(walk.told(), (Types{"container_created", "container_started"}));
    EXPECT_EQ(ends(), "r1 done; r2 done; ");
    EXPECT_EQ(count("start"), 1);
}

TEST_F(Walks, TwoRestarts) {
    Walk& walk = go("3_two_restarts");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; ");
    EXPECT_GE(count("start"), 2);
    EXPECT_LE(count("start"), 3);
    EXPECT_EQ(walk.told_times("container_started"), 1);
    EXPECT_EQ(walk.told_times("container_restarted"), count("start") - 1);
}

TEST_F(Walks, StopAndStart) {
    Walk& walk = go("4_stop_and_start");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; r4 done; r5 superseded; r6 done; ");
    EXPECT_EQ(count("start"), 2);
    EXPECT_EQ(walk.state(), "stopped");
    EXPECT_NE(walk.wishes[4]->why.find("seq " + std::to_string(walk.wishes[5]->seq)),
              std::string::npos) << walk.wishes[4]->why;
}

TEST_F(Walks, StartAtTheEngine) {
    Walk& walk = go("4_start_at_the_engine");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; r4 done; ");
    EXPECT_EQ(count("start"), 2);
    EXPECT_EQ(walk.state(), "stopped");
}

TEST_F(Walks, UpdatesOfWhatDoesNotRun) {
    Walk& walk = go("5_updates_of_what_does_not_run");
    EXPECT_EQ(walk.summary().at("ends").find("failed"), std::string::npos) << ends();
    EXPECT_EQ(walk.summary().at("ends").find("superseded"), std::string::npos) << ends();
    EXPECT_EQ(walk.state(1), "running");
    EXPECT_EQ(walk.state(2), "running");
    EXPECT_EQ(count("create"), 8);
    EXPECT_EQ(count("start"), 7);
    EXPECT_EQ(walk.told_times("container_updated", 1), 5);
}

TEST_F(Walks, RolledBack) {
    Walk& walk = go("6_rolled_back");
    EXPECT_EQ(ends(), "r1 done; r2 failed; r3 failed; ");
    EXPECT_EQ(walk.state(), "running");
    EXPECT_EQ(walk.record()->status.reason, "UpdateFailed");
    EXPECT_EQ(walk.record()->generation, 3U);
    EXPECT_EQ(walk.record()->status.active_generation, 1U);
    EXPECT_EQ(walk.main()->command, "serve");
    EXPECT_EQ(walk.told_times("container_updated"), 0);
    EXPECT_EQ(walk.told_times("container_crashed"), 0);
}

TEST_F(Walks, WithItsWindow) {
    Walk& walk = go("6_with_its_window");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; r4 done; ");
    EXPECT_EQ(count("create"), 3);
    EXPECT_EQ(count("update"), 1);
    EXPECT_EQ(walk.main()->name, "flow-z");
    EXPECT_EQ(walk.told(), (Types{"container_created", "container_started", "container_updated",
                                  "container_updated", "container_updated"}));
}

TEST_F(Walks, DeleteDuringAPull) {
    Walk& walk = go("7_delete_during_a_pull");
    EXPECT_EQ(ends(), "r1 superseded; r2 done; ");
    EXPECT_EQ(walk.record(), nullptr);
    EXPECT_LT(walk.world.clock(), 5) << "it waited for the pull";
    EXPECT_EQ(count("create"), 0);
}

TEST_F(Walks, DeleteWithoutEngine) {
    Walk& walk = go("7_delete_without_engine");
    EXPECT_EQ(ends(), "r1 done; r2 failed; ");
    walk.run_for(40);
    EXPECT_EQ(walk.record(), nullptr);
    EXPECT_TRUE(walk.engine.containers.empty());
    EXPECT_EQ(walk.told_times("container_deleted"), 1);
}

TEST_F(Walks, Names) {
    Walk& walk = go("8_names");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; r4 done; r5 done; ");
    EXPECT_EQ(walk.main(2)->name, "flow-b");
    EXPECT_EQ(walk.main(3)->name, "flow-a");
    EXPECT_EQ(walk.record(1), nullptr);
}

TEST_F(Walks, NameOfARolledBackOne) {
    Walk& walk = go("8_name_of_a_rolled_back_one");
    EXPECT_EQ(ends(), "r1 done; r2 failed; r3 done; ");
    EXPECT_EQ(walk.main(1)->name, "flow-b");
    EXPECT_EQ(walk.main(1)->command, "serve");
    EXPECT_EQ(walk.state(1), "running");
    EXPECT_EQ(walk.state(2), "running");
}

TEST_F(Walks, Reload) {
    Walk& walk = go("10_reload");
    EXPECT_EQ(walk.told(), (Types{"container_created", "container_started", "container_started",
                                  "container_crashed"}));
    const auto events = walk.daemon.store().events_after(0, 1000);
    for (const domain::StoredEvent& event : *events) {
        if (event.type == "container_crashed") {
            EXPECT_EQ(event.payload.at("exit_code"), 129);
            EXPECT_TRUE(event.payload.at("signal").is_null());
        }
    }
}

TEST_F(Walks, TwoExitsInAGap) {
    Walk& walk = go("10_two_exits_in_a_gap");
    EXPECT_EQ(walk.facts("exit"), 2);
    EXPECT_EQ(walk.told_times("container_crashed"), 1);
}

TEST_F(Walks, EngineRestarted) {
    Walk& walk = go("11_engine_restarted");
    EXPECT_EQ(walk.told_times("container_crashed", 1), 1);
    EXPECT_EQ(walk.told_times("container_crashed", 2), 0);
    EXPECT_EQ(walk.state(1), "running");
    EXPECT_EQ(walk.state(2), "completed");
    EXPECT_EQ(count("start"), 5);
}

TEST_F(Walks, DiesBeforeTheAnswer) {
    Walk& walk = go("12_dies_before_the_answer");
    EXPECT_EQ(walk.told_times("container_crashed"), 1);
    EXPECT_EQ(walk.state(), "error");
    EXPECT_EQ(ends(), "r1 done; r2 done; ");
    EXPECT_EQ(count("start"), 1);
}

TEST_F(Walks, ThreeStarts) {
    go("13_three_starts");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; r4 done; r5 done; ");
    EXPECT_EQ(count("start"), 1);
    EXPECT_EQ(count("remove"), 1);
}

TEST_F(Walks, StopRestartUpdate) {
    Walk& walk = go("14_stop_restart_update");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; r4 failed; ");
    walk.run_for(60);
    EXPECT_EQ(walk.state(), "running");
    EXPECT_EQ(walk.record()->status.reason, "ImagePullBackOff");
    EXPECT_GE(walk.engine.failed["none"].size(), 2U) << "it is tried again";
    EXPECT_EQ(count("start"), 2);
    EXPECT_EQ(walk.told_times("container_crashed"), 0);
}

TEST_F(Walks, LateDie) {
    Walk& walk = go("15_late_die");
    EXPECT_EQ(ends(), "r1 done; r2 done; ");
    EXPECT_EQ(walk.told_times("container_crashed"), 1);
    EXPECT_EQ(walk.told_times("container_stopped"), 1);
    EXPECT_EQ(walk.state(), "stopped");
}

TEST_F(Walks, NewCode) {
    Walk& walk = go("16_new_code");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; ");
    EXPECT_EQ(walk.told(), (Types{"container_created", "container_started", "container_updated",
                                  "container_updated"}));
    EXPECT_EQ(count("create"), 1) << "the engine container stays";
    EXPECT_EQ(count("start"), 3);
    EXPECT_EQ(count("link"), 3);
    EXPECT_EQ(walk.main()->process->digest, "c3");
    EXPECT_EQ(walk.record()->run_wanted, 3U);
    EXPECT_EQ(walk.record()->status.active_generation, 3U);
}

TEST_F(Walks, CodeRolledBack) {
    Walk& walk = go("16_code_rolled_back");
    EXPECT_EQ(ends(), "r1 done; r2 failed; ");
    EXPECT_EQ(walk.state(), "running");
    EXPECT_EQ(walk.record()->status.reason, "UpdateFailed");
    EXPECT_EQ(walk.record()->status.active_generation, 1U);
    EXPECT_EQ(walk.main()->process->digest, "c1");
    EXPECT_EQ(walk.told_times("container_updated"), 0);
    EXPECT_EQ(walk.told_times("container_crashed"), 0);
    EXPECT_EQ(count("create"), 1);
    EXPECT_EQ(count("start"), 2);
    EXPECT_EQ(count("link"), 3);
}

TEST_F(Walks, StoppedInTheWindow) {
    Walk& walk = go("16_stopped_in_the_window");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; r4 done; ");
    EXPECT_EQ(walk.main()->process->digest, "c2");
    EXPECT_EQ(walk.told_times("container_updated"), 1);
    EXPECT_EQ(walk.state(), "running");
}

TEST_F(Walks, CodeOfWhatDoesNotRun) {
    Walk& walk = go("16_code_of_what_does_not_run");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; r4 done; ");
    EXPECT_EQ(count("start"), 1);
    EXPECT_EQ(count("create"), 2);
    EXPECT_EQ(walk.engine.links.at(slot(1)), "c2");
    EXPECT_EQ(walk.engine.links.at(slot(2)), "c2");
    EXPECT_EQ(walk.state(1), "created");
    EXPECT_EQ(walk.state(2), "completed");
}

TEST_F(Walks, CodeAndCommand) {
    Walk& walk = go("16_code_and_command");
    EXPECT_EQ(ends(), "r1 done; r2 failed; r3 done; ");
    EXPECT_EQ(walk.main()->command, "deaf");
    EXPECT_EQ(walk.main()->process->digest, "c2");
    EXPECT_EQ(walk.engine.links.at(slot(1)), "c2");
    const auto& processes = walk.engine.processes;
    ASSERT_GE(processes.size(), 3U);
    EXPECT_EQ(processes[1]->digest, "c1") << "the way back brings the old code, too";
}

TEST_F(Walks, FirstCode) {
    Walk& walk = go("16_first_code");
    EXPECT_EQ(ends(), "r1 done; r2 done; r3 done; ");
    EXPECT_EQ(count("create"), 2);
    EXPECT_TRUE(walk.engine.links.empty());
    EXPECT_EQ(walk.record(), nullptr);
}

TEST_F(Walks, CodeThatIsGone) {
    Walk& walk = go("16_code_that_is_gone");
    EXPECT_EQ(ends(), "r1 done; r2 failed; ");
    EXPECT_EQ(walk.state(), "running");
    EXPECT_EQ(walk.record()->status.reason, "CodeSwitchFailed");
    EXPECT_EQ(walk.main()->process->digest, "c1");
    EXPECT_EQ(count("start"), 1) << "the old process was left alone";
}

TEST_F(Walks, RestartAndCode) {
    Walk& walk = go("16_restart_and_code");
    EXPECT_EQ(walk.main()->process->digest, "c3");
    EXPECT_EQ(walk.record()->status.active_generation, 3U);
    EXPECT_EQ(ends().find("failed"), std::string::npos) << ends();
    EXPECT_EQ(ends().find("none"), std::string::npos) << ends();
}

/// With sanitizers each run is slow: fewer points, spread over the walk.
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kStep = 9;
#else
constexpr std::uint64_t kStep = 1;
#endif

class KillSweep : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override { spdlog::set_level(spdlog::level::off); }
};

TEST_P(KillSweep, SameEnd) {
    const NamedWalk walk = named(GetParam());
    Walk base{{}};
    walk.steps(base);
    base.finish();
    ASSERT_EQ(base.problems, std::vector<std::string>{});
    const auto want = base.summary();
    for (std::uint64_t point = 1; point <= base.daemon.points; point += kStep) {
        Walk killed{{point}};
        walk.steps(killed);
        killed.finish();
        EXPECT_EQ(killed.problems, std::vector<std::string>{}) << "killed at point " << point;
        const auto got = killed.summary();
        for (const auto& [key, value] : want) {
            const auto& free = walk.may_differ;
            if (std::find(free.begin(), free.end(), key) == free.end()) {
                const auto found = got.find(key);
                EXPECT_EQ(found == got.end() ? "" : found->second, value)
                    << key << ", killed at point " << point;
            }
        }
    }
}

std::vector<std::string> walk_names() {
    std::vector<std::string> names;
    for (const NamedWalk& walk : all_walks()) {
        names.push_back(walk.name);
    }
    return names;
}

INSTANTIATE_TEST_SUITE_P(All, KillSweep, testing::ValuesIn(walk_names()),
                         [](const auto& walk) { return walk.param; });

}  // namespace
}  // namespace flow::sim
