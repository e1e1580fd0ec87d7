// A changed spec as golden text: replace with and without a window, its way back, changes in place (model 5).
#include <gtest/gtest.h>

#include "unit/reconciler/scene.hpp"

namespace flow::reconciler::test {
namespace {

void to_busybox_2(Spec& spec) { spec.image = "busybox:2"; }

const char* const kReplace =
    "#1 CreateContainer web as flow-c0ffee.next: spec changed (image)\n"
    "#2 StopContainer web: spec changed (image)\n"
    "#3 StopDone web: its process is gone\n"
    "#4 RenameContainer web as flow-c0ffee.prev: the new one takes its name\n"
    "#5 RenameContainer web as flow-web: it takes the name of the old one\n"
    "#6 StartContainer web: spec changed (image)\n"
    "#7 Wait web: watched\n"
    "#8 KeepNew web: it stayed up\n"
    "#9 RemoveContainer web: the new one is kept\n"
    "#10 ReplaceDone web: the old one is gone\n";

TEST(PlanText, ReplaceWithAWindow) {
    Scene scene = running_scene();
    scene.row.update(to_busybox_2).value();
    EXPECT_EQ(scene.text(), kReplace);
    scene.run();
    EXPECT_EQ(scene.text(), "");
    EXPECT_EQ(scene.row.record.status.active_generation, 2u);
    EXPECT_EQ(scene.row.state(), domain::State::running);
    EXPECT_EQ(scene.containers.size(), 1u);
}

TEST(PlanText, ReplaceFromEachOfItsSteps) {
    const std::string whole = kReplace;
    for (int done = 0; done <= 10; ++done) {
        Scene scene = running_scene();
        scene.row.update(to_busybox_2).value();
        ASSERT_EQ(scene.run(done), done);
        std::string rest;
        int number = 0;
        for (std::size_t at = 0; at < whole.size(); at = whole.find('\n', at) + 1) {
            if (++number > done) {
                const std::size_t space = whole.find(' ', at);
                rest += "#" + std::to_string(number - done) +
                        whole.substr(space, whole.find('\n', at) + 1 - space);
            }
        }
        EXPECT_EQ(scene.text(), rest) << "after " << done << " steps";
    }
}

TEST(PlanText, ReplaceWithoutAWindow) {
    const std::string text =
        "#1 CreateContainer web as flow-c0ffee.next: spec changed (image)\n"
        "#2 RenameContainer web as flow-c0ffee.prev: the new one takes its name\n"
        "#3 RenameContainer web as flow-web: it takes the name of the old one\n"
        "#4 KeepNew web: no run goes on that could be gone back to\n"
        "#5 RemoveContainer web: the new one is kept\n"
        "#6 ReplaceDone web: the old one is gone\n";
    for (Scene scene : {stopped_scene(), completed_scene()}) {
        scene.row.update(to_busybox_2).value();
        EXPECT_EQ(scene.text(), text);
    }
    Scene failed = failed_scene();                                  // walk 5: started at once
    failed.row.update(to_busybox_2).value();
    EXPECT_EQ(failed.text(), text + "#7 StartContainer web: run 2 is wanted\n");
}

TEST(PlanText, ReplaceWhoseImageIsPulledLetsTheOldOneLive) {
    Scene scene = running_scene();
    scene.row.update(to_busybox_2).value();
    scene.missing_images = {"busybox:2"};
    scene.pulling = 2;
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Action::Kind::observe_generation) << "nothing else to be done";
    scene.row.ask(Operation::restart).value();
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(render(*scene.next(), "web", 1), "#1 StopContainer web: a restart was asked for");
}

TEST(PlanText, RollBackAfterARefusedStart) {
    Scene scene = running_scene();
    scene.row.update(to_busybox_2).value();
    scene.run(5);
    scene.row.refuse_start(scene.row.record.status.next_id,
                           domain::test::engine_error(domain::EngineFailure::refused));
    EXPECT_EQ(scene.text(),
              "#1 RemoveContainer web: the update failed; the old one comes back\n"
              "#2 RollBackDone web: the new one is gone\n"
              "#3 RenameContainer web as flow-web: its name is flow-c0ffee.prev\n"
              "#4 StartContainer web: it should run\n"
              "#5 ObserveGeneration web: nothing to do for this generation\n");
    scene.run();
    EXPECT_EQ(scene.row.record.status.active_generation, 1u);
    EXPECT_EQ(scene.row.reason(), "UpdateFailed");
    EXPECT_EQ(scene.text(), "") << "nothing is tried again before the next generation";
}

TEST(PlanText, RollBackAfterACrashInTheWindow) {
    Scene scene = running_scene();
    scene.row.update(to_busybox_2).value();
    scene.run(6);
    const std::string next = scene.row.record.status.next_id;
    scene.row.die(next, 1);
    scene.containers.at(next).running = false;
    scene.row.record.status.observed_generation = 2;
    EXPECT_FALSE(scene.next()) << "nothing before the 250 ms are over";
    EXPECT_EQ(scene.text(),
              "#1 Wait web: it ended; was that somebody's doing?\n"
              "#2 RemoveContainer web: the update failed; the old one comes back\n"
              "#3 RollBackDone web: the new one is gone\n"
              "#4 RenameContainer web as flow-web: its name is flow-c0ffee.prev\n"
              "#5 StartContainer web: it should run\n");
}

TEST(PlanText, AnUpdateThatFailedThenRemovedByHandIsTheOldGeneration) {    // walk 6
    Scene scene = running_scene();
    scene.row.update(to_busybox_2).value();
    scene.run(5);
    scene.row.refuse_start(scene.row.record.status.next_id,
                           domain::test::engine_error(domain::EngineFailure::refused));
    scene.run();
    scene.outside_remove(scene.main_id());
    scene.ping();
    const auto plan = scene.plan();
    ASSERT_GE(plan.size(), 2u);
    EXPECT_EQ(plan[1].kind, Action::Kind::create);
    EXPECT_EQ(plan[1].generation, 1u);
}

TEST(PlanText, ANewerSpecBeforeTheStartRemovesTheNextOne) {
    Scene scene = running_scene();
    scene.row.update(to_busybox_2).value();
    scene.run(1);
    scene.row.update([](Spec& spec) { spec.image = "busybox:3"; }).value();
    const auto plan = scene.plan();
    ASSERT_GE(plan.size(), 2u);
    EXPECT_EQ(render(plan[0], "web", 1), "#1 RemoveContainer web: a newer spec came");
    EXPECT_EQ(plan[1].kind, Action::Kind::create);
    EXPECT_EQ(plan[1].generation, 3u);
}

TEST(PlanText, ANewerSpecInTheWindowKeepsTheNewOneAndReplacesIt) {
    Scene scene = running_scene();
    scene.row.update(to_busybox_2).value();
    scene.run(6);
    scene.row.update([](Spec& spec) { spec.image = "busybox:3"; }).value();
    const auto plan = scene.plan();
    ASSERT_FALSE(plan.empty());
    EXPECT_EQ(render(plan[0], "web", 1), "#1 KeepNew web: a newer spec ends the watch");
    scene.run();
    EXPECT_EQ(scene.row.record.status.active_generation, 3u);
    EXPECT_EQ(scene.containers.size(), 1u);
}

TEST(PlanText, ARestartInTheWindowEndsTheWatch) {
    Scene scene = running_scene();
    scene.row.update(to_busybox_2).value();
    scene.run(6);
    scene.row.ask(Operation::restart).value();
    EXPECT_EQ(scene.text(),
              "#1 KeepNew web: a newer request ends the watch\n"
              "#2 RemoveContainer web: the new one is kept\n"
              "#3 ReplaceDone web: the old one is gone\n"
              "#4 StopContainer web: a restart was asked for\n"
              "#5 StopDone web: its process is gone\n"
              "#6 StartContainer web: run 2 is wanted\n");
}

// -- changes without a new container -------------------------------------------------------------------------

TEST(PlanText, MemoryIsChangedInPlace) {
    Spec spec = domain::test::plain_spec();
    spec.resources.memory = 64 << 20;
    Scene scene = running_scene(spec);
    scene.row.update([](Spec& changed) { changed.resources.memory = 128 << 20; }).value();
    EXPECT_EQ(scene.text(), "#1 UpdateContainer web: spec changed (resources)\n");
    scene.run();
    EXPECT_EQ(scene.text(), "");
}

TEST(PlanText, AFieldThatWeAloneReadNeedsNoCall) {
    Scene scene = running_scene();
    scene.row.update([](Spec& spec) { spec.stop_grace_period = seconds{30}; }).value();
    EXPECT_EQ(scene.text(), "#1 Activate web: spec changed (stop_grace_period)\n");
}

TEST(PlanText, ANewNameIsPutRightBeforeTheReplace) {
    Scene scene = running_scene();
    scene.row.update([](Spec& spec) { spec.name = "api"; }).value();
    const auto plan = scene.plan();
    ASSERT_GE(plan.size(), 2u);
    EXPECT_EQ(render(plan[0], "api", 1), "#1 RenameContainer api as flow-api: its name is flow-web");
    EXPECT_EQ(render(plan[1], "api", 2),
              "#2 CreateContainer api as flow-c0ffee.next: spec changed (name)");
    scene.run();
    EXPECT_EQ(scene.containers.at(scene.main_id()).name, "flow-api");
    EXPECT_EQ(scene.text(), "");
}

}  // namespace
}  // namespace flow::reconciler::test
