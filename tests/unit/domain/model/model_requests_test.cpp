// What each request writes, and what it has to reach (model 1 and 2).
#include <gtest/gtest.h>

#include "unit/domain/model/row.hpp"

namespace flow::domain::test {
namespace {

using TargetKind = Target::Kind;

/// The target of the newest open request.
Target newest(const Row& row) {
    return row.record.open.empty() ? Target{} : row.record.open.back().target;
}

Row in_backoff() {
    Row row = running_row();
    row.die("d1", 1);
    row.tell_crashes();
    row.start("d1");
    row.die("d1", 1);
    row.tell_crashes();
    return row;
}

// -- runs (model 1) ------------------------------------------------------------------------------------------

TEST(ModelRuns, ACreateThatRunsWantsRun1) {
    EXPECT_EQ(Row{DesiredState::running}.record.run_wanted, 1u);
    EXPECT_EQ(Row{DesiredState::created}.record.run_wanted, 0u);
}

TEST(ModelRuns, AStartOfARunningOneChangesNothing) {
    Row row = running_row();
    const auto accepted = row.ask(Operation::start).value();
    EXPECT_FALSE(accepted.changed);
    EXPECT_EQ(row.record.run_wanted, 1u);
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
}

TEST(ModelRuns, AStartIsNewWhenItDidNotRun) {
    Row created = created_row();
    EXPECT_TRUE(created.ask(Operation::start).value().changed);
    EXPECT_EQ(created.record.run_wanted, 1u);

    Row completed = running_row();
    completed.die("d1", 0);
    EXPECT_TRUE(completed.ask(Operation::start).value().changed);
    EXPECT_EQ(completed.record.run_wanted, 2u);

    Row waiting = in_backoff();
    EXPECT_TRUE(waiting.ask(Operation::start).value().changed);
    EXPECT_EQ(waiting.record.run_wanted, 2u);
    EXPECT_TRUE(waiting.status().backoff.empty());
}

TEST(ModelRuns, ARestartIsAlwaysNew) {
    Row row = running_row();
    EXPECT_TRUE(row.ask(Operation::restart).value().changed);
    EXPECT_TRUE(row.ask(Operation::restart).value().changed);
    EXPECT_EQ(row.record.run_wanted, 3u);
}

TEST(ModelRuns, StopThenStartGivesANewRunHoweverFast) {             // walk 4
    Row row = running_row();
    row.ask(Operation::stop).value();
    row.ask(Operation::start).value();
    EXPECT_EQ(row.record.run_wanted, 2u);
    row.stop("d1", Purpose::restart);
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
    EXPECT_EQ(row.outcome("r3"), std::nullopt);
    row.start("d1");
    EXPECT_EQ(row.outcome("r3"), Outcome::done);
    EXPECT_EQ(row.ends(), 3u);
}

TEST(ModelRuns, AChangeOfTheSpecRaisesNoRun) {
    Row row = running_row();
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    EXPECT_EQ(row.record.run_wanted, 1u);
    EXPECT_EQ(row.record.generation, 2u);
}

TEST(ModelRuns, ANewGenerationWithoutAWindowRunsAgainWhatEndedInError) {
    Row row = running_row(spec_with_restart(Restart::Policy::no));
    row.die("d1", 1);
    ASSERT_EQ(row.state(), State::error);
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    row.create("d2", Role::next);
    EXPECT_FALSE(row.status().way_back);
    row.change([](Record& record, Changes& out, const Moment&) { model::record_keep(record, out); });
    EXPECT_EQ(row.record.run_wanted, 2u);
    EXPECT_TRUE(model::should_run(row.record));
}

TEST(ModelRuns, ACompletedOneDoesNotRunAgainBecauseItsSpecChanged) {    // walk 5
    Row row = running_row();
    row.die("d1", 0);
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    row.create("d2", Role::next);
    row.change([](Record& record, Changes& out, const Moment&) { model::record_keep(record, out); });
    EXPECT_EQ(row.record.run_wanted, 1u);
    EXPECT_FALSE(model::should_run(row.record));
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
}

// -- targets (model 2) ---------------------------------------------------------------------------------------

TEST(ModelTargets, OfEachRequest) {
    Row created{DesiredState::created};
    EXPECT_EQ(newest(created).kind, TargetKind::exists);
    Row row{DesiredState::running};
    EXPECT_EQ(newest(row), (Target{TargetKind::run_started, 1, 1}));
    row.ask(Operation::restart).value();
    EXPECT_EQ(newest(row), (Target{TargetKind::run_started, 2, 1}));
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    EXPECT_EQ(newest(row), (Target{TargetKind::active, 2, 2}));
    row.ask(Operation::start).value();
    EXPECT_EQ(newest(row).kind, TargetKind::run_started);
    row.ask(Operation::remove).value();
    EXPECT_EQ(newest(row).kind, TargetKind::gone);

    Row runs = running_row();
    runs.ask(Operation::stop).value();
    EXPECT_EQ(newest(runs), (Target{TargetKind::stopped, 1, 1}));
}

TEST(ModelTargets, OneThatChangesNothingTakesThePresentTarget) {
    Row row{DesiredState::running};
    row.create("d1");
    EXPECT_FALSE(row.ask(Operation::start).value().changed);        // walk 2
    EXPECT_EQ(newest(row), (Target{TargetKind::run_started, 1, 1}));
    EXPECT_EQ(row.outcome("r2"), std::nullopt);
    row.start("d1");
    EXPECT_EQ(row.outcome("r1"), Outcome::done);
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
    EXPECT_EQ(row.status().run_started, 1u);
}

TEST(ModelTargets, AStopOfAStoppedOneIsDoneAtOnceWithContact) {
    Row row = created_row();
    row.ask(Operation::stop).value();
    EXPECT_EQ(row.outcome("r2"), Outcome::done);

    Row blind = created_row();
    blind.moment.contact = false;
    blind.ask(Operation::stop).value();
    EXPECT_EQ(blind.outcome("r2"), std::nullopt) << "nobody can tell that no process is there";
}

TEST(ModelTargets, AStopWaitsForAStartInHand) {
    Row row{DesiredState::running};
    row.create("d1");
    row.intend(Step::start, "d1");
    row.ask(Operation::stop).value();
    EXPECT_EQ(row.outcome("r2"), std::nullopt);
    EXPECT_EQ(row.outcome("r1"), std::nullopt) << "never superseded while its start is in hand";
    row.event(EngineEvent::Type::start, "d1");
    EXPECT_EQ(row.outcome("r1"), Outcome::done);
    EXPECT_EQ(row.outcome("r2"), std::nullopt);
    row.stop("d1", Purpose::stop);
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
}

TEST(ModelTargets, AnUpdateNeedsItsRunTooWhenItShouldRun) {
    Row row = running_row();
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    row.create("d2", Role::next);
    row.stop("d1", Purpose::update);
    row.start("d2");
    EXPECT_EQ(row.outcome("r2"), std::nullopt) << "the verdict is not there";
    row.change([](Record& record, Changes& out, const Moment&) { model::record_keep(record, out); });
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
    EXPECT_EQ(row.end("r2")->answer["status"], "updated");
}

TEST(ModelTargets, AnUpdateThatChangesNothingIsDoneAtOnce) {
    Row row = running_row();
    const auto accepted = row.update([](Spec&) {}).value();
    EXPECT_FALSE(accepted.changed);
    EXPECT_EQ(accepted.generation, 1u);
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
}

TEST(ModelTargets, AFieldThatWeAloneReadIsActiveWithoutACall) {
    Row row = running_row();
    row.update([](Spec& spec) { spec.stop_grace_period = seconds{30}; }).value();
    row.change([](Record& record, Changes& out, const Moment&) { model::record_active(record, out); });
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
    EXPECT_EQ(row.all("container_updated").at(0)["recreated"], false);
    EXPECT_EQ(row.status().active_generation, 2u);
}

// -- refusals ------------------------------------------------------------------------------------------------

TEST(ModelRefusals, OnAMarkedRowAllButASecondDelete) {
    Row row = running_row();
    row.ask(Operation::remove).value();
    for (const Operation operation : {Operation::start, Operation::stop, Operation::restart}) {
        const auto refused = row.ask(operation);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().type, ErrorType::conflict_error);
    }
    const auto second = row.ask(Operation::remove, [](Request& request) { request.force = true; });
    EXPECT_FALSE(second.value().changed);
    EXPECT_TRUE(row.record.force) << "the second one may ask for more haste";
    EXPECT_EQ(row.record.open.size(), 2u);
}

TEST(ModelRefusals, AnotherGenerationThanExpected) {
    Row row = running_row();
    const auto refused =
        row.ask(Operation::stop, [](Request& request) { request.expected_generation = 2; });
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().type, ErrorType::conflict_error);
    EXPECT_EQ(refused.error().details["generation"], 1u);
    EXPECT_EQ(row.record.desired, DesiredState::running) << "nothing was written";
    EXPECT_TRUE(row.ask(Operation::stop, [](Request& request) {
        request.expected_generation = 1;
    }).has_value());
}

