// Who ended a run, and with what signal: the facts and exits of model 3, row by row.
#include <gtest/gtest.h>

#include "domain/model/exits.hpp"
#include "unit/domain/model/row.hpp"

namespace flow::domain::test {
namespace {

using Type = EngineEvent::Type;

const LastExit& last_exit(const Row& row) { return row.status().last_exit.value(); }

// -- facts are recorded once ---------------------------------------------------------------------------------

TEST(ModelFacts, TheSameEventTwiceIsOneFact) {
    Row row = running_row();
    EngineEvent die;
    die.type = Type::die;
    die.docker_id = "d1";
    die.time = row.moment.now + milliseconds{5};
    die.exit_code = 1;
    row.pass(milliseconds{5});
    for (int i = 0; i < 2; ++i) {
        row.change([&](Record& record, Changes& out, const Moment& moment) {
            model::record_event(record, die, out, moment);
        });
    }
    row.tell_crashes();
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
    EXPECT_EQ(row.status().backoff.at(BackoffKind::run).tries, 1);
}

TEST(ModelFacts, ASecondDieOfAClosedPeriodIsNothing) {
    Row row = running_row();
    row.die("d1", 1);
    row.die("d1", 1);
    row.tell_crashes();
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
}

TEST(ModelFacts, AStartEventCompletesTheStartInHand) {
    Row row{DesiredState::running};
    row.create("d1");
    row.intend(Step::start, "d1");
    row.event(Type::start, "d1");
    EXPECT_FALSE(row.status().intention);
    EXPECT_EQ(row.status().run_started, 1u);
    EXPECT_EQ(row.outcome("r1"), Outcome::done);
}

TEST(ModelFacts, ADieCompletesTheStartInHandToo) {
    Row row{DesiredState::running};
    row.create("d1");
    row.intend(Step::start, "d1");
    row.die("d1", 3);
    EXPECT_FALSE(row.status().intention);
    EXPECT_EQ(row.status().run_started, 1u);
    EXPECT_NE(row.state(), State::running);
    row.tell_crashes();
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
    // Walk 12: the late start event and the late inspect tell nothing more.
    const Time died = row.status().periods.at("d1").last;
    row.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_start_seen(record, "d1", died - milliseconds{1}, out, moment);
    });
    EXPECT_FALSE(row.status().periods.at("d1").open);
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
}

TEST(ModelFacts, AStartOfAnOlderTimeDoesNotCompleteTheStartInHand) {
    Row row{DesiredState::running};
    row.create("d1");
    row.intend(Step::start, "d1");
    row.record.status.intention->started_seen = row.moment.now + seconds{5};
    row.event(Type::start, "d1");
    EXPECT_TRUE(row.status().intention);
    EXPECT_EQ(row.status().run_started, 0u);
}

TEST(ModelFacts, AStartBySomebodyIsOfTheRunThatWas) {
    Row row = created_row();
    row.event(Type::start, "d1");
    EXPECT_EQ(row.status().run_started, 0u);
    EXPECT_TRUE(row.status().periods.at("d1").open);
    EXPECT_EQ(row.state(), State::stopping);
}

TEST(ModelFacts, NoMoreFactsAreKeptThanTheLimit) {
    Row row = running_row();
    for (int i = 0; i < 600; ++i) {
        row.event(Type::health, "d1");
    }
    EXPECT_EQ(row.record.seen.size(), 512u);
    const auto newest = std::make_tuple(std::string{"d1"}, to_nanos(row.moment.now),
                                        static_cast<int>(Type::health));
    EXPECT_TRUE(row.record.seen.contains(newest));
}

// -- classification ------------------------------------------------------------------------------------------

struct ExitCase {
    const char* what;
    std::vector<std::pair<Duration, int>> kills;    ///< before the die, and the signal
    int code;
    ExitClass by;
    int signal;
};

void PrintTo(const ExitCase& row, std::ostream* out) { *out << row.what; }

class ModelExits : public testing::TestWithParam<ExitCase> {};

