#include "reconciler/waits.hpp"

#include <gtest/gtest.h>

namespace flow::reconciler {
namespace {

using Ids = std::vector<std::string>;

TEST(Waits, ByNameAndByTurn) {
    Waits waits;
    waits.set("a", "db", std::nullopt);
    waits.set("b", "db", 7);
    waits.set("c", "", 3);
    EXPECT_EQ(waits.for_name("db"), (Ids{"a", "b"}));
    EXPECT_EQ(waits.for_name("web"), Ids{});
    EXPECT_EQ(waits.first_in_turn(1), Ids{"c"});
    EXPECT_EQ(waits.first_in_turn(9), (Ids{"c", "b"}));
}

TEST(Waits, WhatIsToldLastCounts) {
    Waits waits;
    waits.set("a", "db", 7);
    waits.set("a", "web", std::nullopt);
    EXPECT_EQ(waits.for_name("db"), Ids{});
    EXPECT_EQ(waits.for_any_name(), Ids{"a"});
    EXPECT_EQ(waits.first_in_turn(1), Ids{});
    waits.erase("a");
    EXPECT_EQ(waits.for_any_name(), Ids{});
}

}  // namespace
}  // namespace flow::reconciler
