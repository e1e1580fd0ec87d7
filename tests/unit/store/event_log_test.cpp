// events_after: from the ring, from the file, only what is durable; seq and retention.
#include <gtest/gtest.h>

#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

using domain::EventDraft;
using domain::LogKind;
using domain::Seq;

class EventLogTest : public testing::Test {
protected:
    static Config small_ring() {
        Config config = inline_config();
        config.ring_size = 5;
        return config;
    }
    void log(int count, LogKind kind = LogKind::event) {
        for (int i = 0; i < count; ++i) {
            EventDraft draft;
            draft.kind = kind;
            draft.type = "activity_log";
            draft.payload["n"] = ++count_;
            bench_.store->log({draft}, {});
        }
        bench_.run();
    }
    std::vector<Seq> after(Seq seq, std::size_t limit = 1000) {
        std::vector<Seq> found;
        for (const domain::StoredEvent& event : bench_.store->events_after(seq, limit).value()) {
            EXPECT_EQ(event.payload["seq"], event.seq);
            EXPECT_TRUE(event.payload.contains("n"));
            found.push_back(event.seq);
        }
        return found;
    }

    Bench bench_{small_ring()};
    int count_ = 0;
};

TEST_F(EventLogTest, EmptyAtFirst) {
    EXPECT_EQ(bench_.store->last_seq(), 0);
    EXPECT_EQ(bench_.store->first_seq(), 1);
    EXPECT_TRUE(after(0).empty());
}

TEST_F(EventLogTest, FromRingAndFileTheSameAlsoAfterReopening) {
    log(3);
    log(2, LogKind::action);
    log(9);
    for (const bool reopened : {false, true}) {
        if (reopened) {
            bench_.reopen();
        }
        EXPECT_EQ(after(0), (std::vector<Seq>{1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14}));
        EXPECT_EQ(after(8), (std::vector<Seq>{9, 10, 11, 12, 13, 14}));
        EXPECT_EQ(after(9), (std::vector<Seq>{10, 11, 12, 13, 14}));
        EXPECT_EQ(after(12), (std::vector<Seq>{13, 14}));
        EXPECT_EQ(after(2, 2), (std::vector<Seq>{3, 6}));
        EXPECT_EQ(after(11, 2), (std::vector<Seq>{12, 13}));
        EXPECT_TRUE(after(14).empty());
        EXPECT_TRUE(after(99).empty());
        EXPECT_EQ(bench_.store->last_seq(), 14);
        EXPECT_EQ(bench_.store->first_seq(), 1);
    }
}

TEST_F(EventLogTest, LargeOnesAreNotAllInMemoryAndAreToldAllTheSame) {
    bench_.config.ring_size = 1000;
    bench_.config.ring_bytes = 1u << 20;
    bench_.reopen();
    const std::string message(100'000, 'x');
    for (int number = 0; number < 40; ++number) {
        EventDraft draft;
        draft.type = "message_sent";
        draft.payload["n"] = number;
        draft.payload["message"]["data"] = message;
        bench_.store->log({draft}, {});
    }
    bench_.run();
    for (const bool reopened : {false, true}) {
        if (reopened) {
            bench_.reopen();
        }
        EXPECT_LE(bench_.store->events_in_memory(), bench_.config.ring_bytes);
        EXPECT_GT(bench_.store->events_in_memory(), 500'000u) << "the newest are";
        const std::vector<Seq> all = after(0);
        ASSERT_EQ(all.size(), 40u);
        EXPECT_EQ(all.back(), 40);
        EXPECT_EQ(after(35), (std::vector<Seq>{36, 37, 38, 39, 40}));
    }
}

TEST_F(EventLogTest, AnAnswerFromTheFileIsBoundedAndTheNextOneGoesOn) {
    bench_.config.ring_size = 1;
    bench_.reopen();
    const std::string message(1u << 20, 'x');
    for (int number = 1; number <= 40; ++number) {
        EventDraft draft;
        draft.type = "message_sent";
        draft.payload["n"] = number;
        draft.payload["message"] = message;
        bench_.store->log({draft}, {});
    }
    bench_.run();
    const std::vector<Seq> first = after(0);
    EXPECT_LE(first.size(), 17u);
    std::vector<Seq> all = first;
    for (std::vector<Seq> next = after(all.back()); !next.empty(); next = after(all.back())) {
        all.insert(all.end(), next.begin(), next.end());
        ASSERT_LE(all.size(), 40u);
    }
    EXPECT_EQ(all.size(), 40u);
    EXPECT_EQ(all.back(), 40);
}

TEST_F(EventLogTest, OnlyDurableOnesAreVisible) {
    log(8);
    EventDraft draft;
    draft.type = "activity_log";
    draft.payload["n"] = 0;
    bench_.store->log({draft}, {});
    EXPECT_EQ(after(0).back(), 8);
    EXPECT_EQ(after(7).back(), 8);
    EXPECT_EQ(bench_.store->last_seq(), 8);
    bench_.run();
    EXPECT_EQ(after(7).back(), 9);
}

TEST_F(EventLogTest, OldRowsArePrunedAndTheirSeqNeverComesBack) {
    log(4);
    const domain::Time old = bench_.now;
    bench_.now = old + std::chrono::hours{24 * 29};
    log(3);
    bench_.store->prune(old + std::chrono::hours{24 * 31});
    bench_.run();
    EXPECT_EQ(bench_.store->first_seq(), 5);
    EXPECT_EQ(after(0), (std::vector<Seq>{5, 6, 7}));
    bench_.store->prune(old + std::chrono::hours{24 * 100});
    bench_.run();
    EXPECT_TRUE(after(0).empty());
    bench_.reopen();
    EXPECT_EQ(bench_.store->last_seq(), 7);
    EXPECT_EQ(bench_.store->first_seq(), 8);
    log(1);
    EXPECT_EQ(after(0), std::vector<Seq>{8});
}

TEST_F(EventLogTest, ATooLargeFileLosesOnlyWhatIsOlderThanTheHorizon) {
    bench_.config.log_bytes = 1;
    bench_.reopen();
    log(4);
    bench_.now += std::chrono::hours{25};
    log(3);
    bench_.store->prune(bench_.now);
    bench_.run();
    EXPECT_EQ(after(0), (std::vector<Seq>{5, 6, 7}));
    EXPECT_FALSE(bench_.store->log_too_large());
    bench_.store->prune(bench_.now);
    bench_.run();
    EXPECT_EQ(after(0), (std::vector<Seq>{5, 6, 7}));
    EXPECT_TRUE(bench_.store->log_too_large());
}

TEST_F(EventLogTest, ManyOldRowsArePrunedInParts) {
    std::vector<EventDraft> many(4'500);
    bench_.store->log(many, {});
    bench_.run();
    bench_.store->prune(bench_.now + std::chrono::hours{24 * 31});
    bench_.run();
    EXPECT_EQ(bench_.store->first_seq(), 4'501);
    EXPECT_EQ(one_text(*bench_.config.connection, "SELECT count(*) FROM events"), "0");
}

}  // namespace
}  // namespace flow::store::test
