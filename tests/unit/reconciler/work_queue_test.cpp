#include "reconciler/work_queue.hpp"

#include <gtest/gtest.h>

#include <random>

namespace flow::reconciler {
namespace {

using domain::Time;
using std::chrono::seconds;

Time at(int second) { return Time{seconds{second}}; }

TEST(WorkQueue, HandsOutTheMostOverdueFirst) {
    WorkQueue queue;
    queue.add("late", at(3));
    queue.add("first", at(1));
    queue.add("second", at(2));
    EXPECT_EQ(queue.take(at(5)), "first");
    EXPECT_EQ(queue.take(at(5)), "second");
    EXPECT_EQ(queue.take(at(5)), "late");
    EXPECT_EQ(queue.take(at(5)), std::nullopt);
}

TEST(WorkQueue, NothingBeforeItsTime) {
    WorkQueue queue;
    queue.add("a", at(3));
    EXPECT_EQ(queue.take(at(2)), std::nullopt);
    EXPECT_EQ(queue.next_due(), at(3));
    EXPECT_EQ(queue.take(at(3)), "a");
    EXPECT_EQ(queue.next_due(), std::nullopt);
}

TEST(WorkQueue, TheEarliestDeadlineWins) {
    WorkQueue queue;
    queue.add("a", at(5));
    queue.add("a", at(2));
    queue.add("a", at(9));
    EXPECT_EQ(queue.next_due(), at(2));
    EXPECT_EQ(queue.take(at(2)), "a");
    queue.done("a");
    EXPECT_TRUE(queue.idle()) << "one key, one entry";
}

TEST(WorkQueue, AKeyIsNeverWithTwoPasses) {
    WorkQueue queue;
    queue.add("a", at(1));
    ASSERT_EQ(queue.take(at(1)), "a");
    queue.add("a", at(1));
    EXPECT_EQ(queue.take(at(9)), std::nullopt);
    EXPECT_EQ(queue.next_due(), std::nullopt);
    queue.done("a");
    EXPECT_EQ(queue.take(at(9)), "a");
}

TEST(WorkQueue, DirtyWhileProcessingIsOnceMoreWithTheEarliestDeadline) {
    WorkQueue queue;
    queue.add("a", at(1));
    ASSERT_EQ(queue.take(at(1)), "a");
    queue.add("a", at(9));
    queue.add("a", at(4));
    queue.add("a", at(7));
    queue.done("a");
    EXPECT_EQ(queue.next_due(), at(4));
    ASSERT_EQ(queue.take(at(4)), "a");
    queue.done("a");
    EXPECT_TRUE(queue.idle());
}

TEST(WorkQueue, DoneOfAnUnknownKeyIsNothing) {
    WorkQueue queue;
    queue.done("a");
    EXPECT_TRUE(queue.idle());
    queue.add("a", at(1));
    queue.done("a");
    EXPECT_EQ(queue.take(at(1)), "a") << "queued, not processing";
}

TEST(WorkQueue, IsNotIdleWhileAPassHasAKey) {
    WorkQueue queue;
    queue.add("a", at(1));
    EXPECT_FALSE(queue.idle());
    queue.take(at(1));
    EXPECT_FALSE(queue.idle());
    queue.done("a");
    EXPECT_TRUE(queue.idle());
}

/// Against the simplest thing that could be right: per key a deadline, a flag and what came meanwhile.
TEST(WorkQueue, DoesWhatASimpleModelDoes) {
    struct Entry {
        std::optional<Time> due;
        bool busy = false;
    };
    std::mt19937_64 random(7);
    const auto number = [&](int low, int high) {
        return std::uniform_int_distribution<int>(low, high)(random);
    };
    WorkQueue queue;
    std::map<std::string, Entry> model;
    int now = 0;
    for (int i = 0; i < 20000; ++i) {
        const std::string key(1, static_cast<char>('a' + number(0, 5)));
        Entry& entry = model[key];
        switch (number(0, 3)) {
            case 0: {
                const Time due = at(now + number(0, 20));
                queue.add(key, due);
                entry.due = entry.due ? std::min(*entry.due, due) : due;
                break;
            }
            case 1: now += number(0, 3); break;
            case 2:
                queue.done(key);
                entry.busy = false;
                break;
            default: {
                const auto taken = queue.take(at(now));
                std::optional<Time> earliest;
                for (const auto& [name, each] : model) {
                    if (!each.busy && each.due && *each.due <= at(now)) {
                        earliest = earliest ? std::min(*earliest, *each.due) : each.due;
                    }
                }
                ASSERT_EQ(taken.has_value(), earliest.has_value());
                if (taken) {
                    ASSERT_FALSE(model.at(*taken).busy);
                    ASSERT_EQ(model.at(*taken).due, earliest);
                    model.at(*taken) = {std::nullopt, true};
                }
            }
        }
    }
}

}  // namespace
}  // namespace flow::reconciler
