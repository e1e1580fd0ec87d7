// Requests: repetitions, refusals, names, dependencies, manifests.
#include <gtest/gtest.h>

#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

using domain::ErrorType;
using domain::Operation;
using domain::Request;

class AcceptTest : public testing::Test {
protected:
    std::string log_count(const std::string& condition) {
        return one_text(*bench_.config.connection,
                        "SELECT count(*) FROM events WHERE " + condition);
    }

    static Request with_id(Request request, const std::string& id, const std::string& digest) {
        request.client_gave_id = true;
        request.request_id = id;
        request.payload_digest = digest;
        return request;
    }

    static Request manifest(const std::string& name, const std::string& digest) {
        Request request = create(name);
        request.operation = Operation::manifest;
        request.desired = domain::DesiredState::running;
        request.source = "manifest:web.yaml";
        request.document_digest = digest;
        return request;
    }

    static Request needing(const std::string& name, const std::vector<std::string>& others) {
        Request request = create(name);
        for (const std::string& other : others) {
            request.spec->depends_on.push_back({other, domain::DependencyCondition::started});
        }
        return request;
    }

    Bench bench_{inline_config()};
};

TEST_F(AcceptTest, ACreateMakesARow) {
    const auto accepted = bench_.accept(create("web"));
    ASSERT_TRUE(accepted) << accepted.error().message;
    EXPECT_EQ(accepted->container_id.size(), 12U);
    EXPECT_EQ(accepted->container_id.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(accepted->name, "web");
    EXPECT_EQ(accepted->generation, 1U);
    EXPECT_TRUE(accepted->changed);
    EXPECT_FALSE(accepted->repeated);
    const domain::Record* record = bench_.store->find(accepted->container_id);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->socket_folder, "/data/run/" + accepted->container_id);
    ASSERT_EQ(record->open.size(), 1U);
    EXPECT_EQ(record->open[0].seq, accepted->seq);
}

TEST_F(AcceptTest, WithoutANameItGetsOneFromItsId) {
    const auto accepted = bench_.accept(create("")).value();
    EXPECT_EQ(accepted.name, "flow-" + accepted.container_id);
    EXPECT_NE(bench_.store->find_name(accepted.name), nullptr);
}

TEST_F(AcceptTest, AnIdIsNeverUsedTwice) {
    Config config = inline_config();
    std::vector<std::string> ids{"aaaaaaaaaaaa", "aaaaaaaaaaaa", "bbbbbbbbbbbb", "aaaaaaaaaaaa",
                                 "bbbbbbbbbbbb", "cccccccccccc"};
    config.make_id = [ids, next = std::size_t{0}]() mutable { return ids.at(next++); };
    Bench bench{config};
    EXPECT_EQ(bench.accept(create("a"))->container_id, "aaaaaaaaaaaa");
    ASSERT_TRUE(bench.change("aaaaaaaaaaaa", [](domain::Record& record, domain::Changes& changes,
                                                const domain::Moment&) {
        record.open.clear();
        changes.remove_record = true;
    }));
    EXPECT_EQ(bench.accept(create("b"))->container_id, "bbbbbbbbbbbb");
    EXPECT_EQ(bench.accept(create("c"))->container_id, "cccccccccccc");
}

TEST_F(AcceptTest, ARepetitionGetsTheFirstAnswerAndDoesNothing) {
    const Request request = with_id(create("web"), "0123456789abcdef", "digest");
    const auto first = bench_.accept(request).value();
    const domain::Seq seq = bench_.store->last_seq();
    for (const bool reopened : {false, true}) {
        if (reopened) {
            bench_.reopen();
        }
        const auto again = bench_.accept(request);
        ASSERT_TRUE(again);
        EXPECT_TRUE(again->repeated);
        EXPECT_EQ(again->container_id, first.container_id);
        EXPECT_EQ(again->seq, first.seq);
        EXPECT_EQ(again->changed, first.changed);
        EXPECT_FALSE(again->end);
        EXPECT_EQ(bench_.store->size(), 1U);
        EXPECT_EQ(bench_.store->last_seq(), seq);
    }
}

