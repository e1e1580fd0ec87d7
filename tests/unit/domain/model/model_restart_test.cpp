// When a run that ended by itself is started again, and when it has ended for good (model 3, 8; design 4).
#include <gtest/gtest.h>

#include "unit/domain/model/row.hpp"

namespace flow::domain::test {
namespace {

const Backoff& run_backoff(const Row& row) { return row.status().backoff.at(BackoffKind::run); }

/// Delay from the exit to the next try, in seconds.
long crash(Row& row, int code = 1) {
    row.die("d1", code);
    const Backoff& backoff = run_backoff(row);
    const long delay = (backoff.next - backoff.last) / seconds{1};
    row.tell_crashes();
    row.moment.now = std::max(row.moment.now, backoff.next);
    return delay;
}

TEST(ModelRestart, AtOnceThenDoublingUpTo300) {
    Row row = running_row();
    std::vector<long> delays;
    for (int i = 0; i < 9; ++i) {
        delays.push_back(crash(row));
        row.start("d1");
    }
    EXPECT_EQ(delays, (std::vector<long>{0, 10, 20, 40, 80, 160, 300, 300, 300}));
    EXPECT_EQ(row.status().run_started, 1u) << "restarts by policy stay in the run";
    EXPECT_EQ(row.status().restart_count, 9u);
}

TEST(ModelRestart, TheCountIsForgottenAfter600SecondsUp) {
    Row row = running_row();
    crash(row);
    row.start("d1");
    EXPECT_EQ(crash(row), 10);
    row.start("d1");
    row.pass(seconds{599});
    EXPECT_EQ(crash(row), 20);
    row.start("d1");
    row.pass(seconds{600});
    EXPECT_EQ(crash(row), 0);
    EXPECT_EQ(run_backoff(row).tries, 1);
}

TEST(ModelRestart, TheOptionsCount) {
    Row row = running_row();
    row.moment.restart = {seconds{1}, seconds{3}, seconds{60}};
    std::vector<long> delays;
    for (int i = 0; i < 5; ++i) {
        delays.push_back(crash(row));
        row.start("d1");
    }
    EXPECT_EQ(delays, (std::vector<long>{0, 1, 2, 3, 3}));
}

TEST(ModelRestart, OnFailureEndsAfterItsTries) {
    Row row = running_row(spec_with_restart(Restart::Policy::on_failure, 2));
    crash(row);
    row.start("d1");
    crash(row);
    row.start("d1");
    (void)row.told();
    row.die("d1", 7);
    row.tell_crashes();
    EXPECT_EQ(row.status().run_ended, 1u);
    EXPECT_EQ(row.status().ended_code, 7);
    EXPECT_EQ(row.state(), State::error);
    EXPECT_FALSE(model::should_run(row.record));
    EXPECT_EQ(row.told(), (std::vector<std::string>{"status_changed", "container_stopped",
                                                    "container_crashed"}));
}

TEST(ModelRestart, OnFailureWithoutTriesEndsAtOnce) {
    Row row = running_row(spec_with_restart(Restart::Policy::on_failure, 0));
    row.die("d1", 1);
    EXPECT_EQ(row.state(), State::error);
}

TEST(ModelRestart, OnFailureWithCode0IsCompleted) {
    Row row = running_row();
    (void)row.told();
    row.die("d1", 0);
    row.tell_crashes();
    EXPECT_EQ(row.state(), State::completed);
    EXPECT_EQ(row.status().run_ended, 1u);
    EXPECT_EQ(row.told(), (std::vector<std::string>{"status_changed", "container_stopped"}));
}

TEST(ModelRestart, AlwaysRunsAgainAfterCode0WithoutACrash) {
    Row row = running_row(spec_with_restart(Restart::Policy::always));
    EXPECT_EQ(crash(row, 0), 0);
    row.start("d1");
    EXPECT_EQ(crash(row, 0), 10);
    EXPECT_TRUE(row.all("container_crashed").empty());
    EXPECT_TRUE(model::should_run(row.record));
}

TEST(ModelRestart, NoEndsWithAnyCode) {
    for (const int code : {0, 1, 137}) {
        Row row = running_row(spec_with_restart(Restart::Policy::no));
        row.die("d1", code);
        EXPECT_EQ(row.status().run_ended, 1u) << code;
        EXPECT_EQ(row.state(), code == 0 ? State::completed : State::error) << code;
        EXPECT_TRUE(row.status().backoff.empty()) << code;
    }
}

TEST(ModelRestart, NoIsAtMostOnceForAnOutsideExitToo) {
    Row row = running_row(spec_with_restart(Restart::Policy::no));
    row.kill("d1", 15);
    row.die("d1", 0);
    EXPECT_EQ(row.status().run_ended, 1u);
    EXPECT_NE(row.status().ended_code, 0) << "it did not complete";
    EXPECT_EQ(row.state(), State::stopped) << "somebody stopped it: no error of its own (contract 3)";
}

TEST(ModelRestart, NoStaysEndedWhenTheCrashWasSomebodysStop) {
    Row row = running_row(spec_with_restart(Restart::Policy::no));
    row.die("d1", 1);
    row.event(EngineEvent::Type::stop, "d1");
    EXPECT_EQ(row.status().run_ended, 1u);
    EXPECT_FALSE(model::should_run(row.record));
    EXPECT_EQ(row.state(), State::stopped);
}

TEST(ModelRestart, AnOutsideExitCountsNoTryAndStaysInTheRun) {
    Row row = running_row(spec_with_restart(Restart::Policy::on_failure, 0));
    row.kill("d1", 15);
    row.die("d1", 143);
    EXPECT_TRUE(row.status().backoff.empty());
    EXPECT_TRUE(model::should_run(row.record));
    EXPECT_EQ(row.status().ended_by, "StoppedOutside");
    EXPECT_NE(row.status().need_ping, Time{}) << "started again only after a ping";
    row.start("d1");
    EXPECT_EQ(row.status().run_started, 1u);
    EXPECT_EQ(row.status().ended_by, "");
    EXPECT_EQ(row.status().need_ping, Time{});
}

TEST(ModelRestart, AStartInBackoffClearsItAndIsANewRun) {
    Row row = running_row();
    crash(row);
    row.start("d1");
    crash(row);
    EXPECT_EQ(row.state(), State::restarting);
    EXPECT_EQ(row.reason(), "CrashLoopBackOff");
    EXPECT_TRUE(row.ask(Operation::start).value().changed);
    EXPECT_TRUE(row.status().backoff.empty());
    EXPECT_EQ(row.record.run_wanted, 2u);
}

TEST(ModelRestart, ARefusedStartUsesTheRunsClock) {
    Row row{DesiredState::running};
    row.create("d1");
    row.refuse_start("d1", engine_error(EngineFailure::retryable));
    EXPECT_EQ(run_backoff(row).tries, 1);
    EXPECT_EQ(row.state(), State::starting) << "restarting is what ran before (model 9)";
    EXPECT_EQ(row.reason(), "StartFailed");
    EXPECT_EQ(row.outcome("r1"), Outcome::failed);
    EXPECT_FALSE(row.status().intention);
}

TEST(ModelRestart, AStartThatCanNeverWorkEndsTheRun) {
    Row row{DesiredState::running};
    row.create("d1");
    row.refuse_start("d1", engine_error(EngineFailure::refused, "no such command"));
    EXPECT_EQ(row.status().run_ended, 1u);
    EXPECT_EQ(row.state(), State::error);
    EXPECT_EQ(row.outcome("r1"), Outcome::failed);
    EXPECT_EQ(row.end("r1")->error.message, "no such command");
    EXPECT_TRUE(row.status().backoff.empty());
}

TEST(ModelRestart, AnUnansweredStartStaysInHand) {
    Row row{DesiredState::running};
    row.create("d1");
    row.refuse_start("d1", engine_error(EngineFailure::unanswered));
    EXPECT_TRUE(row.status().intention);
    EXPECT_EQ(row.outcome("r1"), std::nullopt);
    row.event(EngineEvent::Type::start, "d1");
    EXPECT_EQ(row.outcome("r1"), Outcome::done);
}

TEST(ModelRestart, AStartRefusedForItsNetworkAsksForARecreate) {
    Row row{DesiredState::running};
    row.create("d1");
    row.refuse_start("d1", engine_error(EngineFailure::no_such_network));
    EXPECT_TRUE(row.status().recreate);
    row.done("d1");
    row.create("d2");
    EXPECT_FALSE(row.status().recreate);
    EXPECT_EQ(row.all("container_created").size(), 1u) << "once in the life of a container id";
}

TEST(ModelStart, ANetworkThatIsGoneAgainAndAgainWaits) {
    Row row{DesiredState::running};
    const Error gone = engine_error(EngineFailure::no_such_network, "network net not found");
    row.create("d1");
    row.intend(Step::start, "d1");
    row.refuse_start("d1", gone);
    EXPECT_TRUE(row.status().recreate);
    EXPECT_LE(row.status().backoff.at(BackoffKind::run).next, row.moment.now) << "the first one at once";
    row.intend(Step::remove, "d1");
    row.done("d1");
    row.create("d2");
    row.intend(Step::start, "d2");
    row.refuse_start("d2", gone);
    EXPECT_GT(row.status().backoff.at(BackoffKind::run).next, row.moment.now) << "no hot loop";
}

}  // namespace
}  // namespace flow::domain::test
