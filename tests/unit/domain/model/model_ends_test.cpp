// How requests end: done, superseded or failed, exactly once (model 2); and the undo of a create.
#include <gtest/gtest.h>

#include "unit/domain/model/row.hpp"

namespace flow::domain::test {
namespace {

// -- superseded ----------------------------------------------------------------------------------------------

TEST(ModelSuperseded, AStartByAStopNamesTheStopsSeq) {              // walk 4
    Row row = created_row();
    row.ask(Operation::start).value();
    const Seq stop = row.ask(Operation::stop).value().seq;
    ASSERT_EQ(row.outcome("r2"), Outcome::superseded);
    EXPECT_EQ(row.end("r2")->error.type, ErrorType::superseded);
    EXPECT_EQ(row.end("r2")->error.details["by_seq"], stop);
    EXPECT_EQ(row.outcome("r3"), Outcome::done);
}

TEST(ModelSuperseded, TwoRestartsAreBothDone) {                     // walk 3
    Row row = running_row();
    row.ask(Operation::restart).value();
    row.ask(Operation::restart).value();
    row.stop("d1", Purpose::restart);
    row.start("d1");
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
    EXPECT_EQ(row.outcome("r3"), Outcome::done);
    EXPECT_EQ(row.status().run_started, 3u);
}

TEST(ModelSuperseded, ADeletionEndsWhatItMakesUnreachable) {
    Row row{DesiredState::running};
    row.create("d1");
    row.intend(Step::start, "d1");
    const Seq deletion = row.ask(Operation::remove).value().seq;
    EXPECT_EQ(row.outcome("r1"), Outcome::superseded) << "a start in hand too";
    EXPECT_EQ(row.end("r1")->error.details["by_seq"], deletion);
    EXPECT_EQ(row.outcome("r2"), std::nullopt);
}

TEST(ModelSuperseded, ADeletionLeavesAStopOpen) {
    Row row = running_row();
    row.ask(Operation::stop).value();
    row.ask(Operation::remove).value();
    EXPECT_EQ(row.outcome("r2"), std::nullopt);
    row.stop("d1", Purpose::remove);
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
}

TEST(ModelSuperseded, ANewerUpdateLetsTheOlderOneBeDoneWithIt) {
    Row row = running_row();
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    row.update([](Spec& spec) { spec.image = "busybox:3"; }).value();
    row.create("d2", Role::next);
    row.stop("d1", Purpose::update);
    row.start("d2");
    row.change([](Record& record, Changes& out, const Moment&) { model::record_keep(record, out); });
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
    EXPECT_EQ(row.outcome("r3"), Outcome::done);
}

// -- failed --------------------------------------------------------------------------------------------------

TEST(ModelFailed, ARollBackFailsTheUpdateAndNothingElse) {
    Row row = running_row();
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    row.create("d2", Role::next);
    row.stop("d1", Purpose::update);
    row.start("d2");
    row.die("d2", 1);
    EXPECT_EQ(row.status().verdict, Verdict::none) << "only when its 250 ms are over";
    row.tell_crashes();
    EXPECT_EQ(row.status().verdict, Verdict::roll_back);
    ASSERT_EQ(row.outcome("r2"), Outcome::failed);
    EXPECT_EQ(row.end("r2")->error.details["reason"], "UpdateFailed");
    EXPECT_EQ(row.ends(), 2u);
}

TEST(ModelFailed, AnUpdateThatFailedIsTriedAgainByTheSameUpdate) {  // walk 6
    Row row = running_row();
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    row.create("d2", Role::next);
    row.stop("d1", Purpose::update);
    row.refuse_start("d2", engine_error(EngineFailure::refused));
    row.done("d2");
    row.change([](Record& record, Changes&, const Moment&) { model::record_rolled_back(record); });
    row.start("d1");
    const auto again = row.update([](Spec&) {}).value();
    EXPECT_TRUE(again.changed);
    EXPECT_EQ(again.generation, 3u);
    EXPECT_EQ(row.outcome("r3"), std::nullopt);
}

TEST(ModelFailed, TheEngineAwayFailsOnlyWhatWasAcceptedBeforeTheTry) {
    Row row{DesiredState::running};
    row.create("d1");
    const Time tried = row.moment.now;
    row.ask(Operation::restart).value();
    row.change([&](Record& record, Changes& out, const Moment&) {
        model::record_away(record, tried, engine_error(EngineFailure::away), out);
    });
    EXPECT_EQ(row.outcome("r1"), Outcome::failed);
    EXPECT_EQ(row.outcome("r2"), std::nullopt);
}

TEST(ModelFailed, AFailedPullFailsTheUpdateButNotTheStopAndTheRestart) {         // walk 14
    Row row = running_row();
    row.ask(Operation::stop).value();
    row.ask(Operation::restart).value();
    row.update([](Spec& spec) { spec.image = "nowhere"; }).value();
    const Error error = engine_error(EngineFailure::no_such_image, "nowhere: not found");
    row.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_pulled(record, {2, 0, ""}, &error, out, moment);
    });
    EXPECT_EQ(row.outcome("r4"), Outcome::failed);
    EXPECT_EQ(row.outcome("r2"), std::nullopt);
    EXPECT_EQ(row.outcome("r3"), std::nullopt) << "the restart acts on the old one";
    EXPECT_EQ(row.status().trouble, "ImagePullBackOff");
    EXPECT_FALSE(row.out.remove_record);
    row.stop("d1", Purpose::restart);
    row.start("d1");
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
    EXPECT_EQ(row.outcome("r3"), Outcome::done);
}