// -- manifests -----------------------------------------------------------------------------------------------

Result<Accepted> apply(Row& row, DesiredState desired, const std::string& image = "busybox") {
    return row.ask(Operation::manifest, [&](Request& request) {
        Spec spec = row.record.spec();
        spec.image = image;
        request.spec = spec;
        request.desired = desired;
        request.document_digest = "new content";
        request.source = "manifest:web.yaml";
    });
}

TEST(ModelManifest, ThatSaysRunningIsAnUpdateAndAStart) {           // walk 5
    Row stopped = running_row();
    stopped.ask(Operation::stop).value();
    stopped.stop("d1", Purpose::stop);
    EXPECT_TRUE(apply(stopped, DesiredState::running, "busybox:2").value().changed);
    EXPECT_EQ(stopped.record.run_wanted, 2u);
    EXPECT_EQ(stopped.record.generation, 2u);

    Row completed = running_row();
    completed.die("d1", 0);
    EXPECT_TRUE(apply(completed, DesiredState::running, "busybox:2").value().changed);
    EXPECT_EQ(completed.record.run_wanted, 2u);
}

TEST(ModelManifest, ThatSaysNothingNewChangesNothing) {
    Row row = running_row();
    EXPECT_FALSE(apply(row, DesiredState::running).value().changed);
    EXPECT_EQ(row.record.run_wanted, 1u);
}

