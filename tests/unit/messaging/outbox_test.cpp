#include "messaging/outbox.hpp"

#include <gtest/gtest.h>

namespace flow::messaging {
namespace {

using std::chrono::seconds;
const Steady kStart{seconds{1000}};
const domain::Time kWall{seconds{5000}};

Outgoing message(std::uint64_t ticket, int lives_s = 30, std::size_t bytes = 10) {
    const Deadline until{.steady = kStart + seconds{lives_s}};
    return {ticket, "m" + std::to_string(ticket), std::string(bytes, 'x'), until, false};
}

std::vector<std::string> ids(const std::vector<Outgoing>& messages) {
    std::vector<std::string> all;
    for (const Outgoing& one : messages) {
        all.push_back(one.message_id);
    }
    return all;
}

using Ids = std::vector<std::string>;

TEST(Outbox, InOrderAndForgottenWhenWritten) {
    Outbox box{{}};
    for (std::uint64_t ticket = 1; ticket <= 3; ++ticket) {
        ASSERT_TRUE(box.add(message(ticket)));
    }
    EXPECT_EQ(box.next()->message_id, "m1");
    box.handed_over();
    box.handed_over();
    EXPECT_EQ(box.next()->message_id, "m3");
    EXPECT_EQ(ids(box.written(2)), (Ids{"m1", "m2"}));
    EXPECT_EQ(box.next()->message_id, "m3");
    EXPECT_EQ(ids(box.written(9)), Ids{}) << "it was not handed over";
    EXPECT_EQ(box.bytes(), 10u);
    EXPECT_TRUE(box.has("m3"));
    EXPECT_FALSE(box.has("m1"));
}

TEST(Outbox, WhatWasNotWrittenGoesToTheNextConnection) {
    Outbox box{{}};
    box.add(message(1));
    box.add(message(2));
    box.handed_over();
    box.handed_over();
    EXPECT_EQ(ids(box.written(1)), Ids{"m1"});
    box.connection_lost();
    ASSERT_NE(box.next(), nullptr);
    EXPECT_EQ(box.next()->message_id, "m2");
}

TEST(Outbox, IsBounded) {
    Outbox box{{.messages = 3, .bytes = 100}};
    EXPECT_TRUE(box.add(message(1, 30, 500))) << "one is always taken";
    EXPECT_FALSE(box.add(message(2)));
    box.handed_over();
    box.written(1);
    for (std::uint64_t ticket = 3; ticket <= 5; ++ticket) {
        EXPECT_TRUE(box.add(message(ticket)));
    }
    EXPECT_FALSE(box.add(message(6)));
    Outgoing kept = message(7);
    kept.kept = true;
    EXPECT_TRUE(box.add(kept)) << "the store has it, it must not be lost here";
}

TEST(Outbox, WhatIsTooOldIsTakenBackUnlessItIsOnItsWay) {
    Outbox box{{}};
    box.add(message(1, 5));
    box.add(message(2, 5));
    box.add(message(3, 50));
    box.handed_over();
    EXPECT_EQ(ids(box.expired({kWall, kStart + seconds{5}})), Ids{"m2"});
    EXPECT_EQ(box.next()->message_id, "m3");
    EXPECT_EQ(ids(box.written(1)), Ids{"m1"});
}

TEST(Outbox, EachGoesByItsOwnClock) {
    Outbox box{{}};
    box.add(message(1, 5));
    box.add({2, "m2", "{}", {.wall = kWall + seconds{5}}, false});
    EXPECT_EQ(ids(box.expired({kWall + seconds{9}, kStart})), Ids{"m2"});
    EXPECT_EQ(ids(box.expired({kWall - seconds{9}, kStart + seconds{9}})), Ids{"m1"});
    box.add({3, "m3", "{}", {}, false});
    EXPECT_EQ(ids(box.expired(kEndOfTime)), Ids{"m3"});
}

}  // namespace
}  // namespace flow::messaging
