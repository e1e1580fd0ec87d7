// The plan as golden text: what follows for each request, step by step (model 4 and 7).
#include <gtest/gtest.h>

#include "unit/reconciler/scene.hpp"

namespace flow::reconciler::test {
namespace {

TEST(PlanText, CreateAndStart) {
    Scene scene{DesiredState::running};
    EXPECT_EQ(scene.text(),
              "#1 CreateContainer web as flow-web: declared\n"
              "#2 StartContainer web: run 1 is wanted\n");
    scene.run();
    EXPECT_EQ(scene.text(), "");
}

TEST(PlanText, CreateAlone) {
    Scene scene{DesiredState::created};
    EXPECT_EQ(scene.text(), "#1 CreateContainer web as flow-web: declared\n");
}

TEST(PlanText, CreateWithPullAndNetwork) {
    Spec spec = domain::test::plain_spec();
    spec.networking.networks = {"flow-net"};
    Scene scene{DesiredState::running, spec};
    scene.missing_images = {"busybox"};
    EXPECT_EQ(scene.text(),
              "#1 PullImage web busybox: the engine does not have it\n"
              "#2 EnsureNetwork web flow-net: the spec names it\n"
              "#3 CreateContainer web as flow-web: declared\n"
              "#4 StartContainer web: run 1 is wanted\n");
}

TEST(PlanText, APullInHandIsWaitedForAndNotAskedForTwice) {
    Scene scene{DesiredState::running};
    scene.missing_images = {"busybox"};
    scene.pulling = 1;
    EXPECT_EQ(scene.text(),
              "#1 ObserveGeneration web: nothing to do for this generation\n"
              "#2 Wait web: its image is being pulled\n"
              "#3 CreateContainer web as flow-web: declared\n"
              "#4 StartContainer web: run 1 is wanted\n");
    scene.row.record.status.observed_generation = 1;
    EXPECT_FALSE(scene.next());
}

TEST(PlanText, PortsThatTheEngineChooses) {
    Spec spec = domain::test::plain_spec();
    domain::Port port;
    port.container = 80;
    spec.ports = {port};
    Scene scene = running_scene(spec);
    scene.row.record.status.ports_pending = true;
    EXPECT_EQ(scene.text(), "#1 ReadPorts web: the engine chose its ports\n");
}

TEST(PlanText, BeyondADependencyThatIsWaitedFor) {
    Scene scene{DesiredState::running};
    scene.row.record.status.waiting_for = "db";
    EXPECT_EQ(render(plan_on(scene.input(), 16), "web"),
              "#1 CreateContainer web as flow-web: declared\n"
              "#2 Wait web: db does not run yet\n"
              "#3 StartContainer web: run 1 is wanted\n");
    EXPECT_EQ(plan_on(scene.input(), 1).size(), 1U);
    scene.row.record.status.waiting_for = "";
    EXPECT_EQ(render(plan_on(scene.input(), 16), "web"), scene.text());
}

TEST(PlanText, Stop) {
    Scene scene = running_scene();
    scene.row.ask(Operation::stop).value();
    EXPECT_EQ(scene.text(),
              "#1 StopContainer web: it should not run\n"
              "#2 StopDone web: its process is gone\n");
}

TEST(PlanText, AStopInHandGoesOn) {
    Scene scene = running_scene();
    scene.row.ask(Operation::stop).value();
    scene.row.intend(domain::Step::stop, scene.main_id(), domain::Purpose::stop);
    scene.stop_in_hand = true;
    EXPECT_FALSE(scene.next());
    EXPECT_EQ(scene.text(),
              "#1 Wait web: a stop is in hand\n"
              "#2 StopDone web: its process is gone\n");
}

TEST(PlanText, AStopOfADaemonThatWasKilledIsAskedForAgain) {
    Scene scene = running_scene();
    scene.row.ask(Operation::stop).value();
    scene.row.intend(domain::Step::stop, scene.main_id(), domain::Purpose::stop);
    EXPECT_EQ(scene.text(),
              "#1 StopContainer web: it should not run\n"
              "#2 StopDone web: its process is gone\n");
}

TEST(PlanText, Restart) {
    Scene scene = running_scene();
    scene.row.ask(Operation::restart).value();
    EXPECT_EQ(scene.text(),
              "#1 StopContainer web: a restart was asked for\n"
              "#2 StopDone web: its process is gone\n"
              "#3 StartContainer web: run 2 is wanted\n");
}

TEST(PlanText, StartAfterAStop) {
    Scene scene = stopped_scene();
    EXPECT_EQ(scene.text(), "");
    scene.row.ask(Operation::start).value();
    EXPECT_EQ(scene.text(), "#1 StartContainer web: run 2 is wanted\n");
}

TEST(PlanText, AStartInHandOfADaemonThatWasKilled) {
    Scene scene{DesiredState::running};
    scene.run(1);
    scene.row.intend(domain::Step::start, scene.main_id());
    EXPECT_EQ(scene.text(), "#1 StartContainer web: run 1 is wanted\n") << "an engine takes it twice";
}

// -- delete (model 7) ----------------------------------------------------------------------------------------

TEST(PlanText, Delete) {
    Scene scene = running_scene();
    scene.row.ask(Operation::remove).value();
    EXPECT_EQ(scene.text(),
              "#1 StopContainer web: deletion was asked for\n"
              "#2 StopDone web: its process is gone\n"
              "#3 RemoveContainer web: deletion was asked for\n"
              "#4 CleanVolumes web: deletion was asked for\n"
              "#5 CleanSocket web: deletion was asked for\n"
              "#6 DeleteRow web: everything is clean\n");
}

TEST(PlanText, DeleteWithForce) {
    Scene scene = running_scene();
    scene.row.ask(Operation::remove, [](auto& request) { request.force = true; }).value();
    EXPECT_EQ(scene.text(),
              "#1 KillContainer web: deletion was asked for\n"
              "#2 StopDone web: its process is gone\n"
              "#3 RemoveContainer web: deletion was asked for\n"
              "#4 CleanVolumes web: deletion was asked for\n"
              "#5 CleanSocket web: deletion was asked for\n"
              "#6 DeleteRow web: everything is clean\n");
}

TEST(PlanText, DeleteWithForceCutsAStopShort) {
    Scene scene = running_scene();
    scene.row.ask(Operation::stop).value();
    scene.row.intend(domain::Step::stop, scene.main_id(), domain::Purpose::stop);
    scene.stop_in_hand = true;
    scene.row.ask(Operation::remove, [](auto& request) { request.force = true; }).value();
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(render(*scene.next(), "web", 1), "#1 KillContainer web: deletion with force");
    scene.row.record.status.intention->cut_short = true;
    EXPECT_FALSE(scene.next()) << "once";
}

TEST(PlanText, DeleteDuringAPullWaitsForNothing) {                  // walk 7
    Scene scene{DesiredState::running};
    scene.missing_images = {"busybox"};
    scene.pulling = 1;
    scene.row.ask(Operation::remove).value();
    EXPECT_EQ(scene.text(),
              "#1 CleanVolumes web: deletion was asked for\n"
              "#2 CleanSocket web: deletion was asked for\n"
              "#3 DeleteRow web: everything is clean\n");
}

TEST(PlanText, DeleteInAReplaceTakesBoth) {
    Scene scene = running_scene();
    scene.row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    scene.run(6);
    scene.row.ask(Operation::remove).value();
    int removes = 0;
    for (const Action& action : scene.plan()) {
        removes += action.kind == Action::Kind::remove ? 1 : 0;
    }
    EXPECT_EQ(removes, 2);
}

// -- waits ---------------------------------------------------------------------------------------------------

TEST(PlanText, ADependencyIsWaitedForBeforeTheStart) {
    Scene scene{DesiredState::running};
    scene.row.record.status.waiting_for = "db";
    EXPECT_EQ(scene.text(),
              "#1 CreateContainer web as flow-web: declared\n"
              "#2 Wait web: db does not run yet\n");
    scene.run();
    scene.row.record.status.waiting_for = "";
    EXPECT_EQ(scene.text(), "#1 StartContainer web: run 1 is wanted\n");
}

TEST(PlanText, ABackoffIsShownAndEndsThePlan) {
    Scene scene = running_scene();
    scene.exits(scene.main_id(), 1);
    EXPECT_EQ(scene.text(), "#1 StartContainer web: it ended with code 1, try 1\n");
    scene.run();
    scene.exits(scene.main_id(), 1);
    EXPECT_EQ(scene.text(), "#1 Wait web: backoff\n");
    EXPECT_EQ(scene.plan().at(0).until,
              scene.row.record.status.backoff.at(domain::BackoffKind::run).next);
    scene.row.pass(seconds{11});
    EXPECT_EQ(scene.text(), "#1 StartContainer web: it ended with code 1, try 2\n");
}

TEST(PlanText, ANameThatAnotherOneOfOursHasIsWaitedFor) {
    Scene scene{DesiredState::running};
    scene.name_wait = scene.row.moment.now + seconds{5};
    EXPECT_EQ(scene.text(), "#1 Wait web: another one of ours has the name\n");
    scene.row.pass(seconds{6});
    EXPECT_EQ(scene.text(),
              "#1 CreateContainer web as flow-web: declared\n"
              "#2 StartContainer web: run 1 is wanted\n");
}

TEST(PlanText, AFailedStepIsTriedAgainAfterItsBackoff) {
    Scene scene = running_scene();
    scene.row.ask(Operation::stop).value();
    scene.row.intend(domain::Step::stop, scene.main_id(), domain::Purpose::stop);
    scene.row.fail(domain::Step::stop,
                   domain::test::engine_error(domain::EngineFailure::retryable));
    EXPECT_EQ(scene.text(), "#1 Wait web: backoff\n");
    scene.row.pass(seconds{2});
    EXPECT_EQ(scene.text(),
              "#1 StopContainer web: it should not run\n"
              "#2 StopDone web: its process is gone\n");
}

TEST(PlanText, AStartThatLostItsNetworkIsARecreate) {
    Scene scene{DesiredState::running};
    scene.run(1);
    scene.row.refuse_start(scene.main_id(),
                           domain::test::engine_error(domain::EngineFailure::no_such_network));
    EXPECT_EQ(scene.text(),
              "#1 RemoveContainer web: it cannot be started any more: its network is gone\n"
              "#2 CreateContainer web as flow-web: its engine container is gone\n"
              "#3 StartContainer web: run 1 is wanted\n");
}

TEST(PlanText, ThereIsALimit) {
    Scene scene = running_scene();
    scene.row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    EXPECT_EQ(scene.plan(3).size(), 3u);
    EXPECT_TRUE(scene.plan(0).empty());
}

}  // namespace
}  // namespace flow::reconciler::test
