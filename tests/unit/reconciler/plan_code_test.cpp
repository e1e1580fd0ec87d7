// Other code as golden text: the switch of the link in the same engine container, its window, its way back (model 6).
#include <gtest/gtest.h>

#include "unit/reconciler/scene.hpp"

namespace flow::reconciler::test {
namespace {

Spec with_code(const std::string& digest = "c1") {
    Spec spec = domain::test::plain_spec();
    spec.code.edit().digest = digest;
    spec.code.edit().path = "/srv/" + digest;
    return spec;
}

void to_c2(Spec& spec) {
    spec.code.edit().digest = "c2";
    spec.code.edit().path = "/srv/c2";
}

const char* const kUpdate =
    "#1 StopContainer web: spec changed (code)\n"
    "#2 StopDone web: its process is gone\n"
    "#3 SwitchCode web: spec changed (code)\n"
    "#4 StartContainer web: spec changed (code)\n"
    "#5 Wait web: watched\n"
    "#6 KeepCode web: it stayed up\n";

TEST(PlanCode, TheLinkComesBeforeTheContainer) {
    Scene scene{DesiredState::running, with_code()};
    EXPECT_EQ(scene.text(),
              "#1 SwitchCode web: its code is that of generation 1\n"
              "#2 CreateContainer web as flow-web: declared\n"
              "#3 StartContainer web: run 1 is wanted\n");
    scene.run();
    EXPECT_EQ(scene.text(), "");
    EXPECT_EQ(scene.row.status().linked, "c1");
}

TEST(PlanCode, UpdateWithAWindow) {
    Scene scene = running_scene(with_code());
    const std::string main = scene.main_id();
    scene.row.update(to_c2).value();
    EXPECT_EQ(scene.text(), kUpdate);
    scene.run();
    EXPECT_EQ(scene.text(), "");
    EXPECT_EQ(scene.main_id(), main);
    EXPECT_EQ(scene.row.status().active_generation, 2u);
    EXPECT_EQ(scene.row.status().linked, "c2");
    EXPECT_EQ(scene.row.status().trial, 0u);
    EXPECT_FALSE(scene.row.status().way_back);
    EXPECT_EQ(scene.row.state(), domain::State::running);
    EXPECT_EQ(scene.row.record.run_wanted, 2u);
    EXPECT_EQ(scene.row.status().run_started, 2u);
}

TEST(PlanCode, UpdateFromEachOfItsSteps) {
    const std::string whole = kUpdate;
    for (int done = 0; done <= 6; ++done) {
        Scene scene = running_scene(with_code());
        scene.row.update(to_c2).value();
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
        if (done > 0 && done < 6) {
            EXPECT_EQ(scene.row.state(), domain::State::updating) << "after " << done << " steps";
        }
    }
}

TEST(PlanCode, WithoutARunTheLinkIsSwitchedAndThatIsAll) {
    Scene scene{DesiredState::created, with_code()};
    scene.run();
    scene.row.update(to_c2).value();
    EXPECT_EQ(scene.text(), "#1 SwitchCode web: spec changed (code)\n");
    scene.run();
    EXPECT_EQ(scene.row.status().active_generation, 2u);
    EXPECT_EQ(scene.row.record.run_wanted, 0u);
    EXPECT_EQ(scene.row.state(), domain::State::created);
}

TEST(PlanCode, ACrashInTheWindowGoesBack) {
    Scene scene = running_scene(with_code());
    scene.row.update(to_c2).value();
    scene.run(4);
    scene.exits(scene.main_id(), 1);
    EXPECT_EQ(scene.row.state(), domain::State::updating);
    EXPECT_EQ(scene.text(),
              "#1 SwitchCode web: its code is that of generation 1\n"
              "#2 CodeRolledBack web: the old code is there again\n"
              "#3 StartContainer web: it should run\n"
              "#4 ObserveGeneration web: nothing to do for this generation\n");
    scene.run();
    EXPECT_EQ(scene.row.status().active_generation, 1u);
    EXPECT_EQ(scene.row.status().failed_generation, 2u);
    EXPECT_EQ(scene.row.status().linked, "c1");
    EXPECT_EQ(scene.row.reason(), "UpdateFailed");
    EXPECT_EQ(scene.row.outcome("r2"), domain::Outcome::failed);
    scene.row.update(to_c2).value();
    EXPECT_EQ(scene.text(), kUpdate) << "the same again is tried again";
}

TEST(PlanCode, ARefusedStartInTheWindowGoesBack) {
    Scene scene = running_scene(with_code());
    scene.row.update(to_c2).value();
    scene.run(3);
    scene.row.intend(domain::Step::start, scene.main_id());
    scene.row.refuse_start(scene.main_id(), domain::test::engine_error(domain::EngineFailure::refused));
    scene.run();
    EXPECT_EQ(scene.row.status().active_generation, 1u);
    EXPECT_EQ(scene.row.status().linked, "c1");
    EXPECT_EQ(scene.row.state(), domain::State::running);
    EXPECT_EQ(scene.row.outcome("r2"), domain::Outcome::failed);
}

TEST(PlanCode, OnFailurePauseLeavesTheNewCode) {
    Spec spec = with_code();
    spec.update.on_failure = domain::OnFailure::pause;
    Scene scene = running_scene(spec);
    scene.row.update(to_c2).value();
    scene.run(4);
    scene.exits(scene.main_id(), 1);
    EXPECT_EQ(scene.text(), "");
    EXPECT_EQ(scene.row.status().active_generation, 2u);
    EXPECT_EQ(scene.row.status().linked, "c2");
    EXPECT_EQ(scene.row.state(), domain::State::error);
    EXPECT_EQ(scene.row.status().trial, 0u);
}

TEST(PlanCode, AnExitWithZeroInTheWindowIsSuccess) {
    Scene scene = running_scene(with_code());
    scene.row.update(to_c2).value();
    scene.run(4);
    scene.exits(scene.main_id(), 0);
    scene.run();
    EXPECT_EQ(scene.row.status().active_generation, 2u);
    EXPECT_EQ(scene.row.state(), domain::State::completed);
    EXPECT_EQ(scene.row.outcome("r2"), domain::Outcome::done);
}

TEST(PlanCode, AStopInTheWindowKeepsTheNewCode) {
    Scene scene = running_scene(with_code());
    scene.row.update(to_c2).value();
    scene.run(4);
    scene.row.ask(Operation::stop).value();
    EXPECT_EQ(scene.text(),
              "#1 KeepCode web: no run goes on that could be gone back to\n"
              "#2 StopContainer web: it should not run\n"
              "#3 StopDone web: its process is gone\n");
    scene.run();
    EXPECT_EQ(scene.row.status().active_generation, 2u);
    EXPECT_EQ(scene.row.state(), domain::State::stopped);
}

TEST(PlanCode, ANewerCodeBeforeTheStartTakesItsPlace) {
    Scene scene = running_scene(with_code());
    scene.row.update(to_c2).value();
    scene.run(3);
    scene.row.update([](Spec& spec) { spec.code.edit().digest = "c3"; }).value();
    EXPECT_EQ(scene.text(),
              "#1 DropCode web: a newer spec came\n"
              "#2 SwitchCode web: spec changed (code)\n"
              "#3 StartContainer web: spec changed (code)\n"
              "#4 Wait web: watched\n"
              "#5 KeepCode web: it stayed up\n");
    scene.run();
    EXPECT_EQ(scene.row.status().linked, "c3");
    EXPECT_EQ(scene.row.record.run_wanted, 2u) << "one process was skipped";
}

TEST(PlanCode, ANewerImageInTheWindowKeepsTheCodeAndReplaces) {
    Scene scene = running_scene(with_code());
    scene.row.update(to_c2).value();
    scene.run(4);
    scene.row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Action::Kind::keep_code);
    scene.run();
    EXPECT_EQ(scene.row.status().active_generation, 3u);
    EXPECT_EQ(scene.row.status().linked, "c2");
}

TEST(PlanCode, CodeAndImageAtOnceAreAReplaceThatSwitchesBeforeItsStart) {
    Scene scene = running_scene(with_code());
    scene.row.update([](Spec& spec) {
        to_c2(spec);
        spec.image = "busybox:2";
    }).value();
    const std::string text = scene.text();
    const std::size_t switched = text.find("SwitchCode web: its code is that of generation 2");
    EXPECT_NE(switched, std::string::npos) << text;
    EXPECT_LT(text.find("StopDone"), switched) << text;
    EXPECT_LT(switched, text.find("StartContainer")) << text;
}

TEST(PlanCode, TheFirstCodeIsLinkedBeforeTheNewContainerIsMade) {
    Scene scene = running_scene();
    scene.row.update(to_c2).value();
    EXPECT_TRUE(scene.text().starts_with("#1 SwitchCode web: its code is that of generation 2\n"
                                         "#2 CreateContainer web as flow-c0ffee.next: spec changed (code)\n"))
        << scene.text();
}

TEST(PlanCode, AContainerThatIsGoneInTheWindowIsMadeAgainWithTheNewCode) {
    Scene scene = running_scene(with_code());
    scene.row.update(to_c2).value();
    scene.run(4);
    scene.outside_remove(scene.main_id());
    scene.run();
    EXPECT_EQ(scene.row.status().active_generation, 2u);
    EXPECT_EQ(scene.row.status().linked, "c2");
    EXPECT_EQ(scene.row.state(), domain::State::running);
}

TEST(PlanCode, SomebodyWhoStartsItBeforeTheSwitchIsNotTakenForTheNewCode) {
    Scene scene = running_scene(with_code());
    scene.row.update(to_c2).value();
    scene.run(3);
    scene.outside_start(scene.main_id());
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Action::Kind::stop);
    scene.run();
    EXPECT_EQ(scene.row.status().active_generation, 2u);
    EXPECT_EQ(scene.row.state(), domain::State::running);
}