TEST_F(AcceptTest, ARepetitionAfterTheEndGetsTheEndToo) {
    const Request request = with_id(create("web"), "0123456789abcdef", "digest");
    const auto first = bench_.accept(request).value();
    ASSERT_TRUE(bench_.change(first.container_id, [](domain::Record& record,
                                                     domain::Changes& changes,
                                                     const domain::Moment&) {
        domain::RequestEnd end;
        end.actor = "ann";
        end.request_id = "0123456789abcdef";
        end.operation = "create_container";
        end.container_id = record.container_id;
        end.answer["status"] = "created";
        changes.ends.push_back(end);
        record.open.clear();
    }));
    for (const bool reopened : {false, true}) {
        if (reopened) {
            bench_.reopen();
        }
        const auto again = bench_.accept(request).value();
        ASSERT_TRUE(again.end);
        EXPECT_EQ(again.end->outcome, domain::Outcome::done);
        EXPECT_EQ(again.end->answer["status"], "created");
        EXPECT_TRUE(bench_.store->remembers("ann", "0123456789abcdef"));
        EXPECT_FALSE(bench_.store->remembers("bob", "0123456789abcdef"));
        EXPECT_TRUE(bench_.store->find(first.container_id)->open.empty());
    }
    EXPECT_EQ(log_count("kind = 'end' AND request_id = '0123456789abcdef'"), "1");
}

TEST_F(AcceptTest, TheSameIdWithAnotherPayloadIsAConflict) {
    ASSERT_TRUE(bench_.accept(with_id(create("web"), "0123456789abcdef", "one")));
    const auto other = bench_.accept(with_id(create("web2"), "0123456789abcdef", "two"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().type, ErrorType::conflict_error);
    EXPECT_EQ(bench_.store->size(), 1U);
    Request of_bob = with_id(create("web3"), "0123456789abcdef", "two");
    of_bob.actor = "bob";
    EXPECT_TRUE(bench_.accept(of_bob)) << "ids belong to an actor";
}

TEST_F(AcceptTest, ARefusalIsRememberedAndLeavesOneAuditRow) {
    ASSERT_TRUE(bench_.accept(create("web")));
    const Request request = with_id(create("WEB"), "0123456789abcdef", "digest");
    const auto refused = bench_.accept(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().type, ErrorType::name_conflict);
    EXPECT_EQ(refused.error().details["holder"], bench_.store->find_name("web")->container_id);
    for (const bool reopened : {false, true}) {
        if (reopened) {
            bench_.reopen();
        }
        const auto again = bench_.accept(request);
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().message, refused.error().message);
        EXPECT_EQ(log_count("kind = 'refusal' AND type = 'create_container'"), "1");
        EXPECT_EQ(bench_.store->size(), 1U);
    }
}

TEST_F(AcceptTest, ExpectedGeneration) {
    const auto web = bench_.accept(create("web")).value();
    Request update = on(Operation::update, web);
    update.spec = bench_.store->find(web.container_id)->spec();
    update.spec->image = "alpine";
    update.expected_generation = 2;
    const auto refused = bench_.accept(update);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().type, ErrorType::conflict_error);
    EXPECT_EQ(bench_.store->find(web.container_id)->generation, 1U);
    update.expected_generation = 1;
    EXPECT_EQ(bench_.accept(update)->generation, 2U);
}

TEST_F(AcceptTest, ARenameOntoATakenNameIsRefusedOntoItsOwnIsNot) {
    ASSERT_TRUE(bench_.accept(create("a")));
    const auto b = bench_.accept(create("b")).value();
    Request update = on(Operation::update, b);
    update.spec = bench_.store->find(b.container_id)->spec();
    update.spec->name = "A";
    EXPECT_EQ(bench_.accept(update).error().type, ErrorType::name_conflict);
    update.spec->name = "B";
    EXPECT_TRUE(bench_.accept(update));
    update.spec->name = "c";
    EXPECT_TRUE(bench_.accept(update));
    EXPECT_TRUE(bench_.accept(create("b"))) << "free after the rename";
}

TEST_F(AcceptTest, ANameIsFreeWhenItsContainerIsMarked) {
    const auto first = bench_.accept(create("a")).value();
    ASSERT_TRUE(bench_.accept(on(Operation::remove, first)));
    const auto second = bench_.accept(create("a"));
    ASSERT_TRUE(second);
    EXPECT_EQ(bench_.store->find_name("a")->container_id, second->container_id);
    bench_.reopen();
    EXPECT_EQ(bench_.store->size(), 2U);
    EXPECT_EQ(bench_.store->find_name("a")->container_id, second->container_id);
}