/// The container ran for an hour, so that no kill is older than its start; grace is 10 s.
TEST_P(ModelExits, IsClassified) {
    Row row = running_row();
    row.pass(std::chrono::hours{1});
    Period& facts = row.record.status.periods.at("d1");
    const Time die = row.moment.now;
    for (const auto& [before, signal] : GetParam().kills) {
        facts.kills.push_back({die - before, signal});
    }
    const auto exit = model::classify(row.record, "d1", die, GetParam().code);
    EXPECT_EQ(exit.by, GetParam().by);
    EXPECT_EQ(exit.signal, GetParam().signal);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ModelExits,
    testing::Values(
        ExitCase{"by itself", {}, 1, ExitClass::own, 0},
        ExitCase{"by itself with 0", {}, 0, ExitClass::own, 0},
        ExitCase{"143 without a kill", {}, 143, ExitClass::own, 0},
        ExitCase{"the stop signal", {{milliseconds{10}, 15}}, 0, ExitClass::outside, 15},
        ExitCase{"the stop signal, then KILL",
                 {{seconds{10}, 15}, {milliseconds{10}, 9}}, 137, ExitClass::outside, 9},
        ExitCase{"KILL is its own", {{milliseconds{10}, 9}}, 137, ExitClass::own, 9},
        ExitCase{"code minus 128", {{milliseconds{10}, 2}}, 130, ExitClass::own, 2},
        ExitCase{"HUP is no reason for a code", {{milliseconds{10}, 1}}, 1, ExitClass::own, 0},
        ExitCase{"HUP that ended it", {{milliseconds{10}, 1}}, 129, ExitClass::own, 1},
        ExitCase{"the stop signal 19 s ago", {{seconds{19}, 15}}, 1, ExitClass::outside, 15},
        ExitCase{"the stop signal 21 s ago", {{seconds{21}, 15}}, 1, ExitClass::own, 0},
        ExitCase{"KILL 21 s ago", {{seconds{21}, 9}}, 137, ExitClass::own, 0}));

TEST(ModelExit, AKillBeforeTheStartDoesNotCount) {
    Row row = running_row();
    row.kill("d1", 9);
    row.die("d1", 137);
    row.tell_crashes();
    row.start("d1");
    row.die("d1", 1);
    EXPECT_EQ(last_exit(row).signal, 0);
}

TEST(ModelExit, ALongerGraceLetsAnOlderKillCount) {
    Row row = running_row();
    row.record.stop_timeout = seconds{60};
    row.kill("d1", 15);
    row.pass(seconds{65});
    row.die("d1", 0);
    EXPECT_EQ(last_exit(row).by, ExitClass::outside);
}

TEST(ModelExit, TheImagesStopSignalIsWhatCounts) {
    Row row = running_row();
    row.record.status.stop_signal = 3;
    row.kill("d1", 15);
    row.die("d1", 1);
    EXPECT_EQ(last_exit(row).by, ExitClass::own);
    row.tell_crashes();
    row.start("d1");
    row.kill("d1", 3);
    row.die("d1", 0);
    EXPECT_EQ(last_exit(row).by, ExitClass::outside);
}

TEST(ModelExit, AStopOfOursIsOurs) {
    Row row = running_row();
    row.ask(Operation::stop).value();
    row.stop("d1", Purpose::stop, 143);
    EXPECT_EQ(last_exit(row).by, ExitClass::ours);
    EXPECT_TRUE(row.status().pending.empty());
    EXPECT_TRUE(row.status().backoff.empty());
    EXPECT_EQ(row.status().run_ended, 0u);
    EXPECT_EQ(row.state(), State::stopped);
}

TEST(ModelExit, ACrashBeforeTheStopOfOursWasCommittedIsACrash) {    // walk 15
    Row row = running_row();
    EngineEvent die;
    die.type = Type::die;
    die.docker_id = "d1";
    die.time = row.moment.now + milliseconds{1};
    die.exit_code = 1;
    row.ask(Operation::stop).value();
    row.pass(milliseconds{10});
    row.intend(Step::stop, "d1", Purpose::stop);
    row.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_event(record, die, out, moment);
    });
    EXPECT_EQ(last_exit(row).by, ExitClass::own);
    row.tell_crashes();
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
}

TEST(ModelExit, ARemoveOfOursIsOursToo) {
    Row row = running_row();
    row.ask(Operation::remove).value();
    row.intend(Step::remove, "d1");
    row.kill("d1", 9);
    row.die("d1", 137);
    EXPECT_EQ(last_exit(row).by, ExitClass::ours);
}