TEST(ModelFailed, AStepThatFailsAgainEndsNothingTwice) {
    Row row = running_row();
    row.ask(Operation::stop).value();
    row.intend(Step::stop, "d1", Purpose::stop);
    row.fail(Step::stop, engine_error(EngineFailure::retryable));
    EXPECT_EQ(row.outcome("r2"), Outcome::failed);
    row.fail(Step::stop, engine_error(EngineFailure::retryable));
    row.stop("d1", Purpose::stop);
    EXPECT_EQ(row.ends(), 2u);
}

// -- the undo of a create ------------------------------------------------------------------------------------

TEST(ModelUndo, ACreateWhoseImageIsNotThereIsUndone) {
    Row row{DesiredState::running};
    const Error error = engine_error(EngineFailure::no_such_image, "nowhere: not found");
    row.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_pulled(record, {1, 0, ""}, &error, out, moment);
    });
    EXPECT_TRUE(row.out.remove_record);
    EXPECT_EQ(row.outcome("r1"), Outcome::failed);
    EXPECT_EQ(row.end("r1")->error.message, "nowhere: not found");
    const auto told = row.all("status_changed");
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.back()["new_state"], "removed");
}

TEST(ModelUndo, NotWhenTheSpecWasChangedMeanwhile) {
    Row row{DesiredState::running};
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    const Error error = engine_error(EngineFailure::no_such_image);
    row.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_pulled(record, {1, 0, ""}, &error, out, moment);
    });
    EXPECT_FALSE(row.out.remove_record);
    EXPECT_EQ(row.ends(), 0u) << "the failure is of a generation that nobody asks for any more";
}

TEST(ModelUndo, NotForAManifest) {
    Row row{DesiredState::running};
    row.record.source = "manifest:web.yaml";
    const Error error = engine_error(EngineFailure::refused);
    row.intend(Step::create, "");
    row.fail(Step::create, error);
    EXPECT_FALSE(row.out.remove_record);
    EXPECT_EQ(row.reason(), "CreateFailed");
    EXPECT_EQ(row.status().backoff.at(BackoffKind::step).tries, 1);
}

TEST(ModelUndo, AForeignHolderOfTheNameUndoesTheFirstCreateOnly) {
    const Error taken = engine_error(EngineFailure::name_taken, "the name is in use");
    Row first{DesiredState::created};
    first.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_name_conflict(record, {false, false, 1}, taken, out, moment);
    });
    EXPECT_TRUE(first.out.remove_record);
    EXPECT_EQ(first.end("r1")->error.type, ErrorType::name_conflict);

    Row later = running_row();
    later.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_name_conflict(record, {false, false, 1}, taken, out, moment);
    });
    EXPECT_FALSE(later.out.remove_record);
    EXPECT_EQ(later.status().trouble, "NameConflict");
}

TEST(ModelUndo, OneOfOursThatHoldsTheNameIsWaitedFor) {
    const Error taken = engine_error(EngineFailure::name_taken, "the name is in use");
    Row row{DesiredState::created};
    row.change([&](Record& record, Changes& out, const Moment& moment) {
        model::record_name_conflict(record, {true, true, 1}, taken, out, moment);
    });
    EXPECT_FALSE(row.out.remove_record);
    EXPECT_EQ(row.reason(), "WaitingForDeletion");
    EXPECT_EQ(row.outcome("r1"), std::nullopt);
}

// -- answers -------------------------------------------------------------------------------------------------

TEST(ModelAnswers, NameTheEventThatFulfilledThem) {
    Row row = running_row();
    const Seq started = row.status().result_seq.at("container_started");
    row.ask(Operation::start).value();
    EXPECT_EQ(row.end("r2")->answer["result_seq"], started);
    EXPECT_EQ(row.end("r2")->answer["request_id"], "r2");
    EXPECT_EQ(row.end("r2")->operation, "start_container");
}

TEST(ModelAnswers, ARequestEndsOnceHoweverOftenItIsLookedAt) {
    Row row = running_row();
    for (int i = 0; i < 5; ++i) {
        row.change([](Record&, Changes&, const Moment&) {});
    }
    EXPECT_EQ(row.ends(), 1u);
    EXPECT_TRUE(row.record.open.empty());
}

}  // namespace
}  // namespace flow::domain::test
