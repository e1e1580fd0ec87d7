// Reads, changes and what a new Store finds.
#include <gtest/gtest.h>

#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

using domain::Changes;
using domain::Moment;
using domain::Record;

TEST(StoreTest, AChangeIsSeenAtOnceAndToldWhenDurable) {
    Bench bench{inline_config()};
    const auto accepted = bench.accept(create("web")).value();
    bool durable = false;
    bench.store->change(
        accepted.container_id,
        [](Record& record, Changes&, const Moment&) { record.status.docker_id = "d"; },
        [&durable](domain::Result<void> result) { durable = result.has_value(); });
    EXPECT_EQ(bench.store->find(accepted.container_id)->status.docker_id, "d");
    EXPECT_FALSE(durable);
    bench.run();
    EXPECT_TRUE(durable);
}

TEST(StoreTest, UnknownContainer) {
    Bench bench{inline_config()};
    const auto result = bench.change("0123456789ab", [](Record&, Changes&, const Moment&) {
        FAIL() << "called without a row";
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().type, domain::ErrorType::container_not_found);
}

TEST(StoreTest, FoundByIdNameAndDockerPrefix) {
    Bench bench{inline_config()};
    const auto web = bench.accept(create("Web")).value();
    const std::string docker_id = "aabbccddeeff00112233";
    ASSERT_TRUE(bench.change(web.container_id, [&](Record& record, Changes&, const Moment&) {
        record.status.docker_id = docker_id;
    }));
    const Store& store = *bench.store;
    const Record* record = store.find(web.container_id);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(store.resolve(web.container_id), record);
    EXPECT_EQ(store.resolve("wEB"), record);
    EXPECT_EQ(store.resolve("aabbccddeeff"), record);
    EXPECT_EQ(store.resolve("aabbccddeef"), nullptr) << "shorter than 12";
    EXPECT_EQ(store.find_name("other"), nullptr);
    ASSERT_TRUE(bench.accept(on(domain::Operation::remove, web)));
    EXPECT_EQ(store.resolve("web"), nullptr) << "the name is free";
    EXPECT_EQ(store.resolve(web.container_id), record);
}

TEST(StoreTest, ANewStoreFindsEverythingEqual) {
    for (int seed = 0; seed < 30; ++seed) {
        Bench bench{inline_config()};
        std::mt19937_64 random{static_cast<std::uint64_t>(seed)};
        for (int i = 0; i < 3; ++i) {
            const auto accepted = bench.accept(create("c" + std::to_string(i))).value();
            ASSERT_TRUE(bench.accept(on(domain::Operation::start, accepted)));
            ASSERT_TRUE(bench.accept(on(domain::Operation::restart, accepted)));
            ASSERT_TRUE(bench.change(
                accepted.container_id, [&random](Record& record, Changes&, const Moment& moment) {
                    const auto told = record.status.state;
                    record.status = random_status(random);
                    record.status.state = told;
                    record.seen.emplace("d1", domain::to_nanos(moment.now), 2);
                    record.stop_timeout = std::chrono::seconds{3};
                    record.restart_run = 4;
                }));
        }
        const std::vector<Record> before = records_of(*bench.store);
        const std::string instance = bench.store->meta("instance_id");
        bench.reopen();
        const std::vector<Record> after = records_of(*bench.store);
        ASSERT_EQ(before.size(), after.size());
        for (std::size_t i = 0; i < before.size(); ++i) {
            EXPECT_TRUE(same(before[i], after[i])) << "seed " << seed << " row " << i;
        }
        EXPECT_EQ(bench.store->meta("instance_id"), instance);
        EXPECT_EQ(instance.size(), 12U);
    }
}

TEST(StoreTest, EventsGetSeqAndTimestampAndObserversHearAfterTheCaller) {
    Bench bench{inline_config()};
    const auto web = bench.accept(create("web")).value();
    std::vector<std::string> order;
    std::vector<domain::Commit> commits;
    bench.store->observe([&](const domain::Commit& commit) {
        order.push_back("observer");
        commits.push_back(commit);
    });
    const domain::Seq before = bench.store->last_seq();
    bench.store->change(
        web.container_id,
        [&](Record& record, Changes& changes, const Moment&) {
            EXPECT_EQ(changes.next_seq(), before + 1);
            record.status.message = "changed";
            domain::EventDraft draft;
            draft.kind = domain::LogKind::action;
            changes.add(draft);
            draft.kind = domain::LogKind::event;
            draft.type = "container_started";
            draft.payload["status"] = "running";
            EXPECT_EQ(changes.add(draft), before + 2);
        },
        [&order](domain::Result<void>) { order.push_back("caller"); });
    EXPECT_EQ(bench.store->last_seq(), before) << "not durable yet";
    bench.run();
    EXPECT_EQ(order, (std::vector<std::string>{"caller", "observer"}));
    ASSERT_EQ(commits.size(), 1U);
    EXPECT_EQ(commits[0].container_ids, std::vector<std::string>{web.container_id});
    ASSERT_FALSE(commits[0].events.empty());
    const domain::StoredEvent& event = commits[0].events[0];
    EXPECT_EQ(event.seq, before + 2);
    EXPECT_EQ(event.payload["seq"], before + 2);
    EXPECT_EQ(event.payload["timestamp"], "2026-11-21T05:59:49.948Z");
    EXPECT_EQ(event.payload["status"], "running");
}

TEST(StoreTest, AChangeThatChangesNothingWritesAndTellsNothing) {
    Bench bench{inline_config()};
    const auto web = bench.accept(create("web")).value();
    ASSERT_TRUE(bench.change(web.container_id, [](Record&, Changes&, const Moment&) {}));
    int heard = 0;
    bench.store->observe([&heard](const domain::Commit&) { ++heard; });
    const domain::Seq before = bench.store->last_seq();
    const int written = bench.config.connection->getTotalChanges();
    ASSERT_TRUE(bench.change(web.container_id, [](Record&, Changes&, const Moment&) {}));
    EXPECT_EQ(heard, 0);
    EXPECT_EQ(bench.store->last_seq(), before);
    EXPECT_EQ(bench.config.connection->getTotalChanges(), written);
}

TEST(StoreTest, ARemovedRowIsGoneButItsHistoryStays) {
    Bench bench{inline_config()};
    domain::Request creates = create("web");
    creates.client_gave_id = true;
    const auto web = bench.accept(creates).value();
    domain::Request removes = on(domain::Operation::remove, web);
    removes.client_gave_id = true;
    ASSERT_TRUE(bench.accept(removes));
    std::vector<domain::RequestEnd> ends;
    bench.store->observe([&ends](const domain::Commit& commit) {
        ends.insert(ends.end(), commit.ends.begin(), commit.ends.end());
    });
    ASSERT_TRUE(bench.change(web.container_id, [](Record& record, Changes& changes, const Moment&) {
        for (const domain::OpenRequest& open : record.open) {
            domain::RequestEnd end;
            end.actor = open.actor;
            end.request_id = open.request_id;
            end.operation = open.operation;
            end.container_id = record.container_id;
            changes.ends.push_back(end);
        }
        changes.remove_record = true;
    }));
    EXPECT_EQ(bench.store->size(), 0U);
    EXPECT_FALSE(ends.empty());
    for (const domain::RequestEnd& end : ends) {
        EXPECT_TRUE(bench.store->remembers(end.actor, end.request_id));
    }
    bench.reopen();
    EXPECT_EQ(bench.store->size(), 0U);
    for (const domain::RequestEnd& end : ends) {
        EXPECT_TRUE(bench.store->remembers(end.actor, end.request_id));
    }
    SQLite::Database& database = *bench.config.connection;
    EXPECT_EQ(one_text(database, "SELECT count(*) FROM spec_revisions"), "1");
    EXPECT_EQ(one_text(database, "SELECT count(*) FROM status"), "0");
    EXPECT_EQ(one_text(database, "SELECT count(*) FROM requests WHERE outcome IS NULL"), "0");
}

TEST(StoreTest, OnlyTheNewestFactsAreKept) {
    Config config = inline_config();
    config.max_facts = 3;
    Bench bench{config};
    const auto web = bench.accept(create("web")).value();
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(bench.change(web.container_id, [i](Record& record, Changes&, const Moment&) {
            record.seen.emplace("d" + std::to_string(9 - i), i, 2);
        }));
    }
    const domain::Facts newest{{"d7", 2, 2}, {"d6", 3, 2}, {"d5", 4, 2}};
    EXPECT_EQ(bench.store->find(web.container_id)->seen, newest);
    bench.reopen();
    EXPECT_EQ(bench.store->find(web.container_id)->seen, newest);
}

