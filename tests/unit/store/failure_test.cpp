// Commits that fail: nothing half-written is believed, the reason is told, and it goes on when the
// disk does.
#include <gtest/gtest.h>

#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

using domain::Changes;
using domain::Moment;
using domain::Record;

class FailureTest : public testing::TestWithParam<bool> {
protected:
    FailureTest() : bench_{GetParam() ? file_config(folder_) : inline_config()} {}

    /// The disk is full from here on. The limit belongs to the writing connection, so a file gets
    /// it by a lock.
    void break_disk() {
        if (!GetParam()) {
            SQLite::Database& database = *bench_.config.connection;
            database.exec("PRAGMA max_page_count = 1");
            return;
        }
        other_ = std::make_unique<SQLite::Database>(folder_.path() + "/data/flow.db",
                                                    SQLite::OPEN_READWRITE);
        other_->exec("BEGIN IMMEDIATE");
    }
    void repair_disk() {
        if (!GetParam()) {
            bench_.config.connection->exec("PRAGMA max_page_count = 1000000");
        }
        other_.reset();
    }

    static void grow(Record& record, Changes&, const Moment&) {
        record.status.message = std::string(100'000, 'x');
    }

    Folder folder_;
    Bench bench_;
    std::unique_ptr<SQLite::Database> other_;
};

INSTANTIATE_TEST_SUITE_P(InlineFullAndThreadLocked, FailureTest, testing::Bool());

TEST_P(FailureTest, WhatCouldNotBeWrittenIsNotBelieved) {
    bench_.config.busy_timeout = std::chrono::milliseconds{20};
    bench_.reopen();
    const auto web = bench_.accept(create("web")).value();
    const std::vector<Record> before = records_of(*bench_.store);
    const domain::Seq seq = bench_.store->last_seq();
    int heard = 0;
    bench_.store->observe([&heard](const domain::Commit&) { ++heard; });
    break_disk();

    std::vector<domain::ErrorType> errors;
    for (int i = 0; i < 3; ++i) {
        bench_.store->change(web.container_id, grow, [&errors](domain::Result<void> result) {
            ASSERT_FALSE(result);
            errors.push_back(result.error().type);
        });
    }
    const auto refused = bench_.accept(create("other"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().type, domain::ErrorType::system_error);
    EXPECT_EQ(errors, std::vector<domain::ErrorType>(3, domain::ErrorType::system_error));
    EXPECT_EQ(heard, 0);
    EXPECT_FALSE(bench_.store->healthy());
    EXPECT_NE(bench_.store->last_error().find(GetParam() ? "locked" : "full"), std::string::npos)
        << bench_.store->last_error();
    const std::vector<Record> after = records_of(*bench_.store);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_TRUE(same(before[0], after[0]));
    EXPECT_EQ(bench_.store->last_seq(), seq);

    repair_disk();
    const auto other = bench_.accept(create("other"));
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_GT(other->seq, seq);
    EXPECT_TRUE(bench_.store->healthy());
    EXPECT_EQ(bench_.store->last_error(), "");
}

TEST_P(FailureTest, PruningFindsOutThatTheDiskIsBack) {
    bench_.config.busy_timeout = std::chrono::milliseconds{20};
    bench_.reopen();
    const auto web = bench_.accept(create("web")).value();
    break_disk();
    EXPECT_FALSE(bench_.change(web.container_id, grow));
    repair_disk();
    EXPECT_FALSE(bench_.store->healthy());
    bench_.store->prune(bench_.now);
    bench_.run();
    EXPECT_TRUE(bench_.store->healthy());
}

TEST_P(FailureTest, ASystemErrorIsNotRemembered) {
    bench_.config.busy_timeout = std::chrono::milliseconds{20};
    bench_.reopen();
    domain::Request request = create("web");
    request.client_gave_id = true;
    request.request_id = "0123456789abcdef";
    request.spec->environment["PAD"] = std::string(100'000, 'x');
    break_disk();
    ASSERT_FALSE(bench_.accept(request));
    repair_disk();
    const auto accepted = bench_.accept(request);
    ASSERT_TRUE(accepted) << accepted.error().message;
    EXPECT_FALSE(accepted->repeated);
}

TEST(WaitingLimit, BeyondItChangesAreRefusedAndNothingIsChanged) {
    Config config = inline_config();
    config.max_waiting = 2;
    Bench bench{config};
    std::vector<bool> answers;
    for (int i = 0; i < 3; ++i) {
        bench.store->accept(create("c" + std::to_string(i)),
                            [&answers](domain::Result<domain::Accepted> answer) {
                                answers.push_back(answer.has_value());
                            });
    }
    EXPECT_EQ(bench.store->size(), 2U);
    bench.run();
    EXPECT_EQ(answers, (std::vector<bool>{true, true, false}));
    EXPECT_TRUE(bench.accept(create("c2")));
}

}  // namespace
}  // namespace flow::store::test
