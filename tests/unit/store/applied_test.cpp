// What is known of documents and old specs: which set made which row, previews that write nothing, revisions.
#include <gtest/gtest.h>

#include "domain/spec_canonical.hpp"
#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

using domain::AppliedDocument;
using domain::DesiredState;
using domain::Operation;
using domain::Request;
using Documents = std::vector<AppliedDocument>;

class AppliedTest : public testing::Test {
protected:
    static Request document(const std::string& name, const std::string& digest,
                            const std::string& file = "a.yaml") {
        Request request = create(name);
        request.operation = Operation::manifest;
        request.desired = DesiredState::running;
        request.source = "manifest:" + file;
        request.document_digest = digest;
        request.document_set = "manifests:/etc/flow";
        return request;
    }
    static Request by_hand(const std::string& name) {
        Request request = document(name, "");
        request.source = request.document_set = "apply";
        return request;
    }
    Documents applied(const std::string& set = "manifests:/etc/flow") {
        return bench_.store->applied(set);
    }
    void forget(const std::string& name) {
        bool done = false;
        bench_.store->forget_applied("manifests:/etc/flow", {name},
                                     [&done](const domain::Result<void>& result) {
                                         done = result.has_value();
                                     });
        bench_.run();
        EXPECT_TRUE(done);
    }
    const domain::Record& row(const domain::Accepted& accepted) {
        return *bench_.store->find(accepted.container_id);
    }

    Bench bench_{inline_config()};
};

TEST_F(AppliedTest, ADocumentThatMovesToAnotherFileIsTheSame) {
    const auto first = bench_.accept(document("Web", "one", "a.yaml")).value();
    ASSERT_TRUE(bench_.accept(on(Operation::stop, first)));
    const auto moved = bench_.accept(document("Web", "one", "b.yaml")).value();
    EXPECT_FALSE(moved.changed);
    EXPECT_EQ(moved.container_id, first.container_id);
    EXPECT_EQ(row(first).desired, DesiredState::stopped);
    EXPECT_EQ(applied(), (Documents{{"web", "one", first.container_id}}));
    bench_.reopen();
    EXPECT_EQ(applied(), (Documents{{"web", "one", first.container_id}}));
}

TEST_F(AppliedTest, WhatWasAppliedByItsFileBeforeStaysApplied) {
    Request old = document("web", "one");
    old.document_set = "";
    const auto first = bench_.accept(old).value();
    ASSERT_TRUE(bench_.accept(on(Operation::stop, first)));
    EXPECT_FALSE(bench_.accept(document("web", "one"))->changed);
    EXPECT_EQ(applied(), (Documents{{"web", "one", first.container_id}}));
    bench_.reopen();
    EXPECT_EQ(applied(), (Documents{{"web", "one", first.container_id}}));
}

TEST_F(AppliedTest, ARowOfSomebodyElseIsNotTheDocuments) {
    ASSERT_TRUE(bench_.accept(create("web")));
    ASSERT_TRUE(bench_.accept(document("web", "one")));
    EXPECT_EQ(applied(), (Documents{{"web", "one", ""}}));
    ASSERT_TRUE(bench_.accept(document("web", "two")));
    EXPECT_EQ(applied(), (Documents{{"web", "two", ""}}));
}

TEST_F(AppliedTest, ARowThatAClientMadeAnewIsNotTheDocumentsAnyMore) {
    const auto first = bench_.accept(document("web", "one")).value();
    ASSERT_TRUE(bench_.accept(on(Operation::remove, first)));
    const auto second = bench_.accept(create("web")).value();
    const auto third = bench_.accept(document("web", "two")).value();
    EXPECT_EQ(third.container_id, second.container_id);
    EXPECT_EQ(applied(), (Documents{{"web", "two", ""}}));
}

TEST_F(AppliedTest, AForgottenDocumentIsAppliedAnewAndItsRowStaysKnown) {
    const auto first = bench_.accept(document("web", "one")).value();
    forget("WEB");
    EXPECT_EQ(applied(), (Documents{{"web", "", first.container_id}}));
    ASSERT_TRUE(bench_.accept(on(Operation::stop, first)));
    EXPECT_TRUE(bench_.accept(document("web", "one"))->changed);
    EXPECT_EQ(row(first).desired, DesiredState::running);
    ASSERT_TRUE(bench_.accept(on(Operation::remove, first)));
    forget("web");
    EXPECT_EQ(applied(), Documents{});
    bench_.reopen();
    EXPECT_EQ(applied(), Documents{});
    EXPECT_TRUE(bench_.accept(document("web", "one"))->created) << "it came back";
}

TEST_F(AppliedTest, SetsDoNotKnowEachOther) {
    const auto one = bench_.accept(document("web", "one")).value();
    const auto two = bench_.accept(by_hand("db")).value();
    EXPECT_EQ(applied(), (Documents{{"web", "one", one.container_id}}));
    EXPECT_EQ(applied("apply"), (Documents{{"db", "", two.container_id}}));
    EXPECT_EQ(applied("manifests:/etc"), Documents{});
}