TEST(StoreTest, AChangeInsideAnotherIsABug) {
    Bench bench{inline_config()};
    const auto web = bench.accept(create("web")).value();
    Store& store = *bench.store;
    EXPECT_THROW(store.change(
                     web.container_id,
                     [&store](Record&, Changes&, const Moment&) { store.log({}, {}); }, {}),
                 std::logic_error);
    EXPECT_TRUE(bench.change(web.container_id, [](Record&, Changes&, const Moment&) {}));
}

TEST(StoreTest, MetaIsKept) {
    Bench bench{inline_config()};
    EXPECT_EQ(bench.store->meta("engine_cursor"), "");
    bench.store->set_meta("engine_cursor", "1", {});
    bench.store->set_meta("engine_cursor", "2", {});
    EXPECT_EQ(bench.store->meta("engine_cursor"), "2");
    bench.reopen();
    EXPECT_EQ(bench.store->meta("engine_cursor"), "2");
}

TEST(StoreTest, WithItsOwnThreadOnAFile) {
    const Folder folder;
    Bench bench{file_config(folder)};
    int durable = 0;
    for (int i = 0; i < 200; ++i) {
        bench.store->accept(create("c" + std::to_string(i)),
                            [&durable](domain::Result<domain::Accepted> answer) {
                                durable += answer.has_value() ? 1 : 0;
                            });
    }
    bench.run();
    EXPECT_EQ(durable, 200);
    const std::vector<Record> before = records_of(*bench.store);
    bench.reopen();
    const std::vector<Record> after = records_of(*bench.store);
    ASSERT_EQ(after.size(), 200U);
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_TRUE(same(before[i], after[i]));
    }
}

TEST(StoreTest, AfterStopEverythingIsToldAndChangesAreRefused) {
    const Folder folder;
    Bench bench{file_config(folder)};
    int answers = 0;
    bench.store->accept(create("web"), [&answers](domain::Result<domain::Accepted> answer) {
        EXPECT_TRUE(answer);
        ++answers;
    });
    bench.store->stop();
    EXPECT_EQ(answers, 1);
    const auto late = bench.accept(create("late"));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().type, domain::ErrorType::system_error);
}

}  // namespace
}  // namespace flow::store::test
