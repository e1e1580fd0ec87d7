// The views that people query with the sqlite3 shell.
#include <SQLiteCpp/Statement.h>
#include <gtest/gtest.h>

#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

class ViewsTest : public testing::Test {
protected:
    ViewsTest() {
        domain::Request request = create("web");
        request.spec->environment = {{"DB_PASSWORD", "hunter2"}, {"api_key", "abc"},
                                     {"TOKENS", "3"},            {"X_TOKEN", "t"}};
        web_ = bench_.accept(request).value();
        domain::Request refused = create("web");
        EXPECT_FALSE(bench_.accept(refused));
    }
    std::string text(const std::string& query) {
        return one_text(*bench_.config.connection, query);
    }

    Bench bench_{inline_config()};
    domain::Accepted web_;
};

TEST_F(ViewsTest, AuditLogTellsWhoAskedForWhat) {
    EXPECT_EQ(text("SELECT actor FROM audit_log WHERE kind = 'refusal'"), "ann");
    EXPECT_EQ(text("SELECT type FROM audit_log WHERE kind = 'refusal'"), "create_container");
    EXPECT_EQ(text("SELECT time FROM audit_log LIMIT 1"), "2026-11-21T05:59:49.948Z");
    EXPECT_NE(text("SELECT summary FROM audit_log WHERE kind = 'refusal'").find("taken by"),
              std::string::npos);
}

TEST_F(ViewsTest, CurrentContainers) {
    const std::string where = " FROM current_containers WHERE container_id = '" +
                              web_.container_id + "'";
    EXPECT_EQ(text("SELECT name" + where), "web");
    EXPECT_EQ(text("SELECT image" + where), "busybox");
    EXPECT_EQ(text("SELECT state" + where), "creating");
    EXPECT_EQ(text("SELECT created_at" + where), "2026-11-21T05:59:49.948Z");
    EXPECT_EQ(text("SELECT ifnull(started_at, 'none')" + where), "none");
}

TEST_F(ViewsTest, HistoryShowsTransitions) {
    ASSERT_TRUE(bench_.change(web_.container_id, [](domain::Record&, domain::Changes& changes,
                                                    const domain::Moment&) {
        domain::EventDraft draft;
        draft.type = "status_changed";
        draft.container_id = "x";
        draft.payload["old_state"] = "creating";
        draft.payload["new_state"] = "created";
        changes.add(draft);
    }));
    EXPECT_EQ(text("SELECT old_state || '>' || new_state FROM container_history WHERE "
                   "container_id = 'x'"),
              "creating>created");
}

TEST_F(ViewsTest, RevisionsMaskSecretsAndTheTableKeepsThem) {
    const std::string spec = text("SELECT spec FROM revisions");
    EXPECT_EQ(spec.find("hunter2"), std::string::npos) << spec;
    EXPECT_EQ(text("SELECT json_extract(spec, '$.environment.api_key') FROM revisions"),
              "********");
    EXPECT_EQ(text("SELECT json_extract(spec, '$.environment.X_TOKEN') FROM revisions"),
              "********");
    EXPECT_EQ(text("SELECT json_extract(spec, '$.environment.TOKENS') FROM revisions"), "3");
    EXPECT_EQ(text("SELECT json_extract(spec, '$.environment.DB_PASSWORD') FROM spec_revisions"),
              "hunter2");
    EXPECT_EQ(text("SELECT actor FROM revisions"), "ann");
    EXPECT_EQ(text("SELECT spec_hash LIKE 'v1:%' FROM revisions"), "1");
}

TEST_F(ViewsTest, MessagesIsEmpty) { EXPECT_EQ(text("SELECT count(*) FROM messages"), "0"); }

TEST_F(ViewsTest, TheWholeLogCanBeSelected) {
    for (const std::string view : {"audit_log", "current_containers", "container_history",
                                   "revisions", "messages"}) {
        SQLite::Statement query{*bench_.config.connection, "SELECT * FROM " + view};
        EXPECT_NO_THROW(while (query.executeStep()) {}) << view;
    }
}

}  // namespace
}  // namespace flow::store::test