TEST(ModelManifest, OfARunningOneRaisesNoRun) {
    Row row = running_row();
    EXPECT_TRUE(apply(row, DesiredState::running, "busybox:2").value().changed);
    EXPECT_EQ(row.record.run_wanted, 1u) << "the new engine container goes on with the run";
}

TEST(ModelManifest, OfOneInBackoffStartsItAtOnce) {                 // walk 5
    Row row = running_row();
    row.die("d1", 1);
    row.start("d1");
    row.die("d1", 1);
    ASSERT_TRUE(row.record.status.backoff.contains(BackoffKind::run));
    EXPECT_TRUE(apply(row, DesiredState::running).value().changed);
    EXPECT_EQ(row.record.run_wanted, 2u);
    EXPECT_TRUE(row.record.status.backoff.empty());
}

TEST(ModelManifest, NamesWhoChangedItInBetween) {                   // contract 7
    Row row = running_row();
    apply(row, DesiredState::running, "busybox:2").value();
    row.ask(Operation::stop, [](Request& request) { request.actor = "ann"; }).value();
    row.out.events.clear();
    row.ask(Operation::manifest, [&](Request& request) {
        request.spec = row.record.spec();
        request.desired = DesiredState::running;
        request.actor = "manifest:web.yaml";
    }).value();
    const auto accepted = std::find_if(
        row.out.events.begin(), row.out.events.end(),
        [](const EventDraft& draft) { return draft.type == "activity_log"; });
    ASSERT_NE(accepted, row.out.events.end());
    EXPECT_EQ(accepted->payload["details"]["changed_by"], "ann");
    EXPECT_EQ(accepted->payload["container_id"], row.record.container_id);
}

TEST(ModelManifest, ThatSaysStoppedStops) {
    Row row = running_row();
    EXPECT_TRUE(apply(row, DesiredState::stopped).value().changed);
    EXPECT_FALSE(model::should_run(row.record));
}

}  // namespace
}  // namespace flow::domain::test
