// The list: filters, order, pages.
#include "api/queries.hpp"

#include <gtest/gtest.h>

#include "api_fixture.hpp"

namespace flow::test {
namespace {

class QueriesTest : public testing::Test, public ApiFixture {
protected:
    api::ListQuery parse(const char* json) {
        const Json fields = Json::parse(json);
        api::Payload payload(fields);
        api::ListQuery query = queries.parse_list(payload);
        EXPECT_TRUE(payload.ok());
        return query;
    }
    std::vector<std::string> names(const Json& list) {
        std::vector<std::string> found;
        for (const Json& entry : list.at("containers")) {
            found.push_back(entry.at("name").get<std::string>());
        }
        return found;
    }
};

TEST_F(QueriesTest, SortedByCreationAndInPages) {
    // The ids sort against the order of creation.
    store.put(spec("one"), "cccccccccccc");
    store.put(spec("two"), "bbbbbbbbbbbb");
    store.put(spec("three"), "aaaaaaaaaaaa");
    store.row("aaaaaaaaaaaa").created = store.row("bbbbbbbbbbbb").created;
    api::ListQuery query = parse(R"({"limit": 2})");
    const Json first = queries.list(query);
    EXPECT_EQ(names(first), (std::vector<std::string>{"one", "three"}));
    EXPECT_EQ(first.at("count"), 2);
    query.cursor = first.at("next_cursor").get<std::string>();
    const Json second = queries.list(query);
    EXPECT_EQ(names(second), (std::vector<std::string>{"two"}));
    EXPECT_TRUE(second.at("next_cursor").is_null());
}

TEST_F(QueriesTest, AFullLastPageHasNoCursor) {
    store.put(spec("one"));
    EXPECT_TRUE(queries.list(parse(R"({"limit": 1})")).at("next_cursor").is_null());
}

TEST_F(QueriesTest, FiltersByLabelsAndState) {
    domain::Spec web = spec("web");
    web.labels = {{"app", "shop"}, {"tier", "front"}};
    store.put(web);
    domain::Spec db = spec("db");
    db.labels = {{"app", "shop"}};
    const std::string id = store.put(db).container_id;
    store.row(id).deleted = true;
    EXPECT_EQ(names(queries.list(parse(R"({"labels": {"app": "shop"}})"))).size(), 2U);
    EXPECT_EQ(names(queries.list(parse(R"({"labels": ["app=shop", "tier"]})"))),
              (std::vector<std::string>{"web"}));
    EXPECT_EQ(names(queries.list(parse(R"({"state": ["removing", "running"]})"))),
              (std::vector<std::string>{"db"}));
    EXPECT_TRUE(names(queries.list(parse(R"({"state": "running"})"))).empty());
}

TEST_F(QueriesTest, EntriesHaveTheFieldsOfTheContract) {
    store.put(spec());
    const Json entry = queries.list({}).at("containers").at(0);
    for (const char* field : {"container_id", "id", "name", "status", "image", "created",
                              "socket_path", "ports", "labels", "health", "desired_state"}) {
        EXPECT_TRUE(entry.contains(field)) << field;
    }
    EXPECT_EQ(entry.at("id"), entry.at("container_id"));
}

TEST_F(QueriesTest, ObservationAndUsageComeFromTheServices) {
    const domain::Record& record = store.put(spec());
    EXPECT_TRUE(queries.status(record).at("observed_at").is_null());
    observed = store.moment.now;
    usage.memory_usage = 4096;
    EXPECT_EQ(queries.status(record).at("observed_at"), domain::to_rfc3339(observed));
    EXPECT_EQ(queries.status(record).at("resource_usage").at("memory_usage"), 4096);
    EXPECT_EQ(queries.status(record).at("resource_usage").at("timestamp"),
              domain::to_rfc3339(store.moment.now));
}

TEST_F(QueriesTest, DescribeMasksSecrets) {
    domain::Spec secret = spec();
    secret.environment = {{"API_TOKEN", "hush"}};
    const std::string text = queries.describe(store.put(secret)).dump();
    EXPECT_EQ(text.find("hush"), std::string::npos);
    EXPECT_NE(text.find("API_TOKEN"), std::string::npos);
}

}  // namespace
}  // namespace flow::test