TEST_F(AcceptTest, DependenciesInACircleAreRefused) {
    ASSERT_TRUE(bench_.accept(needing("a", {"b"}))) << "b may come later";
    ASSERT_TRUE(bench_.accept(needing("b", {"c", "d"})));
    ASSERT_TRUE(bench_.accept(needing("d", {})));
    const auto circle = bench_.accept(needing("c", {"d", "A"}));
    ASSERT_FALSE(circle);
    EXPECT_EQ(circle.error().type, ErrorType::validation_error);
    EXPECT_EQ(circle.error().details["field_errors"][0]["path"], "depends_on");
    EXPECT_NE(circle.error().message.find("c -> a -> b -> c"), std::string::npos)
        << circle.error().message;
    EXPECT_FALSE(bench_.accept(needing("e", {"e"})));
    EXPECT_TRUE(bench_.accept(needing("c", {"d"})));
}

TEST_F(AcceptTest, AnUnchangedManifestDoesNothingAlsoAfterAStopAndARestart) {
    const auto first = bench_.accept(manifest("web", "one")).value();
    EXPECT_TRUE(first.changed);
    ASSERT_TRUE(bench_.accept(on(Operation::stop, first)));
    bench_.reopen();
    const domain::Seq before = bench_.store->last_seq();
    const auto again = bench_.accept(manifest("web", "one")).value();
    EXPECT_FALSE(again.changed);
    EXPECT_EQ(again.container_id, first.container_id);
    ASSERT_TRUE(again.end);
    EXPECT_EQ(again.end->outcome, domain::Outcome::done);
    EXPECT_EQ(bench_.store->last_seq(), before);
    EXPECT_EQ(bench_.store->find(first.container_id)->desired, domain::DesiredState::stopped);

    Request changed = manifest("web", "two");
    changed.spec->image = "alpine";
    const auto second = bench_.accept(changed).value();
    EXPECT_EQ(second.container_id, first.container_id);
    EXPECT_EQ(second.generation, 2U);
    EXPECT_EQ(bench_.store->find(first.container_id)->desired, domain::DesiredState::running);
}

TEST_F(AcceptTest, AManifestsContainerThatWasDeletedByHandStaysAway) {
    const auto first = bench_.accept(manifest("web", "one")).value();
    ASSERT_TRUE(bench_.accept(on(Operation::remove, first)));
    const auto again = bench_.accept(manifest("web", "one")).value();
    EXPECT_FALSE(again.changed);
    EXPECT_EQ(again.container_id, "");
    const auto changed = bench_.accept(manifest("web", "two")).value();
    EXPECT_TRUE(changed.changed);
    EXPECT_NE(changed.container_id, first.container_id);
}

TEST_F(AcceptTest, UnknownContainer) {
    domain::Accepted nobody;
    nobody.container_id = "0123456789ab";
    const auto refused = bench_.accept(on(Operation::start, nobody));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().type, ErrorType::container_not_found);
    EXPECT_EQ(log_count("kind = 'refusal' AND container_id = '0123456789ab'"), "1");
}

TEST_F(AcceptTest, OldRequestsAreForgotten) {
    const Request old = with_id(create("WEB"), "0123456789abcdef", "digest");
    ASSERT_TRUE(bench_.accept(create("web")));
    ASSERT_FALSE(bench_.accept(old));
    bench_.store->prune(bench_.now + std::chrono::hours{23});
    bench_.run();
    EXPECT_EQ(one_text(*bench_.config.connection, "SELECT count(*) FROM requests"), "2");
    bench_.store->prune(bench_.now + std::chrono::hours{25});
    bench_.run();
    EXPECT_EQ(one_text(*bench_.config.connection, "SELECT count(*) FROM requests"), "1")
        << "the open one stays";
    EXPECT_FALSE(bench_.accept(old)) << "judged anew: the name is still taken";
    EXPECT_EQ(log_count("kind = 'refusal'"), "2");
}

}  // namespace
}  // namespace flow::store::test
