// The state table of model 9, row by row and in its order, and which event is told when (model 10).
#include <gtest/gtest.h>

#include "unit/domain/model/row.hpp"

namespace flow::domain::test {
namespace {

using Types = std::vector<std::string>;

/// A replace of a running row from step 2 on: d2 is made, d1 is being stopped.
Row updating_row() {
    Row row = running_row();
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    row.create("d2", Role::next);
    row.intend(Step::stop, "d1", Purpose::update);
    return row;
}

// -- states --------------------------------------------------------------------------------------------------

TEST(ModelStates, RemovingComesFirst) {
    Row row = running_row();
    row.ask(Operation::remove).value();
    row.moment.unknown = true;
    EXPECT_EQ(row.state(), State::removing);
}

TEST(ModelStates, UnknownIsBeforeAllOthers) {
    Row row = updating_row();
    row.moment.unknown = true;
    EXPECT_EQ(row.state(), State::unknown);
    EXPECT_EQ(row.reason(), "EngineUnavailable");
}

TEST(ModelStates, UpdatingFromStep2UntilTheVerdict) {
    Row row = running_row();
    row.update([](Spec& spec) { spec.image = "busybox:2"; }).value();
    EXPECT_EQ(row.state(), State::running) << "before step 2 the old one lives";
    row.create("d2", Role::next);
    EXPECT_EQ(row.state(), State::running);
    row.stop("d1", Purpose::update);
    EXPECT_EQ(row.state(), State::updating);
    row.start("d2");
    EXPECT_EQ(row.state(), State::updating) << "in the window";
    row.change([](Record& record, Changes& out, const Moment&) { model::record_keep(record, out); });
    EXPECT_EQ(row.state(), State::running);
}

TEST(ModelStates, UpdatingWhileTheOldOneIsStopped) {
    EXPECT_EQ(updating_row().state(), State::updating);
}

TEST(ModelStates, StoppingWhileAStopIsInHand) {
    Row row = running_row();
    row.ask(Operation::stop).value();
    row.intend(Step::stop, "d1", Purpose::stop);
    EXPECT_EQ(row.state(), State::stopping);
}

TEST(ModelStates, RestartingWhileARestartIsInHand) {
    Row row = running_row();
    row.ask(Operation::restart).value();
    EXPECT_EQ(row.state(), State::restarting);
    row.stop("d1", Purpose::restart);
    EXPECT_EQ(row.state(), State::restarting);
    row.start("d1");
    EXPECT_EQ(row.state(), State::running);
}

TEST(ModelStates, RestartingInBackoffAfterARun) {
    Row row = running_row();
    row.die("d1", 1);
    EXPECT_EQ(row.state(), State::restarting);
    EXPECT_EQ(row.reason(), "") << "the first try is at once";
}

TEST(ModelStates, StartingWhenAStartIsDueOrInHand) {
    Row row{DesiredState::running};
    row.create("d1");
    EXPECT_EQ(row.state(), State::starting);
    row.intend(Step::start, "d1");
    EXPECT_EQ(row.state(), State::starting);
}

TEST(ModelStates, StartingUntilItsPortsAreKnown) {
    Spec spec = plain_spec();
    Port port;
    port.container = 80;
    spec.ports = {port};
    Row row = running_row(spec);
    EXPECT_EQ(row.state(), State::starting);
    EXPECT_EQ(row.outcome("r1"), std::nullopt);
    row.change([](Record& record, Changes&, const Moment&) {
        model::record_ports(record, {{80, "tcp", "0.0.0.0", 32768}});
    });
    EXPECT_EQ(row.state(), State::running);
    EXPECT_EQ(row.end("r1")->answer["ports"]["80/tcp"][0]["host_port"], 32768);
}

TEST(ModelStates, RunningAlsoWhenPausedByOthers) {
    Row row = running_row();
    row.event(EngineEvent::Type::pause, "d1");
    EXPECT_EQ(row.state(), State::running);
    EXPECT_EQ(row.reason(), "PausedOutside");
    row.event(EngineEvent::Type::unpause, "d1");
    EXPECT_EQ(row.reason(), "");
}

TEST(ModelStates, CompletedWhenTheWantedRunEndedWith0) {
    Row row = running_row();
    row.die("d1", 0);
    EXPECT_EQ(row.state(), State::completed);
    row.ask(Operation::stop).value();
    EXPECT_EQ(row.state(), State::completed) << "a stop changes desired_state only";
}

TEST(ModelStates, ErrorOnlyWhileRunningIsDesired) {
    Row row = running_row(spec_with_restart(Restart::Policy::no));
    row.die("d1", 1);
    EXPECT_EQ(row.state(), State::error);
    row.ask(Operation::stop).value();
    EXPECT_EQ(row.state(), State::stopped);
}

TEST(ModelStates, CreatingUntilThereIsAnEngineContainer) {
    Row row{DesiredState::created};
    EXPECT_EQ(row.state(), State::creating);
    Row wanted{DesiredState::running};
    EXPECT_EQ(wanted.state(), State::creating);
    wanted.record.status.trouble = "ImagePullBackOff";
    EXPECT_EQ(wanted.reason(), "ImagePullBackOff");
}

TEST(ModelStates, CreatedWhenItNeverRan) { EXPECT_EQ(created_row().state(), State::created); }

TEST(ModelStates, CreatedAfterAStopThatCameBeforeAnyRun) {
    Row row = created_row();
    row.ask(Operation::stop).value();
    EXPECT_EQ(row.state(), State::created);
}

TEST(ModelStates, StoppedIsTheRest) {
    Row row = running_row();
    row.ask(Operation::stop).value();
    row.stop("d1", Purpose::stop);
    EXPECT_EQ(row.state(), State::stopped);
    row.record.desired = DesiredState::created;
    EXPECT_EQ(row.state(), State::stopped) << "created after a run too";
}

TEST(ModelStates, UpdateFailedIsAReasonUntilTheNextGeneration) {
    Row row = updating_row();
    row.die("d1", 0);
    row.change([](Record& record, Changes&, const Moment&) { model::clear_intention(record); });
    row.refuse_start("d2", engine_error(EngineFailure::refused));
    EXPECT_EQ(row.state(), State::updating) << "until the way back is done";
    row.done("d2");
    row.change([](Record& record, Changes&, const Moment&) { model::record_rolled_back(record); });
    row.start("d1");
    EXPECT_EQ(row.state(), State::running);
    EXPECT_EQ(row.reason(), "UpdateFailed");
    EXPECT_EQ(row.status().active_generation, 1u);
    row.update([](Spec& spec) { spec.image = "busybox:3"; }).value();
    EXPECT_EQ(row.reason(), "");
}

TEST(ModelStates, ADependencyIsNamedWhileItWaits) {
    Row row{DesiredState::running};
    row.create("d1");
    row.change([](Record& record, Changes&, const Moment&) { record.status.waiting_for = "db"; });
    EXPECT_EQ(row.state(), State::starting);
    EXPECT_EQ(row.reason(), "WaitingForDependency");
}

// -- events --------------------------------------------------------------------------------------------------

TEST(ModelEvents, CreateAndStart) {
    Row row{DesiredState::running};
    EXPECT_EQ(row.told(), Types{});
    row.create("d1");
    EXPECT_EQ(row.told(), (Types{"container_created", "status_changed"}));
    row.start("d1");
    EXPECT_EQ(row.told(), (Types{"status_changed", "container_started"}));
}

TEST(ModelEvents, CreatedIsToldOnceInALife) {
    Row row = created_row();
    row.change([](Record& record, Changes& out, const Moment& moment) {
        model::record_gone_containers(record, {"d1"}, out, moment);
    });
    row.create("d2");
    EXPECT_EQ(row.all("container_created").size(), 1u);
}

TEST(ModelEvents, EachEntryIntoRunningIsOneStarted) {
    Row row = running_row();
    row.die("d1", 1);
    row.tell_crashes();
    row.start("d1");
    EXPECT_EQ(row.all("container_started").size(), 2u);
    row.event(EngineEvent::Type::pause, "d1");
    row.event(EngineEvent::Type::unpause, "d1");
    EXPECT_EQ(row.all("container_started").size(), 2u) << "it ran all the time";
}

TEST(ModelEvents, ARestartIsRestartedAndNeitherStoppedNorStarted) {
    Row row = running_row();
    (void)row.told();
    row.ask(Operation::restart).value();
    row.stop("d1", Purpose::restart);
    row.start("d1");
    EXPECT_EQ(row.told(), (Types{"status_changed", "status_changed", "container_restarted"}));
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
}

TEST(ModelEvents, AnUpdateIsUpdatedAlone) {
    Row row = updating_row();
    (void)row.told();
    row.die("d1", 0);
    row.change([](Record& record, Changes&, const Moment&) { model::clear_intention(record); });
    row.start("d2");
    EXPECT_EQ(row.told(), Types{});
    row.change([](Record& record, Changes& out, const Moment&) { model::record_keep(record, out); });
    EXPECT_EQ(row.told(), (Types{"container_updated", "status_changed"}));
    const Json updated = row.all("container_updated").at(0);
    EXPECT_EQ(updated["changed_fields"], Json::parse(R"(["image"])"));
    EXPECT_EQ(updated["recreated"], true);
    EXPECT_EQ(updated["docker_id"], "d2");
}

TEST(ModelEvents, AStopIsStopped) {
    Row row = running_row();
    (void)row.told();
    row.ask(Operation::stop).value();
    row.stop("d1", Purpose::stop, 143);
    EXPECT_EQ(row.told(), (Types{"status_changed", "status_changed", "container_stopped"}));
    EXPECT_EQ(row.all("container_stopped").at(0)["exit_code"], 143);
}

TEST(ModelEvents, AStopInBackoffIsStopped) {
    Row row = running_row();
    row.die("d1", 1);
    row.tell_crashes();
    (void)row.told();
    row.ask(Operation::stop).value();
    EXPECT_EQ(row.state(), State::stopped);
    EXPECT_EQ(row.told(), (Types{"status_changed", "container_stopped"}));
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
}

TEST(ModelEvents, AStopOfACompletedOneTellsNothing) {
    Row row = running_row();
    row.die("d1", 0);
    (void)row.told();
    row.ask(Operation::stop).value();
    EXPECT_EQ(row.told(), Types{});
    EXPECT_EQ(row.outcome("r2"), Outcome::done);
}

TEST(ModelEvents, ACrashHasItsLinesAndItsNextTry) {
    Row row = running_row();
    row.die("d1", 3);
    row.pass(milliseconds{260});
    const model::CrashLogs logs{{{"d1", row.record.status.pending.at(0).at}, {"first", "last"}},
                                {{"d1", row.moment.now}, {"of another exit"}}};
    row.change([&](Record& record, Changes& out, const Moment& moment) {
        model::tell_crashes(record, logs, false, out, moment);
    });
    const Json crash = row.all("container_crashed").at(0);
    EXPECT_EQ(crash["exit_code"], 3);
    EXPECT_EQ(crash["crash_details"]["logs"], Json::parse(R"(["first", "last"])"));
    EXPECT_TRUE(crash["crash_details"]["next_restart_at"].is_string());
}

TEST(ModelEvents, TheEndIsDeletedAndTheRowGoes) {
    Row row = created_row();
    row.ask(Operation::remove).value();
    (void)row.told();
    row.intend(Step::remove, "d1");
    row.done("d1");
    row.change([](Record& record, Changes& out, const Moment& moment) {
        model::record_cleanup(record, model::CleanupPart::container, "removed");
        model::record_gone(record, {}, out, moment);
    });
    EXPECT_EQ(row.told(), Types{"container_deleted"});
    EXPECT_TRUE(row.out.remove_record);
    const Json deleted = row.all("container_deleted").at(0);
    EXPECT_EQ(deleted["cleanup"]["container"], "removed");
    EXPECT_EQ(deleted["cleanup"]["volumes"], "none");
    EXPECT_EQ(row.end("r2")->answer["status"], "deleted");
}

TEST(ModelEvents, NothingIsToldTwiceWhenNothingChanges) {
    Row row = running_row();
    (void)row.told();
    for (int i = 0; i < 3; ++i) {
        row.change([](Record&, Changes&, const Moment&) {});
    }
    EXPECT_EQ(row.told(), Types{});
}

}  // namespace
}  // namespace flow::domain::test