TEST(PlanCode, AfterAKillInTheSwitchItIsMadeAgain) {
    Scene scene = running_scene(with_code());
    scene.row.update(to_c2).value();
    scene.run(2);
    domain::Intention intention;
    intention.step = domain::Step::link;
    intention.generation = 2;
    scene.row.change([&](domain::Record& record, domain::Changes& out, const domain::Moment& moment) {
        domain::model::intend(record, intention, out, moment);
    });
    EXPECT_EQ(scene.row.status().linked, "") << "nobody knows how far it came";
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Action::Kind::switch_code);
    scene.row.update([](Spec& spec) { spec.code = with_code().code; }).value();     // taken back
    scene.run();
    EXPECT_EQ(scene.row.status().linked, "c1");
    EXPECT_EQ(scene.row.status().active_generation, 3u);
    EXPECT_EQ(scene.row.state(), domain::State::running);
}

TEST(PlanCode, DeletionTakesLinkAndWorkspace) {
    Spec spec = with_code();
    spec.workspace.enabled = true;
    Scene scene = running_scene(spec);
    scene.row.record.status.workspaces = {"flow-ws-c0ffee"};
    scene.row.ask(Operation::remove).value();
    const std::string text = scene.text();
    EXPECT_TRUE(text.ends_with("CleanCode web: deletion was asked for\n"
                               "#7 CleanWorkspace web: deletion was asked for\n"
                               "#8 DeleteRow web: everything is clean\n")) << text;
}

}  // namespace
}  // namespace flow::reconciler::test
