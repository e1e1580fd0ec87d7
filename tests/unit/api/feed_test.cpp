// The event feed: each seq once, in order, for fast and slow clients, from the past and live.
#include "api/feed.hpp"

#include <gtest/gtest.h>

#include "api_fixture.hpp"

namespace flow::test {
namespace {

using Seqs = std::vector<std::int64_t>;

class FeedTest : public testing::Test, public ApiFixture {
protected:
    void tell(int count) {
        for (int i = 0; i < count; ++i) {
            store.tell("status_changed");
        }
        store.commit();
    }
    static Seqs range(int from, int to) {
        Seqs seqs;
        for (int seq = from; seq <= to; ++seq) {
            seqs.push_back(seq);
        }
        return seqs;
    }
    void subscribe(const Client& client, const std::string& type, std::optional<int> since = {}) {
        Json payload;
        payload["types"] = Json::array({type});
        if (since) {
            payload["since"] = *since;
        }
        send(client, "subscribe", payload);
        std::erase_if(client.peer->sent,
                      [](const auto& one) { return one.event.starts_with("subscribe"); });
    }
};

TEST_F(FeedTest, WithoutSinceOnlyWhatComesNow) {
    tell(3);
    const Client client = connect();
    EXPECT_TRUE(client.peer->sent.empty());
    tell(2);
    EXPECT_EQ(client.peer->seqs(), range(4, 5));
}

TEST_F(FeedTest, WithSinceWhatWasMissedThenLiveEachOnce) {
    tell(5);
    const Client client = connect(2);
    EXPECT_EQ(client.peer->seqs(), range(3, 5));
    tell(2);
    EXPECT_EQ(client.peer->seqs(), range(3, 7));
}

TEST_F(FeedTest, NothingIsToldBeforeItIsDurable) {
    const Client client = connect();
    store.tell("status_changed");
    feed.wake();
    EXPECT_TRUE(client.peer->sent.empty());
    store.commit();
    EXPECT_EQ(client.peer->seqs(), range(1, 1));
}

TEST_F(FeedTest, RowsThatAreNoEventsMoveTheCursorToo) {
    const Client client = connect(0);
    send(client, "no_such_request", Json::object());
    store.commit();
    EXPECT_EQ(client.session->cursor(), 1);
    tell(1);
    EXPECT_EQ(client.peer->last("status_changed").at("seq"), 2);
}

TEST_F(FeedTest, OlderThanTheLogKeepsIsAResync) {
    store.put(spec());
    tell(10);
    store.forget_until(5);
    const Client lost = connect(4);
    ASSERT_EQ(lost.peer->events(), (std::vector<std::string>{"resync"}));
    EXPECT_EQ(lost.peer->last("resync").at("seq"), 10);
    EXPECT_EQ(lost.peer->last("resync").at("snapshot").at(0).at("name"), "web");
    tell(1);
    EXPECT_EQ(lost.peer->last("status_changed").at("seq"), 11);

    const Client just_in_time = connect(5);
    EXPECT_EQ(just_in_time.peer->seqs(), range(6, 11));
}

TEST_F(FeedTest, BeyondTheEndIsAResync) {
    tell(3);
    const Client client = connect(4);
    EXPECT_EQ(client.peer->events(), (std::vector<std::string>{"resync"}));
    tell(1);
    EXPECT_EQ(client.peer->seqs(), (Seqs{3, 4}));   // that of the resync, and the new event
}

TEST_F(FeedTest, ASlowClientCostsACursorAndGoesOnAtDrain) {
    const Client slow = connect();
    const Client fast = connect();
    slow.peer->bytes_an_event = config.feed.high_water / 3 + 1;
    tell(10);
    EXPECT_EQ(slow.peer->seqs(), range(1, 3));
    EXPECT_EQ(fast.peer->seqs(), range(1, 10));
    slow.peer->drain();
    EXPECT_EQ(slow.peer->seqs(), range(1, 6));
    tell(1);
    EXPECT_EQ(slow.peer->seqs(), range(1, 6));
    slow.peer->bytes_an_event = 0;
    slow.peer->drain();
    EXPECT_EQ(slow.peer->seqs(), range(1, 11));
}

TEST_F(FeedTest, AClientLeftFarBehindReadsTheLogAgain) {
    const Client slow = connect();
    slow.peer->pending = config.feed.high_water;
    tell(static_cast<int>(config.feed.keep) + 700);
    EXPECT_TRUE(slow.peer->sent.empty());
    slow.peer->drain();
    EXPECT_EQ(slow.peer->seqs(), range(1, static_cast<int>(config.feed.keep) + 700));
}

TEST_F(FeedTest, AnswersOfTheLogThatAreShorterThanAskedForAreNotItsEnd) {
    store.log_at_once = 3;
    tell(10);
    const Client client = connect(0);
    EXPECT_EQ(client.peer->seqs(), range(1, 10));
    tell(10);
    EXPECT_EQ(client.peer->seqs(), range(1, 20));
    send(client, "no_such_request", Json::object());
    store.commit();
    EXPECT_EQ(client.session->cursor(), 21) << "rows that are no events";
}

TEST_F(FeedTest, LargeEventsAreNotAllInMemoryAndWhoIsSlowHearsThem) {
    const Client slow = connect();
    const Client fast = connect();
    slow.peer->pending = config.feed.high_water;
    constexpr int kEvents = 60;
    Json payload;
    payload["message"]["data"] = std::string(1u << 20, 'x');
    for (int number = 0; number < kEvents; ++number) {
        store.tell("message_sent", "", payload);
        store.commit();
        ASSERT_LE(feed.bytes_in_memory(), config.feed.keep_bytes);
    }
    EXPECT_GT(feed.bytes_in_memory(), config.feed.keep_bytes / 2) << "the newest are";
    EXPECT_EQ(fast.peer->seqs(), range(1, kEvents));
    EXPECT_TRUE(slow.peer->sent.empty());
    slow.peer->drain();
    EXPECT_EQ(slow.peer->seqs(), range(1, kEvents));
}

TEST_F(FeedTest, TheLogIsReadAndEncodedOnceForAll) {
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(connect());
    }
    store.log_reads = 0;
    tell(5);
    EXPECT_EQ(store.log_reads, 1);
    for (const Client& client : clients) {
        ASSERT_EQ(client.peer->sent.size(), 5U);
        EXPECT_EQ(client.peer->sent[4].shared, clients[0].peer->sent[4].shared);
    }
}

TEST_F(FeedTest, AReadThatFailsIsTriedAgainAtTheNextCommit) {
    const Client client = connect();
    store.log_broken = true;
    tell(2);
    EXPECT_TRUE(client.peer->sent.empty());
    store.log_broken = false;
    tell(1);
    EXPECT_EQ(client.peer->seqs(), range(1, 3));
}

TEST_F(FeedTest, AClientThatIsGoneGetsNothing) {
    const Client client = connect();
    feed.remove(client.session);
    tell(1);
    client.peer->drain();
    EXPECT_TRUE(client.peer->sent.empty());
}

TEST_F(FeedTest, SubscriptionsFilter) {
    const Client client = connect();
    subscribe(client, "container_*");
    store.tell("status_changed");
    store.tell("container_started");
    store.commit();
    EXPECT_EQ(client.peer->events(), (std::vector<std::string>{"container_started"}));
}

TEST_F(FeedTest, SubscribeSinceTellsWhatWasMissedAndNoSeqTwice) {
    for (int i = 0; i < 3; ++i) {
        store.tell("status_changed");
        store.tell("container_started");
    }
    store.commit();                                     // 1 to 6
    const Client client = connect(3);                   // all of 4 to 6
    EXPECT_EQ(client.peer->seqs(), range(4, 6));
    subscribe(client, "container_started", 0);          // 2 is new, 4 and 6 were told
    EXPECT_EQ(client.peer->seqs(), (Seqs{4, 5, 6, 2}));
    subscribe(client, "status_changed", 0);             // 1 and 3 are new, 5 was told
    EXPECT_EQ(client.peer->seqs(), (Seqs{4, 5, 6, 2, 1, 3}));
    subscribe(client, "status_changed", 0);
    EXPECT_EQ(client.peer->seqs(), (Seqs{4, 5, 6, 2, 1, 3}));
    tell(1);
    EXPECT_EQ(client.peer->seqs(), (Seqs{4, 5, 6, 2, 1, 3, 7}));
}

TEST_F(FeedTest, ReplaysWithoutEndNeverTellTwice) {
    tell(4);
    const Client client = connect(0);
    for (int i = 0; i < 200; ++i) {
        send(client, "subscribe", Json{{"types", {"status_changed"}}, {"since", i % 4}});
        send(client, "unsubscribe", Json::object());
    }
    Seqs told;
    for (const auto& one : client.peer->sent) {
        if (one.event == "status_changed") {
            told.push_back(one.payload.at("seq").get<std::int64_t>());
        }
    }
    EXPECT_EQ(told, range(1, 4));
}

TEST_F(FeedTest, LabelsAreKnownALittleLongerThanTheContainer) {
    domain::Spec labelled = spec();
    labelled.labels = {{"app", "web"}};
    const std::string id = store.put(labelled).container_id;
    const std::string other = store.put(spec("db")).container_id;
    const Client client = connect();
    send(client, "subscribe", Json{{"labels", {"app=web"}}});
    client.peer->sent.clear();
    store.tell("status_changed", id);
    store.tell("status_changed", other);
    store.commit();
    store.erase(id);
    store.tell("container_deleted", id);
    store.commit();
    EXPECT_EQ(client.peer->seqs(), (Seqs{1, 3}));
}

}  // namespace
}  // namespace flow::test
