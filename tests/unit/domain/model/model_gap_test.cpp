// Out of memory, and what is read after a gap in the stream (model 3).
#include <gtest/gtest.h>

#include "unit/domain/model/row.hpp"

namespace flow::domain::test {
namespace {

using Type = EngineEvent::Type;

const LastExit& last_exit(const Row& row) { return row.status().last_exit.value(); }

// -- out of memory -------------------------------------------------------------------------------------------

struct OomCase {
    const char* what;
    Duration before;        ///< the oom event before the die; 0: none
    int killed_by;          ///< a kill event beside it; 0: none
    int code;
    bool oom;
};

void PrintTo(const OomCase& row, std::ostream* out) { *out << row.what; }

class ModelOom : public testing::TestWithParam<OomCase> {};

TEST_P(ModelOom, IsTold) {
    Row row = running_row();
    row.pass(std::chrono::hours{1});
    if (GetParam().before != Duration{0}) {
        row.event(Type::oom, "d1");
        row.pass(GetParam().before - milliseconds{GetParam().killed_by == 0 ? 1 : 2});
    }
    if (GetParam().killed_by != 0) {
        row.kill("d1", GetParam().killed_by);
    }
    row.die("d1", GetParam().code);
    EXPECT_EQ(last_exit(row).oom, GetParam().oom);
    EXPECT_EQ(row.status().ended_by, GetParam().oom ? "OOMKilled" : "");
}

INSTANTIATE_TEST_SUITE_P(Table, ModelOom,
                         testing::Values(OomCase{"5 s before", seconds{5}, 0, 137, true},
                                         OomCase{"longer before", milliseconds{5001}, 0, 137, false},
                                         OomCase{"none", Duration{0}, 0, 137, false},
                                         OomCase{"another code", seconds{1}, 0, 1, false},
                                         OomCase{"killed by hand", seconds{1}, 9, 137, false}));

// -- walk 10 and gaps ----------------------------------------------------------------------------------------

TEST(ModelWalks, HupAsAReloadThenACrashThreeDaysLater) {
    Row row = running_row();
    row.kill("d1", 1);
    row.pass(std::chrono::days{3});
    row.die("d1", 1);
    row.tell_crashes();
    const auto crashes = row.all("container_crashed");
    ASSERT_EQ(crashes.size(), 1u);
    EXPECT_TRUE(crashes[0]["signal"].is_null());
}

TEST(ModelWalks, TwoExitsInOneGapAreTwoFacts) {
    Row row = running_row();
    row.die("d1", 0);       // from the ring
    row.pass(seconds{2});
    row.event(Type::start, "d1");
    row.pass(seconds{2});
    row.die("d1", 137);
    int exits = 0;
    for (const EventDraft& event : row.out.events) {
        exits += event.kind == LogKind::fact && event.type == "exit" ? 1 : 0;
    }
    EXPECT_EQ(exits, 2);
    row.tell_crashes();
    EXPECT_EQ(row.all("container_crashed").size(), 1u) << "code 0 is never a crash";
}

TEST(ModelGap, AnExitOfAnEngineThatStayedIsItsOwn) {
    Row row = running_row();
    const Time started = row.status().periods.at("d1").start;
    row.snapshot({seen_exited("d1", started, row.moment.now, 2)}, true);
    EXPECT_EQ(last_exit(row).by, ExitClass::own);
    row.tell_crashes();
    EXPECT_EQ(row.all("container_crashed").size(), 1u);
}

TEST(ModelGap, AnExitOfARestartedEngineIsFromOutside) {             // walk 11
    Row row = running_row();
    const Time started = row.status().periods.at("d1").start;
    row.snapshot({seen_exited("d1", started, row.moment.now, 137)}, false);
    EXPECT_EQ(last_exit(row).by, ExitClass::outside);
    EXPECT_EQ(row.status().ended_by, "EngineRestarted");
    EXPECT_TRUE(row.status().backoff.empty());
    EXPECT_NE(row.status().need_ping, Time{});
    row.tell_crashes();
    EXPECT_TRUE(row.all("container_crashed").empty());
}

TEST(ModelGap, AnExitThatOurStopBroughtIsOurs) {
    Row row = running_row();
    const Time started = row.status().periods.at("d1").start;
    row.ask(Operation::stop).value();
    row.intend(Step::stop, "d1", Purpose::stop);
    row.pass(seconds{1});
    row.snapshot({seen_exited("d1", started, row.moment.now, 0)}, true);
    EXPECT_EQ(last_exit(row).by, ExitClass::ours);
}

TEST(ModelGap, AnOlderObservationNeverOverwritesANewerFact) {
    Row row = running_row();
    const Time started = row.status().periods.at("d1").start;
    model::Snapshot snapshot;
    snapshot.observed_at = started - milliseconds{1};
    snapshot.containers = {seen_exited("d1", started - seconds{9}, started - seconds{5}, 1)};
    row.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_snapshot(record, snapshot, out, moment);
    });
    EXPECT_TRUE(row.status().periods.at("d1").open);
    EXPECT_FALSE(row.status().last_exit);
}

TEST(ModelGap, AStartThatNobodySawIsRecorded) {
    Row row = running_row();
    row.die("d1", 1);
    row.tell_crashes();
    row.intend(Step::start, "d1");
    row.pass(seconds{1});
    row.snapshot({seen_running("d1", row.moment.now)}, true);
    EXPECT_TRUE(row.status().periods.at("d1").open);
    EXPECT_FALSE(row.status().intention) << "the start in hand is done";
    EXPECT_EQ(row.state(), State::running);
}

TEST(ModelGap, RanThroughNeedsTheSameProcess) {
    Row row = running_row();
    const Time started = row.status().periods.at("d1").start;
    EXPECT_TRUE(model::ran_through(row.record, {seen_running("d1", started)}));
    EXPECT_FALSE(model::ran_through(row.record, {seen_running("d1", started + seconds{1})}));
    EXPECT_FALSE(model::ran_through(row.record, {seen_exited("d1", started, started, 0)}));
    EXPECT_FALSE(model::ran_through(row.record, {seen_running("d2", started)}));
}

}  // namespace
}  // namespace flow::domain::test
