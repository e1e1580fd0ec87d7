// What others do with `docker` is put right or left alone: model 11, row by row; and containers of ours that the row
// does not know (model 5, adoption).
#include <gtest/gtest.h>

#include "unit/reconciler/scene.hpp"

namespace flow::reconciler::test {
namespace {

// -- docker rm -f --------------------------------------------------------------------------------------------

TEST(Drift, RemovedWhileItShouldRunIsCreatedAndStartedInTheSameRun) {
    Scene scene = running_scene();
    scene.outside_remove(scene.main_id());
    EXPECT_EQ(scene.text(),
              "#1 ContainersGone web: the engine does not have it any more\n"
              "#2 CreateContainer web as flow-web: its engine container is gone\n"
              "#3 PingEngine web: it ended from outside; is the engine on its way down?\n"
              "#4 StartContainer web: RemovedOutside\n");
    scene.run();
    EXPECT_EQ(scene.row.record.status.run_started, 1u);
    EXPECT_EQ(scene.row.state(), domain::State::running);
}

TEST(Drift, RemovedWhileStoppedIsCreatedAndNotStarted) {
    const std::string text =
        "#1 ContainersGone web: the engine does not have it any more\n"
        "#2 CreateContainer web as flow-web: its engine container is gone\n";
    Scene stopped = stopped_scene();
    stopped.outside_remove(stopped.main_id());
    EXPECT_EQ(stopped.text(), text);

    Scene created{DesiredState::created};
    created.run();
    created.outside_remove(created.main_id());
    EXPECT_EQ(created.text(), text);
}

TEST(Drift, RemovedWhenItHasEndedIsLeftUntilTheNextStart) {
    for (Scene scene : {completed_scene(), failed_scene()}) {
        scene.outside_remove(scene.main_id());
        EXPECT_EQ(scene.text(), "#1 ContainersGone web: the engine does not have it any more\n");
        scene.run();
        scene.row.ask(Operation::start).value();
        EXPECT_EQ(scene.text(),
                  "#1 CreateContainer web as flow-web: its engine container is gone\n"
                  "#2 StartContainer web: run 2 is wanted\n");
    }
}

// -- docker start --------------------------------------------------------------------------------------------

TEST(Drift, StartedWhenItShouldNotRunIsStoppedAgain) {
    for (Scene scene : {stopped_scene(), completed_scene(), failed_scene()}) {
        scene.outside_start(scene.main_id());
        EXPECT_EQ(scene.text(),
                  "#1 StopContainer web: it should not run\n"
                  "#2 StopDone web: its process is gone\n");
    }
}

// -- docker stop ---------------------------------------------------------------------------------------------

TEST(Drift, StoppedWhileItShouldRunIsStartedAgainAfterAPing) {
    Scene scene = running_scene();
    scene.outside_stop(scene.main_id());
    EXPECT_EQ(scene.text(),
              "#1 PingEngine web: it ended from outside; is the engine on its way down?\n"
              "#2 StartContainer web: StoppedOutside\n");
    scene.row.pass(seconds{1});
    scene.ping();
    EXPECT_EQ(scene.text(), "#1 StartContainer web: StoppedOutside\n");
}

TEST(Drift, StoppedWhenItDoesNotRunIsNothing) {
    for (Scene scene : {stopped_scene(), completed_scene(), failed_scene()}) {
        scene.outside_stop(scene.main_id());
        EXPECT_EQ(scene.text(), "");
    }
}

// -- docker pause, rename ------------------------------------------------------------------------------------

TEST(Drift, PausedIsUnpaused) {
    Scene scene = running_scene();
    scene.outside_pause(scene.main_id());
    EXPECT_EQ(scene.text(), "#1 UnpauseContainer web: somebody paused it\n");
    scene.run();
    EXPECT_EQ(scene.row.reason(), "");
}

TEST(Drift, RenamedIsPutBackInAnyState) {
    for (Scene scene : {running_scene(), stopped_scene(), completed_scene(), failed_scene()}) {
        scene.outside_rename(scene.main_id(), "mine");
        EXPECT_EQ(scene.text(), "#1 RenameContainer web as flow-web: its name is mine\n");
    }
}

// -- containers that the row does not know -------------------------------------------------------------------

TEST(Drift, AnUnknownContainerIsRemoved) {
    Scene scene = running_scene();
    scene.add_container("stray", "v1:0");
    EXPECT_EQ(scene.text(), "#1 RemoveContainer web: no step of ours asked for it\n");
}

TEST(Drift, TheContainerOfACreateInHandIsAdopted) {
    Scene scene{DesiredState::running};
    scene.row.intend(domain::Step::create, "");
    scene.row.record.status.intention->hash = spec_hash(scene.row.record.spec());
    scene.add_container("lost", spec_hash(scene.row.record.spec()));
    EXPECT_EQ(scene.text(),
              "#1 AdoptContainer web: it was made by the create in hand\n"
              "#2 StartContainer web: run 1 is wanted\n");
    scene.run();
    EXPECT_EQ(scene.main_id(), "lost");
}

TEST(Drift, AnotherHashOrGenerationIsNotAdopted) {
    Scene scene{DesiredState::running};
    scene.row.intend(domain::Step::create, "");
    scene.row.record.status.intention->hash = spec_hash(scene.row.record.spec());
    scene.add_container("other", "v1:0");
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Action::Kind::remove);
    scene.containers.clear();
    scene.add_container("older", spec_hash(scene.row.record.spec()));
    scene.containers.at("older").generation = 7;
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Action::Kind::remove);
}

TEST(Drift, TheNextOneOfAReplaceIsAdoptedAsNext) {
    Scene scene = running_scene();
    scene.row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    scene.row.intend(domain::Step::create, "");
    scene.row.record.status.intention->hash = spec_hash(scene.row.record.spec());
    scene.row.record.status.intention->role = domain::Role::next;
    scene.add_container("lost", spec_hash(scene.row.record.spec()));
    scene.containers.at("lost").name = "flow-c0ffee.next";
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Action::Kind::adopt);
    scene.run();
    EXPECT_EQ(scene.main_id(), "lost");
    EXPECT_EQ(scene.containers.size(), 1u);
}

TEST(Drift, ACreateInHandWithoutItsContainerIsDoneAgain) {
    Scene scene{DesiredState::created};
    scene.row.intend(domain::Step::create, "");
    EXPECT_EQ(scene.text(), "#1 CreateContainer web as flow-web: declared\n");
}

}  // namespace
}  // namespace flow::reconciler::test
