// What time, health and pull policies make of a plan (contract 2, model 8).
#include <gtest/gtest.h>

#include "domain/model/facts.hpp"
#include "domain/model/steps.hpp"
#include "unit/reconciler/scene.hpp"

namespace flow::reconciler::test {
namespace {

using Kind = Action::Kind;

Spec job_spec() {
    Spec spec = domain::test::plain_spec();
    spec.kind = domain::Kind::job;
    spec.restart.max_retries = 0;
    return spec;
}

void health(Scene& scene, const std::string& value) {
    const std::string id = scene.main_id();
    scene.row.change([&](domain::Record& record, domain::Changes& out,
                         const domain::Moment& moment) {
        domain::model::record_health(record, {id, value, moment.now}, out);
    });
}

TEST(PlanJobs, AJobThatIsOverWaitsForItsTimeAndGoes) {
    Scene scene = running_scene(job_spec());
    scene.exits(scene.main_id(), 0);
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Kind::wait);
    EXPECT_EQ(scene.next()->until, scene.row.status().finished_at + std::chrono::minutes{5});
    scene.row.pass(std::chrono::minutes{5});
    EXPECT_EQ(scene.text(),
              "#1 ExpireJob web: it was kept long enough\n"
              "#2 RemoveContainer web: deletion was asked for\n"
              "#3 CleanVolumes web: deletion was asked for\n"
              "#4 CleanSocket web: deletion was asked for\n"
              "#5 DeleteRow web: everything is clean\n");
}

TEST(PlanJobs, TheDeadlineEndsItsProcess) {
    Spec spec = job_spec();
    spec.job.active_deadline = seconds{10};
    Scene scene = running_scene(spec);
    EXPECT_EQ(scene.next()->kind, Kind::wait);
    scene.row.pass(seconds{10});
    EXPECT_EQ(scene.next()->kind, Kind::deadline_passed);
    scene.run(1);
    EXPECT_EQ(scene.next()->kind, Kind::stop);
}

TEST(PlanJobs, AQueuedJobIsNotEvenCreated) {
    Scene scene{DesiredState::running, job_spec()};
    scene.row.record.status.queued = true;
    scene.row.record.status.observed_generation = 1;
    EXPECT_FALSE(scene.next());
    scene.row.record.status.queued = false;
    EXPECT_EQ(scene.next()->kind, Kind::create);
}

TEST(PlanHealth, UnhealthyIsLookedAtOnceAndThenLeft) {
    Scene scene = running_scene();
    health(scene, "unhealthy");
    EXPECT_EQ(scene.text(), "#1 ReadHealth web: it became unhealthy\n");
    scene.run();
    EXPECT_EQ(scene.text(), "");
}

TEST(PlanHealth, OrRestarted) {
    Spec spec = domain::test::plain_spec();
    spec.healthcheck.edit().on_unhealthy = domain::OnUnhealthy::restart;
    Scene scene = running_scene(spec);
    health(scene, "unhealthy");
    scene.run(1);
    EXPECT_EQ(scene.next()->kind, Kind::stop);
    EXPECT_EQ(scene.next()->purpose, domain::Purpose::unhealthy);
}

TEST(PlanImages, AlwaysPullsOncePerGeneration) {
    Spec spec = domain::test::plain_spec();
    spec.pull_policy = domain::PullPolicy::always;
    Scene scene{DesiredState::running, spec};
    EXPECT_EQ(scene.text(),
              "#1 PullImage web busybox: pull_policy is always\n"
              "#2 CreateContainer web as flow-web: declared\n"
              "#3 StartContainer web: run 1 is wanted\n");
    scene.run();
    scene.outside_remove(scene.main_id());
    scene.ping();
    EXPECT_EQ(scene.next()->kind, Kind::gone_containers);
    scene.run(1);
    EXPECT_EQ(scene.next()->kind, Kind::create) << "not pulled by itself again";
}

Scene always_scene() {
    Spec spec = domain::test::plain_spec();
    spec.pull_policy = domain::PullPolicy::always;
    Scene scene = running_scene(spec);
    scene.row.record.status.image_id = "sha256:1";
    return scene;
}

/// What the pull in hand has brought.
void pulled(Scene& scene, const std::string& image_id) {
    const auto run = scene.row.record.restart_run;
    scene.row.change([&](domain::Record& record, domain::Changes& out, const domain::Moment& moment) {
        domain::model::record_pulled(record, {1, run, image_id}, nullptr, out, moment);
    });
}

TEST(PlanImages, ARestartPullsFirst) {
    Scene scene = always_scene();
    scene.row.ask(Operation::restart).value();
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(render(*scene.next(), "web", 1),
              "#1 PullImage web busybox: a restart was asked for, and pull_policy is always");
    scene.pulling = 1;
    EXPECT_FALSE(scene.next()) << "the old one runs on meanwhile";
    scene.pulling = 0;
    pulled(scene, "sha256:1");
    EXPECT_EQ(scene.text(),
              "#1 StopContainer web: a restart was asked for\n"
              "#2 StopDone web: its process is gone\n"
              "#3 StartContainer web: run 2 is wanted\n");
}

TEST(PlanImages, ARestartThatPulledAnotherImageIsAReplace) {
    Scene scene = always_scene();
    const std::string old = scene.main_id();
    scene.row.ask(Operation::restart).value();
    pulled(scene, "sha256:2");
    EXPECT_EQ(scene.text(),
              "#1 CreateContainer web as flow-c0ffee.next: image busybox was pulled and is another one\n"
              "#2 StopContainer web: image busybox was pulled and is another one\n"
              "#3 StopDone web: its process is gone\n"
              "#4 RenameContainer web as flow-c0ffee.prev: the new one takes its name\n"
              "#5 RenameContainer web as flow-web: it takes the name of the old one\n"
              "#6 StartContainer web: image busybox was pulled and is another one\n"
              "#7 Wait web: watched\n"
              "#8 KeepNew web: it stayed up\n"
              "#9 RemoveContainer web: the new one is kept\n"
              "#10 ReplaceDone web: the old one is gone\n");
    scene.run();
    EXPECT_NE(scene.main_id(), old);
    EXPECT_EQ(scene.row.record.status.active_generation, 1u);
    EXPECT_FALSE(scene.row.record.status.renew);
    EXPECT_FALSE(scene.next());
}

TEST(PlanImages, OneWhoseImageCannotBePulledRunsOnAndIsCaredFor) {
    Scene scene = always_scene();
    scene.row.ask(Operation::restart).value();
    domain::Error error;
    error.engine = domain::EngineFailure::retryable;
    scene.row.change([&](domain::Record& record, domain::Changes& out, const domain::Moment& moment) {
        domain::model::record_pulled(record, {1, 2, ""}, &error, out, moment);
    });
    EXPECT_TRUE(scene.row.record.open.empty()) << "the restart has failed";
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Kind::wait);
    scene.exits(scene.main_id(), 1);
    scene.ping();
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Kind::start);
    EXPECT_EQ(scene.next()->run, 1u) << "the run that was there; the restart is still to come";
}

