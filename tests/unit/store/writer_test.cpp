// Group commit: what waits is committed together, callbacks come in order, a failure drops what is
// behind it.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include <SQLiteCpp/Column.h>
#include <gtest/gtest.h>

#include "store/database.hpp"
#include "store/writer.hpp"
#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

/// Holds the writer's thread at its first commit until it is opened.
class Gate {
public:
    void pass() {
        std::unique_lock lock{mutex_};
        ++arrived_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
    }
    void wait_for_first() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return arrived_ > 0; });
    }
    void open() {
        const std::lock_guard lock{mutex_};
        open_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int arrived_ = 0;
    bool open_ = false;
};

class WriterTest : public testing::Test {
protected:
    WriterTest() {
        config_.file = folder_.path() + "/flow.db";
        database_ = *open_database(config_.file, config_);
    }

    Batch batch(const std::string& key, std::uint64_t epoch = 1) {
        Batch batch;
        batch.epoch = epoch;
        batch.statements.push_back(Statement{Sql::put_meta, {key, std::string{"value"}}});
        batch.done = [this, key](const std::string& failure) {
            told_.push_back(key + (failure.empty() ? "" : " failed"));
        };
        return batch;
    }

    Batch wrong(const std::string& key) {
        Batch wrong = batch(key);
        wrong.statements.push_back(Statement{Sql::put_meta, {key, nullptr}});    // NOT NULL
        return wrong;
    }

    std::int64_t rows() {
        return database_->execAndGet("SELECT count(*) FROM meta").getInt64();
    }

    Folder folder_;
    Config config_;
    boost::asio::io_context io_;
    std::shared_ptr<SQLite::Database> database_;
    std::vector<std::string> told_;
};

TEST_F(WriterTest, WhatWaitsIsCommittedTogetherAndToldInOrder) {
    Gate gate;
    std::atomic<int> commits = 0;
    WriterOptions options;
    options.fail_point = [&](std::string_view point) {
        if (point == "before_commit") {
            ++commits;
            gate.pass();
        }
        return false;
    };
    Writer writer{io_, database_, options};
    writer.submit(batch("first"));
    gate.wait_for_first();
    std::vector<std::string> expected{"first"};
    for (int i = 0; i < 50; ++i) {
        expected.push_back("k" + std::to_string(i));
        writer.submit(batch(expected.back()));
    }
    EXPECT_EQ(writer.waiting(), 51U);
    gate.open();
    io_.run();
    EXPECT_EQ(told_, expected);
    EXPECT_EQ(commits, 2);
    EXPECT_EQ(rows(), 51);
    EXPECT_EQ(writer.waiting(), 0U);
}

TEST_F(WriterTest, AFailureDropsItsGroupAndAllOfItsEpochBehindIt) {
    Gate gate;
    WriterOptions options;
    options.max_group = 2;
    options.fail_point = [&](std::string_view point) {
        if (point == "before_commit") {
            gate.pass();
        }
        return false;
    };
    Writer writer{io_, database_, options};
    writer.submit(batch("a"));
    gate.wait_for_first();
    writer.submit(batch("b"));
    writer.submit(wrong("c"));
    writer.submit(batch("d"));
    writer.submit(batch("e", 2));
    gate.open();
    io_.run();
    const std::vector<std::string> expected{"a", "b failed", "c failed", "d failed", "e"};
    EXPECT_EQ(told_, expected);
    EXPECT_EQ(rows(), 2);
}

TEST_F(WriterTest, StopWritesAndTellsWhatWaits) {
    Writer writer{io_, database_, WriterOptions{}};
    for (int i = 0; i < 20; ++i) {
        writer.submit(batch("k" + std::to_string(i)));
    }
    writer.stop();
    EXPECT_EQ(told_.size(), 20U);
    EXPECT_EQ(rows(), 20);
    io_.run();
    EXPECT_EQ(told_.size(), 20U);
}

TEST_F(WriterTest, DestroyedItWritesWhatWaitsAndTellsNobody) {
    {
        Writer writer{io_, database_, WriterOptions{}};
        writer.submit(batch("k"));
    }
    io_.run();
    EXPECT_TRUE(told_.empty());
    EXPECT_EQ(rows(), 1);
}

TEST_F(WriterTest, AnEmptyBatchWaitsForThoseBeforeIt) {
    Writer writer{io_, database_, WriterOptions{}};
    writer.submit(batch("a"));
    Batch barrier;
    barrier.epoch = 1;
    barrier.done = [this](const std::string&) { told_.push_back("barrier"); };
    writer.submit(std::move(barrier));
    io_.run();
    EXPECT_EQ(told_, (std::vector<std::string>{"a", "barrier"}));
}

}  // namespace
}  // namespace flow::store::test
