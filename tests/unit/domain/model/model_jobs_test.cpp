// Jobs (model 8) and what a dependency waits for (contract 2).
#include <gtest/gtest.h>

#include "domain/model/steps.hpp"
#include "unit/domain/model/row.hpp"

namespace flow::domain::test {
namespace {

using What = model::JobTimer::What;

Spec job_spec(int backoff_limit = 3) {
    Spec spec = spec_with_restart(Restart::Policy::on_failure, backoff_limit);
    spec.kind = Kind::job;
    return spec;
}

void deadline(Row& row) {
    row.change([](Record& record, Changes& out, const Moment&) {
        model::record_deadline(record, out);
    });
}

TEST(ModelJobs, ACompletedOneIsKeptForItsTtlAndThenMarked) {
    Row row = running_row(job_spec());
    EXPECT_FALSE(model::job_timer(row.record));
    row.die("d1", 0);
    EXPECT_EQ(row.state(), State::completed);
    const auto timer = model::job_timer(row.record);
    ASSERT_TRUE(timer);
    EXPECT_EQ(timer->what, What::expiry);
    EXPECT_EQ(timer->due, row.moment.now + std::chrono::minutes{5});
    row.change([](Record& record, Changes& out, const Moment&) {
        model::record_expired(record, out);
    });
    EXPECT_TRUE(row.record.deleted);
    EXPECT_FALSE(row.record.remove_volumes);
    EXPECT_EQ(row.state(), State::removing);
}

TEST(ModelJobs, AFailedOneIsKeptLonger) {
    Row row = running_row(job_spec(0));
    row.die("d1", 2);
    row.tell_crashes();
    EXPECT_EQ(row.state(), State::error);
    EXPECT_EQ(row.reason(), "BackoffLimitExceeded");
    const auto timer = model::job_timer(row.record);
    ASSERT_TRUE(timer);
    EXPECT_EQ(timer->due, row.status().finished_at + std::chrono::hours{1});
}

TEST(ModelJobs, TriesAreLimitedAndCountOwnExitsOnly) {
    Row row = running_row(job_spec(1));
    row.kill("d1", 15);
    row.die("d1", 143);
    EXPECT_EQ(row.state(), State::starting) << "from outside: not counted";
    row.start("d1");
    row.die("d1", 1);
    row.tell_crashes();
    EXPECT_EQ(row.state(), State::restarting);
    row.start("d1");
    row.die("d1", 1);
    row.tell_crashes();
    EXPECT_EQ(row.state(), State::error);
}

TEST(ModelJobs, OneThatMayRunOnceEndsInErrorWhoeverEndsIt) {
    Spec spec = job_spec();
    spec.restart.policy = Restart::Policy::no;
    Row row = running_row(spec);
    row.kill("d1", 15);
    row.die("d1", 143);
    EXPECT_EQ(row.state(), State::error);
    EXPECT_EQ(row.reason(), "StoppedOutside");
}

TEST(ModelJobs, TheDeadlineCountsFromTheFirstStartAndEndsInError) {
    Spec spec = job_spec();
    spec.job.active_deadline = seconds{30};
    Row row = running_row(spec);
    const Time due = row.status().started_at + seconds{30};
    row.die("d1", 1);
    row.start("d1");
    const auto timer = model::job_timer(row.record);
    ASSERT_TRUE(timer);
    EXPECT_EQ(timer->what, What::deadline);
    EXPECT_EQ(timer->due, due);
    deadline(row);
    EXPECT_EQ(row.state(), State::stopping);
    row.stop("d1", Purpose::stop, 143);
    EXPECT_EQ(row.state(), State::error);
    EXPECT_EQ(row.reason(), "DeadlineExceeded");
}

TEST(ModelJobs, AfterTheDeadlineAnEndWithZeroIsNoSuccess) {
    Spec spec = job_spec();
    spec.job.active_deadline = seconds{30};
    Row row = running_row(spec);
    deadline(row);
    row.die("d1", 0);
    EXPECT_EQ(row.state(), State::error);
    EXPECT_EQ(row.reason(), "DeadlineExceeded");
}

TEST(ModelJobs, AStoppedOneCountsAsFinished) {
    Row row = running_row(job_spec());
    ASSERT_TRUE(row.ask(Operation::stop));
    row.stop("d1", Purpose::stop);
    EXPECT_EQ(row.state(), State::stopped);
    ASSERT_TRUE(model::job_timer(row.record));
    ASSERT_TRUE(row.ask(Operation::start));
    EXPECT_FALSE(model::job_timer(row.record)) << "it is not over any more";
}

TEST(ModelJobs, ItHoldsItsTurnUntilItsProcessHasEnded) {
    Row row = running_row(job_spec());
    EXPECT_TRUE(model::holds_slot(row.record));
    row.ask(Operation::stop).value();
    EXPECT_TRUE(model::holds_slot(row.record)) << "it may take its grace";
    row.stop("d1", Purpose::stop, 143);
    EXPECT_FALSE(model::holds_slot(row.record));
}

TEST(ModelJobs, ItsSpecDoesNotChange) {
    Row row = running_row(job_spec());
    const auto refused = row.update([](Spec& spec) { spec.image = "other"; });
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().type, ErrorType::conflict_error);
    EXPECT_TRUE(row.update([](Spec&) {}).has_value());
}

TEST(ModelJobs, AContainerHasNoTimers) {
    Row row = running_row();
    row.die("d1", 0);
    EXPECT_EQ(row.state(), State::completed);
    EXPECT_FALSE(model::job_timer(row.record));
}

TEST(ModelDependencies, WhatMeetsThem) {
    using Condition = DependencyCondition;
    Row row = created_row();
    EXPECT_FALSE(model::meets(row.record, Condition::started));
    Row runs = running_row();
    EXPECT_TRUE(model::meets(runs.record, Condition::started));
    EXPECT_FALSE(model::meets(runs.record, Condition::healthy)) << "without a healthcheck: never";
    EXPECT_FALSE(model::meets(runs.record, Condition::completed));
    runs.change([](Record& record, Changes& out, const Moment& moment) {
        model::record_health(record, {"d1", "healthy", moment.now}, out);
    });
    EXPECT_TRUE(model::meets(runs.record, Condition::healthy));
    runs.die("d1", 0);
    EXPECT_TRUE(model::meets(runs.record, Condition::completed));
    EXPECT_TRUE(model::meets(runs.record, Condition::started)) << "it has done what it was for";
    EXPECT_FALSE(model::meets(runs.record, Condition::healthy));
    ASSERT_TRUE(runs.ask(Operation::remove));
    EXPECT_FALSE(model::meets(runs.record, Condition::completed));
}

}  // namespace
}  // namespace flow::domain::test