TEST(PlanImages, WhatIsGoneBackToIsMadeOfItsOwnImage) {
    Scene scene = always_scene();
    scene.row.ask(Operation::restart).value();
    pulled(scene, "sha256:2");
    scene.run(6);
    ASSERT_TRUE(scene.containers.at(scene.row.record.status.next_id).running);
    const std::string next = scene.row.record.status.next_id;
    ASSERT_FALSE(next.empty());
    scene.exits(next, 1);
    scene.run();
    EXPECT_EQ(scene.row.record.status.reason, "UpdateFailed");
    scene.outside_remove(scene.main_id());
    scene.run(1);
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Kind::create);
    EXPECT_EQ(scene.next()->subject, "sha256:1");
}

TEST(PlanImages, ABadImageDoesNotBringBackANewerSpecThatHasFailed) {
    Scene scene = always_scene();
    scene.row.update([](Spec& spec) { spec.command = std::vector<std::string>{"other"}; }).value();
    scene.row.change([&](domain::Record& record, domain::Changes& out, const domain::Moment& moment) {
        domain::model::record_pulled(record, {2, 0, "sha256:1"}, nullptr, out, moment);
    });
    scene.run(6);
    scene.exits(scene.row.record.status.next_id, 1);
    scene.run();
    EXPECT_EQ(scene.row.record.status.failed_generation, 2u);
    scene.row.ask(Operation::restart).value();
    pulled(scene, "sha256:2");
    scene.run(6);
    ASSERT_TRUE(scene.containers.at(scene.row.record.status.next_id).running);
    ASSERT_FALSE(scene.row.record.status.next_id.empty());
    scene.exits(scene.row.record.status.next_id, 1);
    scene.run();
    EXPECT_EQ(scene.row.record.status.failed_generation, 2u);
    EXPECT_EQ(scene.row.record.status.active_generation, 1u);
    EXPECT_FALSE(scene.next()) << "nothing is tried again before the next generation";
}

TEST(PlanImages, AStartOvertakesThePullOfARestart) {
    Scene scene = always_scene();
    scene.row.ask(Operation::restart).value();
    scene.row.ask(Operation::stop).value();
    scene.row.ask(Operation::start).value();
    EXPECT_EQ(scene.text(),
              "#1 StopContainer web: a restart was asked for\n"
              "#2 StopDone web: its process is gone\n"
              "#3 StartContainer web: run 3 is wanted\n");
}

TEST(PlanImages, NeverIsAnError) {
    Spec spec = domain::test::plain_spec();
    spec.pull_policy = domain::PullPolicy::never;
    Scene scene{DesiredState::running, spec};
    scene.missing_images = {"busybox"};
    EXPECT_EQ(scene.next()->kind, Kind::no_image);
}

TEST(PlanConcurrency, AStopWithTimeoutZeroCutsTheOneInHandShort) {
    Scene scene = running_scene();
    const std::string id = scene.main_id();
    ASSERT_TRUE(scene.row.ask(Operation::stop));
    scene.row.intend(domain::Step::stop, id, domain::Purpose::stop);
    scene.stop_in_hand = true;
    EXPECT_FALSE(scene.next());
    ASSERT_TRUE(scene.row.ask(Operation::stop, [](domain::Request& request) {
        request.timeout = domain::Duration{0};
    }));
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Kind::cut_short);
    EXPECT_EQ(scene.next()->purpose, domain::Purpose::stop);
}

}  // namespace
}  // namespace flow::reconciler::test
