// Health as probes tell it, and what on_unhealthy and an update's window make of it (contract 3, model 5).
#include <gtest/gtest.h>

#include "domain/model/facts.hpp"
#include "unit/domain/model/row.hpp"

namespace flow::domain::test {
namespace {

void health(Row& row, const std::string& docker_id, const std::string& value) {
    row.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_health(record, {docker_id, value, moment.now}, out);
    });
}

void warn(Row& row, const std::string& docker_id) {
    Observed seen;
    seen.docker_id = docker_id;
    seen.failing_streak = 3;
    seen.health_output = "connection refused";
    row.change([&](Record& record, Changes& out, const Moment&) {
        model::record_health_warning(record, seen, out);
    });
}

Spec restarting_spec(Restart::Policy policy = Restart::Policy::on_failure) {
    Spec spec = spec_with_restart(policy);
    spec.healthcheck.edit().test = {"CMD", "true"};
    spec.healthcheck.edit().on_unhealthy = OnUnhealthy::restart;
    return spec;
}

TEST(ModelHealth, EachChangeIsTold) {
    Row row = running_row();
    row.told();
    health(row, "d1", "starting");
    health(row, "d1", "healthy");
    health(row, "d1", "healthy");
    EXPECT_EQ(row.told(), (std::vector<std::string>{"status_changed", "status_changed"}));
    EXPECT_EQ(row.status().health, "healthy");
    EXPECT_EQ(row.state(), State::running);
    EXPECT_EQ(row.reason(), "");
}

TEST(ModelHealth, UnhealthyIsAWarningWithTheProbesOutputOnce) {
    Row row = running_row();
    health(row, "d1", "unhealthy");
    EXPECT_EQ(row.state(), State::running);
    EXPECT_EQ(row.reason(), "Unhealthy");
    warn(row, "d1");
    warn(row, "d1");
    const auto warnings = row.all("container_health_warning");
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0].at("output"), "connection refused");
    EXPECT_EQ(warnings[0].at("failing_streak"), 3);
    health(row, "d1", "healthy");
    EXPECT_EQ(row.reason(), "");
}

TEST(ModelHealth, AnEndedProcessHasNone) {
    Row row = running_row();
    health(row, "d1", "unhealthy");
    row.die("d1", 0);
    EXPECT_EQ(row.status().health, "none");
    health(row, "d1", "healthy");
    EXPECT_EQ(row.status().health, "none") << "an event that came late says nothing";
}

TEST(ModelHealth, ARestartByHealthcheckIsOursAndCountsAsAFailure) {
    Row row = running_row(restarting_spec());
    health(row, "d1", "unhealthy");
    row.stop("d1", Purpose::unhealthy, 0);
    row.tell_crashes();
    EXPECT_TRUE(row.all("container_crashed").empty());
    EXPECT_EQ(row.status().backoff.at(BackoffKind::run).tries, 1);
    EXPECT_EQ(row.state(), State::restarting);
    EXPECT_EQ(row.reason(), "Unhealthy");
    row.start("d1");
    health(row, "d1", "unhealthy");
    row.stop("d1", Purpose::unhealthy, 143);
    EXPECT_EQ(row.reason(), "CrashLoopBackOff");
    EXPECT_GT(row.status().backoff.at(BackoffKind::run).next, row.moment.now);
}

TEST(ModelHealth, WithoutFurtherTriesItEndsInError) {
    Row row = running_row(restarting_spec(Restart::Policy::no));
    health(row, "d1", "unhealthy");
    row.stop("d1", Purpose::unhealthy, 0);
    EXPECT_EQ(row.state(), State::error);
    EXPECT_EQ(row.reason(), "Unhealthy");
}

TEST(ModelHealth, AStopThatWasAskedForMeanwhileCountsAsAStop) {
    Row row = running_row(restarting_spec());
    health(row, "d1", "unhealthy");
    row.intend(Step::stop, "d1", Purpose::unhealthy);
    ASSERT_TRUE(row.ask(Operation::stop));
    row.die("d1", 143);
    EXPECT_EQ(row.state(), State::stopped);
    EXPECT_FALSE(row.status().backoff.contains(BackoffKind::run));
}

Row updating_row(OnFailure on_failure) {
    Row row = running_row();
    EXPECT_TRUE(row.update([&](Spec& spec) {
        spec.image = "busybox:2";
        spec.update.on_failure = on_failure;
    }));
    row.create("d2", Role::next);
    row.stop("d1", Purpose::update);
    row.start("d2");
    return row;
}

TEST(ModelHealth, UnhealthyWithinTheWindowRollsBack) {
    Row row = updating_row(OnFailure::rollback);
    health(row, "d2", "unhealthy");
    EXPECT_EQ(row.status().verdict, Verdict::roll_back);
    EXPECT_EQ(row.outcome("r2"), Outcome::failed);
}

TEST(ModelHealth, OrLeavesItWithOnFailurePause) {
    Row row = updating_row(OnFailure::pause);
    health(row, "d2", "unhealthy");
    EXPECT_EQ(row.status().verdict, Verdict::keep);
    EXPECT_EQ(row.status().docker_id, "d2");
    EXPECT_EQ(row.status().active_generation, 2u);
    EXPECT_EQ(row.outcome("r2"), Outcome::failed);
    EXPECT_EQ(row.state(), State::running);
    EXPECT_EQ(row.reason(), "Unhealthy");
}

TEST(ModelHealth, APausedUpdateThatEndedStaysInErrorUntilAStart) {
    Row row = updating_row(OnFailure::pause);
    row.die("d2", 3);
    row.tell_crashes();
    EXPECT_EQ(row.state(), State::error);
    EXPECT_EQ(row.reason(), "UpdateFailed");
    EXPECT_EQ(row.outcome("r2"), Outcome::failed);
    ASSERT_TRUE(row.ask(Operation::start));
    EXPECT_EQ(row.state(), State::starting);
}

}  // namespace
}  // namespace flow::domain::test
