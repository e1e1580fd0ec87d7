// What time, health and pull policies make of a plan (contract 2, model 8).
#include <gtest/gtest.h>

#include "domain/model/facts.hpp"
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
    scene.row.change([&](domain::Record& record, domain::Changes& out, const domain::Moment&) {
        domain::model::record_health(record, id, value, out);
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
    spec.healthcheck.on_unhealthy = domain::OnUnhealthy::restart;
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