TEST_F(AppliedTest, ByHandItIsHeldAgainstTheRow) {
    const auto first = bench_.accept(by_hand("web")).value();
    EXPECT_TRUE(first.created);
    EXPECT_TRUE(first.changed);
    const auto same = bench_.accept(by_hand("web")).value();
    EXPECT_FALSE(same.created);
    EXPECT_FALSE(same.changed);
    EXPECT_EQ(same.diff, domain::Json::array());

    ASSERT_TRUE(bench_.accept(on(Operation::stop, first)));
    const auto stopped = bench_.accept(by_hand("web")).value();
    EXPECT_TRUE(stopped.changed);
    EXPECT_EQ(stopped.generation, 1U);
    EXPECT_EQ(stopped.diff.dump(),
              R"([{"field":"desired_state","from":"stopped","to":"running"}])");
    EXPECT_EQ(row(first).desired, DesiredState::running);

    Request update = on(Operation::update, first);
    update.spec = row(first).spec();
    update.spec->image = "alpine";
    ASSERT_TRUE(bench_.accept(update));
    const auto back = bench_.accept(by_hand("web")).value();
    EXPECT_EQ(back.generation, 3U);
    EXPECT_EQ(back.diff.dump(), R"([{"field":"image","from":"alpine","to":"busybox"}])");
}

TEST_F(AppliedTest, ByHandWhatHasEndedStaysEnded) {
    const auto first = bench_.accept(by_hand("web")).value();
    ASSERT_TRUE(bench_.change(first.container_id, [](domain::Record& record, domain::Changes&,
                                                     const domain::Moment&) {
        record.status.run_started = record.status.run_ended = record.run_wanted;
        record.status.ended_code = 0;
    }));
    EXPECT_FALSE(bench_.accept(by_hand("web"))->changed);
    EXPECT_EQ(row(first).run_wanted, 1U);
    EXPECT_TRUE(bench_.accept(document("web", "one"))->changed) << "a new document starts it";
    EXPECT_EQ(row(first).run_wanted, 2U);
}

TEST_F(AppliedTest, ARepetitionGetsTheDiffToo) {
    Request request = by_hand("web");
    request.client_gave_id = true;
    request.payload_digest = "digest";
    const auto first = bench_.accept(request).value();
    bench_.reopen();
    const auto again = bench_.accept(request).value();
    EXPECT_TRUE(again.repeated);
    EXPECT_TRUE(again.created);
    EXPECT_EQ(again.diff, first.diff);
    EXPECT_EQ(again.diff[0]["field"], "image");
    EXPECT_EQ(again.diff[0]["from"], nullptr);
}

TEST_F(AppliedTest, APreviewSaysTheSameAndWritesNothing) {
    const auto web = bench_.accept(create("web")).value();
    const domain::Seq seq = bench_.store->last_seq();
    for (Request request : {by_hand("new"), by_hand("web"), on(Operation::remove, web)}) {
        const auto preview = bench_.store->preview(request);
        ASSERT_TRUE(preview) << preview.error().message;
        EXPECT_EQ(bench_.store->last_seq(), seq);
        EXPECT_EQ(bench_.store->size(), 1U);
        EXPECT_FALSE(row(web).deleted);
        EXPECT_EQ(applied("apply"), Documents{});
        EXPECT_EQ(preview->accepted.created, preview->record.spec().name == "new");
        EXPECT_EQ(preview->record.deleted, request.operation == Operation::remove);
    }
    EXPECT_EQ(bench_.store->preview(create("WEB")).error().type,
              domain::ErrorType::name_conflict);
    domain::Accepted nobody;
    nobody.container_id = "0123456789ab";
    EXPECT_FALSE(bench_.store->preview(on(Operation::start, nobody)));
    EXPECT_EQ(bench_.store->last_seq(), seq) << "a refused preview leaves no audit row";
}

TEST_F(AppliedTest, RevisionsAreKeptWithTheirAuthors) {
    const auto web = bench_.accept(create("web")).value();
    for (const char* image : {"alpine", "debian"}) {
        Request update = on(Operation::update, web);
        update.actor = image;
        update.spec = row(web).spec();
        update.spec->image = image;
        ASSERT_TRUE(bench_.accept(update));
    }
    for (const bool reopened : {false, true}) {
        if (reopened) {
            bench_.reopen();
        }
        const auto known = bench_.store->revisions(web.container_id).value();
        ASSERT_EQ(known.size(), 3U);
        EXPECT_EQ(known[0].spec.image, "busybox");
        EXPECT_EQ(known[1].spec.image, "alpine");
        EXPECT_EQ(known[1].actor, "alpine");
        EXPECT_EQ(known[2].generation, 3U);
        EXPECT_GT(known[2].seq, known[1].seq);
    }
    EXPECT_EQ(bench_.store->revisions("0123456789ab").error().type,
              domain::ErrorType::container_not_found);
}

TEST_F(AppliedTest, ARollbackIsANewGeneration) {
    const auto web = bench_.accept(create("web")).value();
    Request update = on(Operation::update, web);
    update.spec = row(web).spec();
    update.spec->image = "alpine";
    ASSERT_TRUE(bench_.accept(update));
    Request back = on(Operation::rollback, web);
    back.spec = bench_.store->revisions(web.container_id)->front().spec;
    const auto accepted = bench_.accept(back).value();
    EXPECT_EQ(accepted.generation, 3U);
    EXPECT_EQ(row(web).spec().image, "busybox");
    EXPECT_EQ(row(web).open.back().operation, "rollback_container");
    EXPECT_EQ(row(web).open.back().target.kind, domain::Target::Kind::active);
}

}  // namespace
}  // namespace flow::store::test
