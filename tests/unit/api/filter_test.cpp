// Patterns and subscriptions.
#include "api/filter.hpp"

#include <gtest/gtest.h>

namespace flow::api {
namespace {

TEST(Pattern, StarStandsForAnything) {
    EXPECT_TRUE(matches_pattern("container_*", "container_started"));
    EXPECT_TRUE(matches_pattern("container_*", "container_"));
    EXPECT_TRUE(matches_pattern("*", ""));
    EXPECT_TRUE(matches_pattern("*_st*ed", "container_started"));
    EXPECT_TRUE(matches_pattern("status_changed", "status_changed"));
    EXPECT_FALSE(matches_pattern("container_*", "status_changed"));
    EXPECT_FALSE(matches_pattern("status_changed", "status_changed2"));
    EXPECT_FALSE(matches_pattern("", "x"));
    EXPECT_FALSE(matches_pattern("*a*a*a*a*b", std::string(10'000, 'a')));
}

TEST(FilterSet, WantsEverythingUntilTheFirstSubscription) {
    FilterSet filters;
    EXPECT_TRUE(filters.wants({"anything", "", "", nullptr}));
    Filter crashes;
    crashes.types = {"container_crashed"};
    ASSERT_TRUE(filters.add(crashes));
    EXPECT_FALSE(filters.wants({"anything", "", "", nullptr}));
    EXPECT_TRUE(filters.wants({"container_crashed", "", "", nullptr}));
    EXPECT_TRUE(filters.remove(crashes));
    EXPECT_FALSE(filters.wants({"anything", "", "", nullptr}));
    EXPECT_FALSE(filters.remove(crashes));
}

TEST(FilterSet, AllPartsOfOneSubscriptionMustFit) {
    Filter filter;
    filter.container_ids = {"aaa"};
    filter.types = {"container_*"};
    filter.task_id = "t1";
    filter.labels = {{"app", "web"}, {"tier", std::nullopt}};
    FilterSet filters;
    filters.add(filter);
    const Labels labels = {{"app", "web"}, {"tier", "x"}};
    const Labels other = {{"app", "web"}};
    EXPECT_TRUE(filters.wants({"container_started", "aaa", "t1", &labels}));
    EXPECT_FALSE(filters.wants({"status_changed", "aaa", "t1", &labels}));
    EXPECT_FALSE(filters.wants({"container_started", "bbb", "t1", &labels}));
    EXPECT_FALSE(filters.wants({"container_started", "aaa", "t2", &labels}));
    EXPECT_FALSE(filters.wants({"container_started", "aaa", "t1", &other}));
    EXPECT_FALSE(filters.wants({"container_started", "aaa", "t1", nullptr}));
}

TEST(FilterSet, IsBoundedAndKnowsNames) {
    FilterSet filters;
    for (std::size_t i = 0; i < FilterSet::kMost; ++i) {
        Filter filter;
        filter.task_id = std::to_string(i);
        ASSERT_TRUE(filters.add(filter));
    }
    Filter more;
    more.types = {"container_status_*"};
    EXPECT_FALSE(filters.add(more));
    filters.clear();
    ASSERT_TRUE(filters.add(more));
    EXPECT_FALSE(filters.asks_by_name("container_status_updates"));
    more.types = {"container_status_updates"};
    ASSERT_TRUE(filters.add(more));
    EXPECT_TRUE(filters.asks_by_name("container_status_updates"));
}

}  // namespace
}  // namespace flow::api
