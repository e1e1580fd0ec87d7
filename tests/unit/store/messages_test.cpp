// Durable messages: rows of their own, the events about them, and what a new daemon finds.
#include <gtest/gtest.h>

#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

domain::MessageRow row_of(const std::string& id, const std::string& status) {
    domain::MessageRow row;
    row.container_id = "c1";
    row.name = "web";
    row.message_id = id;
    row.direction = "out";
    row.status = status;
    row.actor = "ann";
    row.created = row.changed = domain::from_nanos(1'795'240'789'948'913'516);
    row.until = row.created + std::chrono::minutes{5};
    row.bytes = 20;
    row.payload = "{\"message_id\":\"" + id + "\"}";
    return row;
}

class MessagesTest : public testing::Test {
protected:
    domain::Result<void> put(std::vector<domain::MessageRow> rows, std::vector<domain::EventDraft> drafts = {}) {
        std::optional<domain::Result<void>> written;
        bench_.store->put_messages(std::move(rows), std::move(drafts),
                                   [&](const domain::Result<void>& done) { written = done; });
        bench_.run();
        return written.value();
    }
    std::vector<std::string> queued() {
        std::vector<std::string> ids;
        for (const domain::MessageRow& row : bench_.store->queued_messages().value()) {
            ids.push_back(row.message_id);
        }
        return ids;
    }
    std::string text(const std::string& query) { return one_text(*bench_.config.connection, query); }

    Bench bench_{inline_config()};
};

using Ids = std::vector<std::string>;

TEST_F(MessagesTest, WhatWaitsIsFoundByANewDaemonInOrder) {
    ASSERT_TRUE(put({row_of("b", "queued"), row_of("a", "queued"), row_of("c", "sent")}));
    bench_.reopen();
    EXPECT_EQ(queued(), (Ids{"b", "a"}));
    const domain::MessageRow row = bench_.store->queued_messages().value().at(0);
    const domain::MessageRow written = row_of("b", "queued");
    EXPECT_EQ(row.payload, written.payload);
    EXPECT_EQ(row.until, written.until);
    EXPECT_EQ(row.actor, "ann");
}

TEST_F(MessagesTest, ANewStatusTakesThePlaceOfTheOldAndKeepsTheOrder) {
    ASSERT_TRUE(put({row_of("a", "queued"), row_of("b", "queued")}));
    domain::MessageRow sent = row_of("a", "sent");
    sent.payload.clear();
    domain::EventDraft draft;
    draft.type = "message_sent";
    draft.payload["message_id"] = "a";
    ASSERT_TRUE(put({sent}, {draft}));
    EXPECT_EQ(queued(), Ids{"b"});
    EXPECT_EQ(text("SELECT count(*) FROM messages"), "2");
    EXPECT_EQ(text("SELECT status FROM messages LIMIT 1"), "sent");
    const auto events = bench_.store->events_after(0, 10).value();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events.at(0).type, "message_sent");
}

TEST_F(MessagesTest, ANewDaemonFindsAMessageByItsRequest) {
    domain::MessageRow first = row_of("a", "queued");
    first.request_id = "request-1";
    domain::MessageRow other = row_of("b", "sent");
    other.request_id = "request-2";
    domain::MessageRow answer = row_of("c", "received");
    answer.direction = "in";
    answer.request_id = "request-1";
    ASSERT_TRUE(put({first, other, answer, row_of("d", "sent")}));
    bench_.reopen();
    const auto found = bench_.store->message_sent_as("ann", "request-1").value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->message_id, "a");
    EXPECT_EQ(found->status, "queued");
    EXPECT_EQ(found->payload, first.payload);
    EXPECT_FALSE(bench_.store->message_sent_as("bob", "request-1").value());
    EXPECT_FALSE(bench_.store->message_sent_as("ann", "").value()) << "many have none";
    domain::MessageRow again = row_of("e", "sent");
    again.request_id = "request-1";
    again.changed += std::chrono::seconds{1};
    ASSERT_TRUE(put({again}));
    EXPECT_EQ(bench_.store->message_sent_as("ann", "request-1").value()->message_id, "e") << "the newest";
}

TEST_F(MessagesTest, AFileOfTheVersionBeforeIsMadeFitForThat) {
    domain::MessageRow first = row_of("a", "queued");
    first.request_id = "request-1";
    ASSERT_TRUE(put({first}));
    bench_.drop();
    bench_.config.connection->exec("DROP INDEX message_rows_request; PRAGMA user_version = 3");
    bench_.open();
    EXPECT_EQ(text("SELECT count(*) FROM sqlite_master WHERE name = 'message_rows_request'"), "1");
    EXPECT_TRUE(bench_.store->message_sent_as("ann", "request-1").value());
}

TEST_F(MessagesTest, TheViewShowsWhatIsRecordedAndNotWhatWaits) {
    ASSERT_TRUE(put({row_of("waits", "queued"), row_of("recorded", "sent")}));
    EXPECT_EQ(text("SELECT ifnull(payload, 'none') FROM messages WHERE message_id = 'waits'"), "none");
    EXPECT_EQ(text("SELECT payload FROM messages WHERE message_id = 'recorded'"), "{\"message_id\":\"recorded\"}");
    EXPECT_EQ(text("SELECT created_at FROM messages LIMIT 1"), "2026-11-21T05:59:49.948Z");
}

}  // namespace
}  // namespace flow::store::test