// -- what the 250 ms change ----------------------------------------------------------------------------------

TEST(ModelExitWindow, AStopWithin250MsTakesTheCountedTryBack) {
    Row row = running_row();
    row.die("d1", 1);
    EXPECT_EQ(row.status().backoff.at(BackoffKind::run).tries, 1);
    row.pass(milliseconds{240});
    row.event(Type::stop, "d1");
    EXPECT_TRUE(row.status().backoff.empty());
    EXPECT_EQ(last_exit(row).by, ExitClass::outside);
    EXPECT_EQ(row.status().ended_by, "StoppedOutside");
    row.tell_crashes();
    EXPECT_TRUE(row.all("container_crashed").empty());
}

TEST(ModelExitWindow, AStopLaterThan250MsChangesNothing) {
    Row row = running_row();
    row.die("d1", 1);
    row.pass(milliseconds{251});
    row.event(Type::stop, "d1");
    EXPECT_EQ(row.status().backoff.at(BackoffKind::run).tries, 1);
    row.tell_crashes();
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
}

TEST(ModelExitWindow, TheStopEventOfAStopOfOursTakesNothingBack) {
    Row row = running_row();
    row.ask(Operation::restart).value();
    row.intend(Step::stop, "d1", Purpose::restart);
    row.die("d1", 0);
    row.change([](Record& record, Changes&, const Moment&) { model::clear_intention(record); });
    row.start("d1");
    row.die("d1", 1);
    row.event(Type::stop, "d1");    // the late one of our stop
    EXPECT_EQ(row.status().backoff.at(BackoffKind::run).tries, 1);
    row.tell_crashes();
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
}

TEST(ModelExitWindow, DestroyAfterKillIsRemovedOutside) {
    Row row = running_row();
    row.kill("d1", 9);
    row.die("d1", 137);
    row.event(Type::destroy, "d1");
    EXPECT_EQ(row.status().ended_by, "RemovedOutside");
    EXPECT_TRUE(row.status().backoff.empty());
    row.tell_crashes();
    EXPECT_TRUE(row.all("container_crashed").empty());
}

TEST(ModelExitWindow, DestroyWithoutKillLeavesTheCrash) {
    Row row = running_row();
    row.die("d1", 1);
    row.event(Type::destroy, "d1");
    row.tell_crashes();
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
}

TEST(ModelExitWindow, KillWithoutDestroyIsACrashWithItsSignal) {
    Row row = running_row();
    row.kill("d1", 9);
    row.die("d1", 137);
    row.tell_crashes();
    const auto crashes = row.all("container_crashed");
    ASSERT_EQ(crashes.size(), 1u);
    EXPECT_EQ(crashes[0]["signal"], "SIGKILL");
    EXPECT_EQ(crashes[0]["exit_code"], 137);
    EXPECT_EQ(crashes[0]["oom_killed"], false);
}

TEST(ModelExitWindow, SeenGoneWithoutItsDestroyIsAsGoodAsOne) {
    Row row = running_row();
    row.kill("d1", 9);
    row.die("d1", 137);
    row.change([](Record& record, Changes& out, const Moment& moment) {
        model::record_vanished(record, "d1", out, moment);
    });
    row.tell_crashes();
    EXPECT_TRUE(row.all("container_crashed").empty());
    EXPECT_EQ(row.status().ended_by, "RemovedOutside");
}

TEST(ModelExitWindow, TheCrashIsToldAfter250MsAndNotBefore) {
    Row row = running_row();
    row.die("d1", 1);
    const Time due = model::crash_due(row.record);
    EXPECT_GT(due - row.moment.now, milliseconds{250});
    row.change([](Record& record, Changes& out, const Moment& moment) {
        model::tell_crashes(record, {}, false, out, moment);
    });
    EXPECT_TRUE(row.all("container_crashed").empty());
    row.moment.now = due;
    row.change([](Record& record, Changes& out, const Moment& moment) {
        model::tell_crashes(record, {}, false, out, moment);
    });
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
    EXPECT_EQ(model::crash_due(row.record), Time{});
}

}  // namespace
}  // namespace flow::domain::test
