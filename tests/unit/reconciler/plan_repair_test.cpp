// Single fields that others changed: put back in place where the engine can, else by a recreate, and not for ever.
#include <gtest/gtest.h>

#include "domain/model/drift.hpp"
#include "unit/reconciler/scene.hpp"

namespace flow::reconciler::test {
namespace {

using domain::Settings;

constexpr const char* kSeen =
    R"({"Config.Cmd":["sleep"],"HostConfig.Memory":67108864,"HostConfig.MemorySwap":67108864,)"
    R"("HostConfig.PidsLimit":512,"Networks.flow-net":"connected"})";

void show(Scene& scene, const std::string& settings, const std::string& engine = "20.10") {
    domain::Observed& main = scene.containers.at(scene.main_id());
    main.settings = settings;
    main.engine = engine;
}

void set(Scene& scene, const std::string& field, const Settings& value) {
    scene.outside_set(scene.main_id(), field, value);
}

/// At rest, inspected, and with its baseline.
Scene seen(Scene scene) {
    scene.row.update([](Spec& spec) {
        spec.resources.memory = 64 << 20;
        spec.networking.networks = {"flow-net"};
    }).value();
    scene.run();
    show(scene, kSeen);
    scene.run();
    return scene;
}

std::vector<Scene> in_every_column() {
    std::vector<Scene> scenes;
    scenes.push_back(seen(running_scene()));
    Scene created{DesiredState::created};
    created.run();
    scenes.push_back(seen(created));
    scenes.push_back(seen(stopped_scene()));
    scenes.push_back(seen(completed_scene()));
    return scenes;
}

TEST(Repair, WhatIsAsItShouldBePlansNothing) {
    for (const Scene& scene : in_every_column()) {
        EXPECT_EQ(scene.text(), "");
        EXPECT_EQ(scene.row.record.status.baselines.size(), 1u);
    }
}

TEST(Repair, WithoutABaselineThePresentIsOne) {
    Scene scene = seen(running_scene());
    scene.row.record.status.baselines.clear();
    EXPECT_EQ(scene.text(), "#1 TakeBaseline web: what it was is not known\n");
    scene.run();
    EXPECT_EQ(scene.row.record.status.baselines.at(scene.main_id()).settings.str(), kSeen);
}

TEST(Repair, ALimitIsPutBackInPlaceInEveryColumn) {
    for (Scene& scene : in_every_column()) {
        const auto state = scene.row.state();
        set(scene, "HostConfig.Memory", 268435456);
        set(scene, "HostConfig.MemorySwap", 268435456);
        EXPECT_EQ(scene.text(),
                  "#1 RepairContainer web: HostConfig.Memory is 268435456, should be 67108864; "
                  "HostConfig.MemorySwap is 268435456, should be 67108864\n");
        scene.run();
        EXPECT_EQ(scene.text(), "");
        EXPECT_EQ(scene.row.state(), state);
        EXPECT_EQ(scene.row.reason(), "DriftRepaired");
    }
}

TEST(Repair, EachIsToldWithItsFieldAndBothValues) {
    Scene scene = seen(running_scene());
    scene.row.told();
    for (int i = 0; i < 2; ++i) {
        set(scene, "HostConfig.PidsLimit", 7 + i);
        // What the foreseen steps tell is kept apart from the row's own log.
        Foresight foresight{scene.input()};
        ASSERT_TRUE(foresight.step());
        std::vector<domain::Json> told;
        for (const domain::EventDraft& event : foresight.changes().events) {
            if (event.kind == domain::LogKind::event) {
                told.push_back(event.payload);
            }
        }
        ASSERT_EQ(told.size(), 2u);
        const std::string text = "HostConfig.PidsLimit is " + std::to_string(7 + i) +
                                 ", should be 512: put back";
        EXPECT_EQ(told[0]["activity_type"], "drift_repaired");
        EXPECT_EQ(told[0]["message"], "web: " + text);
        EXPECT_EQ(told[0]["details"]["differences"][0]["is"], std::to_string(7 + i));
        EXPECT_EQ(told[1]["reason"], "DriftRepaired");
        EXPECT_EQ(told[1]["cause"], text);
        EXPECT_EQ(told[1]["old_state"], told[1]["new_state"]);
        scene.run();
    }
}

TEST(Repair, ANetworkIsJoinedAgainAndAnotherOneLeft) {
    for (Scene& scene : in_every_column()) {
        Settings fields = Settings::parse(kSeen);
        fields.erase("Networks.flow-net");
        show(scene, domain::settings_text(fields));
        scene.known_networks.clear();
        EXPECT_EQ(scene.text(),
                  "#1 EnsureNetwork web flow-net: the spec names it\n"
                  "#2 ConnectNetwork web flow-net: Networks.flow-net is not connected, should be "
                  "connected\n");
        scene.run();
        set(scene, "Networks.other", domain::kConnected);
        EXPECT_EQ(scene.text(),
                  "#1 DisconnectNetwork web other: Networks.other is connected, should be not "
                  "connected\n");
        scene.run();
        EXPECT_EQ(scene.text(), "");
    }
}

TEST(Repair, ALimitThatHasToGoNeedsARecreateInTheSameRun) {
    Scene scene = seen(running_scene());
    scene.row.told();
    set(scene, "HostConfig.NanoCpus", 500000000);
    const std::string cause = ": HostConfig.NanoCpus is 500000000, should be none\n";
    EXPECT_EQ(scene.text(),
              "#1 RecreateContainer web" + cause + "#2 StopContainer web" + cause +
                  "#3 StopDone web: its process is gone\n#4 RemoveContainer web" + cause +
                  "#5 CreateContainer web as flow-web: its engine container is gone\n"
                  "#6 StartContainer web: it should run\n");
    Foresight foresight{scene.input()};
    while (foresight.step()) {
    }
    EXPECT_EQ(foresight.record().status.run_started, 1u);
    EXPECT_TRUE(foresight.record().status.drift->recreating.empty());
    int repaired = 0;
    for (const domain::EventDraft& event : foresight.changes().events) {
        EXPECT_NE(event.type, "container_crashed");
        EXPECT_NE(event.type, "container_stopped");
        repaired += event.payload.value("activity_type", "") == "drift_repaired" ? 1 : 0;
    }
    EXPECT_EQ(repaired, 1);
}

TEST(Repair, WhatDoesNotRunIsRecreatedAndNotStarted) {
    for (Scene& scene : in_every_column()) {
        if (scene.row.state() == domain::State::running) {
            continue;
        }
        const auto state = scene.row.state();
        set(scene, "HostConfig.CpusetCpus", "0");
        const std::string cause = ": HostConfig.CpusetCpus is 0, should be none\n";
        EXPECT_EQ(scene.text(), "#1 RecreateContainer web" + cause + "#2 RemoveContainer web" + cause +
                                    "#3 CreateContainer web as flow-web: its engine container is "
                                    "gone\n");
        scene.run();
        EXPECT_EQ(scene.row.state(), state);
    }
}

TEST(Repair, TheSameAfterTwoRepairsIsLeftUntilARequest) {
    Scene scene = seen(running_scene());
    for (int i = 0; i < domain::model::kRepairs; ++i) {
        set(scene, "HostConfig.PidsLimit", 7);
        ASSERT_EQ(scene.next()->kind, Action::Kind::repair);
        scene.run();
    }
    set(scene, "HostConfig.PidsLimit", 7);
    EXPECT_EQ(scene.text(), "#1 GiveUpRepair web: HostConfig.PidsLimit is 7, should be 512\n");
    scene.run();
    EXPECT_EQ(scene.text(), "");
    EXPECT_EQ(scene.row.reason(), "DriftUnresolvable");
    set(scene, "HostConfig.RestartPolicy", "always");
    EXPECT_EQ(scene.text(),
              "#1 RepairContainer web: HostConfig.RestartPolicy is always, should be no\n");
    for (const Operation operation : {Operation::start, Operation::restart}) {
        Scene copy = scene;
        copy.row.ask(operation).value();
        EXPECT_NE(copy.row.reason(), "DriftUnresolvable");
        EXPECT_NE(copy.text().find("HostConfig.PidsLimit is 7"), std::string::npos);
    }
    scene.row.update([](Spec& spec) { spec.stop_grace_period = seconds{3}; }).value();
    EXPECT_NE(scene.text().find("HostConfig.PidsLimit is 7"), std::string::npos);
}

TEST(Repair, AnotherValueOrMuchLaterIsPutBackAgain) {
    Scene scene = seen(running_scene());
    for (int i = 0; i < 5; ++i) {
        set(scene, "HostConfig.PidsLimit", 7 + i);
        ASSERT_EQ(scene.next()->kind, Action::Kind::repair);
        scene.run();
    }
    for (int i = 0; i < 5; ++i) {
        scene.row.pass(domain::model::kRepairsForgotten);
        set(scene, "HostConfig.PidsLimit", 7);
        ASSERT_EQ(scene.next()->kind, Action::Kind::repair);
        scene.run();
    }
}

TEST(Repair, ARepairThatFailsHoldsUpNoStart) {
    Scene scene = seen(stopped_scene());
    set(scene, "HostConfig.PidsLimit", 7);
    scene.row.ask(Operation::start).value();
    ASSERT_EQ(scene.next()->kind, Action::Kind::repair);
    scene.row.intend(domain::Step::repair, scene.main_id());
    scene.row.record.status.intention->repairs = {{"HostConfig.PidsLimit", "7", "512"}};
    scene.row.fail(domain::Step::repair, domain::test::engine_error(domain::EngineFailure::retryable));
    EXPECT_EQ(scene.row.record.open.size(), 1u) << "nobody asked for the repair";
    scene.row.pass(seconds{60});
    ASSERT_EQ(scene.next()->kind, Action::Kind::start);
    scene.run();
    EXPECT_EQ(scene.row.state(), domain::State::running);
    EXPECT_EQ(scene.text(), "");
}

TEST(Repair, WhatTheEngineRefusesIsGivenUpAtOnce) {
    Scene scene = seen(running_scene());
    set(scene, "HostConfig.PidsLimit", 7);
    scene.row.intend(domain::Step::repair, scene.main_id());
    scene.row.record.status.intention->repairs = {{"HostConfig.PidsLimit", "7", "512"}};
    scene.row.fail(domain::Step::repair, domain::test::engine_error(domain::EngineFailure::refused));
    EXPECT_EQ(scene.text(), "");
    EXPECT_EQ(scene.row.reason(), "DriftUnresolvable");
    EXPECT_NE(scene.row.record.status.message.find("the engine said no"), std::string::npos);
}

TEST(Repair, ALostAnswerIsToldWhenItIsSeenToBeDone) {
    Scene scene = seen(running_scene());
    scene.row.intend(domain::Step::repair, scene.main_id());
    scene.row.record.status.intention->repairs = {{"HostConfig.PidsLimit", "7", "512"}};
    EXPECT_EQ(scene.text(), "#1 NothingInHand web: what was in hand is over\n");
    scene.run();
    EXPECT_EQ(scene.row.reason(), "DriftRepaired");
}

TEST(Repair, AnUpgradedEngineTellsFixedThingsOtherwise) {
    Scene scene = seen(running_scene());
    Settings fields = Settings::parse(kSeen);
    fields["Config.Cmd"] = "sleep";
    fields["HostConfig.PidsLimit"] = 7;
    show(scene, domain::settings_text(fields), "28.0");
    EXPECT_EQ(scene.text(),
              "#1 TakeBaseline web: engine 28.0 tells it otherwise than 20.10\n"
              "#2 RepairContainer web: HostConfig.PidsLimit is 7, should be 512\n");
    show(scene, domain::settings_text(fields), "20.10");
    ASSERT_TRUE(scene.next());
    EXPECT_EQ(scene.next()->kind, Action::Kind::recreate);
}

TEST(Repair, OurOwnChangeInPlaceIsNoDrift) {
    Scene scene = seen(running_scene());
    scene.row.update([](Spec& spec) { spec.resources.memory = 128 << 20; }).value();
    scene.run();
    EXPECT_EQ(scene.text(), "");
    const std::string& baseline = scene.row.record.status.baselines.at(scene.main_id()).settings.str();
    EXPECT_NE(baseline.find("\"HostConfig.Memory\":134217728"), std::string::npos);
}

TEST(Repair, OnlyANameThatIsNotOursIsDrift) {
    Scene scene = seen(running_scene());
    scene.outside_rename(scene.main_id(), "mine");
    scene.run();
    EXPECT_EQ(scene.row.reason(), "DriftRepaired");
    Scene helper = seen(running_scene());
    helper.outside_rename(helper.main_id(), "flow-c0ffee.prev");
    EXPECT_EQ(helper.text(), "#1 RenameContainer web as flow-web: its name is flow-c0ffee.prev\n");
    helper.run();
    EXPECT_EQ(helper.row.reason(), "");
}

TEST(Repair, StartedByHandIsNamed) {
    Scene scene = seen(stopped_scene());
    scene.outside_start(scene.main_id());
    EXPECT_EQ(scene.row.reason(), "StartedOutside");
    scene.run();
    EXPECT_EQ(scene.row.state(), domain::State::stopped);
    scene.row.ask(Operation::start).value();
    scene.run();
    EXPECT_EQ(scene.row.reason(), "");
}

}  // namespace
}  // namespace flow::reconciler::test
