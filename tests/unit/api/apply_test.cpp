// `apply` over Socket.IO: documents in, results out; dry runs, prune, waiting, and what is wrong with all of it.
#include <gtest/gtest.h>

#include "api_fixture.hpp"

namespace flow::test {
namespace {

using domain::Operation;

class ApplyTest : public testing::Test, public ApiFixture {
protected:
    static std::string yaml(const std::string& name, const std::string& more = "image: busybox") {
        return "apiVersion: flow/v1\nkind: Container\nmetadata: {name: " + name + "}\nspec:\n  " +
               more + "\n";
    }
    /// The acknowledgement, once all that was accepted is durable.
    Json apply(const Json& payload) {
        acks.clear();
        send(client, "apply", payload);
        for (int i = 0; i < 4; ++i) {
            store.commit();
        }
        return acks.empty() ? Json() : acks.back();
    }
    Json apply_text(const std::string& text) {
        Json payload;
        payload["manifests"] = text;
        return apply(payload);
    }
    std::string error_of(const Json& ack) {
        return ack.at("error").at("message").get<std::string>();
    }
    Client client = connect();
};

TEST_F(ApplyTest, TextWithSeveralDocuments) {
    store.put(spec("db"));
    store.row("aaaaaaaaaaa1").generation_seq = 1;
    const Json ack = apply_text(yaml("web") + "---\n" + yaml("db", "image: postgres"));
    ASSERT_EQ(ack.at("ok"), true) << ack.dump();
    const Json& results = ack.at("results");
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results[0].at("name"), "web");
    EXPECT_EQ(results[0].at("action"), "created");
    EXPECT_EQ(results[0].at("generation"), 1);
    EXPECT_EQ(results[0].at("diff")[0].at("from"), nullptr);
    EXPECT_EQ(results[1].at("action"), "updated");
    EXPECT_EQ(results[1].at("generation"), 2);
    EXPECT_EQ(results[1].at("diff")[0].dump(),
              R"({"field":"image","from":"busybox","to":"postgres"})");
    EXPECT_EQ(client.peer->last("apply").at("results"), results);
    ASSERT_EQ(store.accepted.size(), 2U);
    EXPECT_EQ(store.accepted[0].operation, Operation::manifest);
    EXPECT_EQ(store.accepted[0].document_set, "apply");
    EXPECT_EQ(store.accepted[0].document_digest, "") << "held against the row";
    EXPECT_EQ(store.accepted[0].desired, domain::DesiredState::running);
    EXPECT_EQ(apply_text(yaml("web")).at("results")[0].at("action"), "unchanged");
}

TEST_F(ApplyTest, AListOfObjectsAndTexts) {
    Json payload;
    payload["manifests"] = Json::parse(R"([
        {"apiVersion": "flow/v1", "kind": "Container", "metadata": {"name": "a"},
         "spec": {"image": "busybox", "desired_state": "stopped"}}])");
    payload["manifests"].push_back(yaml("b") + "---\n" + yaml("c"));
    const Json ack = apply(payload);
    ASSERT_EQ(ack.at("ok"), true) << ack.dump();
    EXPECT_EQ(ack.at("results").size(), 3U);
    EXPECT_EQ(store.accepted[0].desired, domain::DesiredState::stopped);
    payload["manifests"] = payload["manifests"][0];
    EXPECT_EQ(apply(payload).at("results").size(), 1U) << "one object";
}

TEST_F(ApplyTest, AllThatIsWrongIsSaidAndNothingIsApplied) {
    Json payload;
    payload["manifests"] = Json::array({yaml("a", "ports: [x]"), yaml("b"), yaml("B"), 7,
                                        "apiVersion: flow/v1\nkind: Pod\n"});
    const Json ack = apply(payload);
    ASSERT_EQ(ack.at("ok"), false);
    std::vector<std::string> paths;
    std::string all;
    for (const Json& wrong : ack.at("error").at("details").at("field_errors")) {
        paths.push_back(wrong.at("path").get<std::string>());
        all += wrong.dump();
    }
    for (const char* path : {"manifests[0].spec.image", "manifests[0].spec.ports[0]",
                             "manifests[2].metadata.name", "manifests[3]", "manifests[4].kind"}) {
        EXPECT_TRUE(std::ranges::count(paths, path)) << path << " in " << all;
    }
    EXPECT_NE(all.find("(line 5)"), std::string::npos) << all;
    EXPECT_TRUE(store.accepted.empty());
    for (const Json& bad : {Json(""), Json("# nothing"), Json::array(), Json(1), Json(nullptr)}) {
        Json only;
        only["manifests"] = bad;
        EXPECT_EQ(apply(only).at("ok"), false) << bad.dump();
    }
    Json with_generation;
    with_generation["manifests"] = yaml("a");
    with_generation["expected_generation"] = 1;
    with_generation["dry-run"] = true;
    EXPECT_EQ(apply(with_generation).at("error").at("details").at("field_errors").size(), 2U);
    EXPECT_TRUE(store.accepted.empty());
}

TEST_F(ApplyTest, ThePolicyRefusesThemAll) {
    policy = [](domain::Spec& checked) {
        domain::Error error;
        error.type = domain::ErrorType::forbidden;
        error.message = "not here";
        return checked.name == "b" ? domain::Result<void>{error} : domain::Result<void>{};
    };
    const Json ack = apply_text(yaml("a") + "---\n" + yaml("b"));
    EXPECT_EQ(ack.at("error").at("error_type"), "forbidden");
    EXPECT_EQ(error_of(ack), "b: not here");
    EXPECT_TRUE(store.accepted.empty());
}

TEST_F(ApplyTest, WhatTheStoreRefusesIsTold) {
    domain::Error error;
    error.type = domain::ErrorType::conflict_error;
    error.message = "no";
    store.refuse_next(error);
    const Json ack = apply_text(yaml("a") + "---\n" + yaml("b"));
    ASSERT_EQ(ack.at("ok"), false);
    EXPECT_EQ(ack.at("error").at("error_type"), "conflict_error");
    EXPECT_EQ(error_of(ack), "1 of 2 documents could not be applied: no");
    const Json& results = ack.at("error").at("details").at("results");
    EXPECT_EQ(results[0].at("action"), "refused");
    EXPECT_EQ(results[0].at("error").at("message"), "no");
    EXPECT_EQ(results[1].at("action"), "created");
    EXPECT_EQ(client.peer->last("error").at("error_type"), "conflict_error");
}

TEST_F(ApplyTest, ADryRunShowsTheStepsAndWritesNothing) {
    store.put(spec("db"));
    store.row("aaaaaaaaaaa1").generation_seq = 1;
    Json payload;
    payload["manifests"] = yaml("web") + "---\n" + yaml("db", "image: postgres");
    payload["dry_run"] = true;
    const Json ack = apply(payload);
    ASSERT_EQ(ack.at("ok"), true) << ack.dump();
    EXPECT_EQ(ack.at("dry_run"), true);
    const Json& results = ack.at("results");
    EXPECT_EQ(results[0].at("action"), "created");
    EXPECT_EQ(results[0].at("container_id"), nullptr);
    EXPECT_EQ(results[0].at("plan").dump(), R"(["#1 Steps of web"])");
    EXPECT_EQ(results[1].at("action"), "updated");
    EXPECT_EQ(results[1].at("generation"), 2);
    EXPECT_EQ(results[1].at("container_id"), "aaaaaaaaaaa1");
    EXPECT_TRUE(store.accepted.empty());
    EXPECT_EQ(store.row("aaaaaaaaaaa1").generation, 1U);
    EXPECT_EQ(store.size(), 1U);
    plan = [](const domain::Record&) { return std::nullopt; };
    EXPECT_EQ(apply(payload).at("results")[0].at("plan"), nullptr) << "nothing is known of the engine";
}

TEST_F(ApplyTest, PruneDeletesWhatTheSetMadeAndKeepsItsVolumes) {
    const std::string gone = store.put(spec("gone")).container_id;
    const std::string kept = store.put(spec("kept")).container_id;
    const std::string other = store.put(spec("other")).container_id;
    for (const std::string& id : {gone, kept, other}) {
        store.row(id).generation_seq = 1;
    }
    store.sets["apply:team"] = {{"gone", "", gone}, {"kept", "", kept}, {"other", "", ""}};
    Json payload;
    payload["manifests"] = yaml("kept");
    payload["prune"] = true;
    EXPECT_EQ(apply(payload).at("results").size(), 1U) << "another set";
    payload["source"] = "team";
    payload["dry_run"] = true;
    const Json tried = apply(payload).at("results");
    ASSERT_EQ(tried.size(), 2U);
    EXPECT_EQ(tried[1].at("action"), "deleted");
    EXPECT_FALSE(store.row(gone).deleted);

    payload["dry_run"] = false;
    store.accepted.clear();
    const Json ack = apply(payload);
    ASSERT_EQ(ack.at("ok"), true) << ack.dump();
    EXPECT_EQ(ack.at("results")[1].at("name"), "gone");
    EXPECT_EQ(ack.at("results")[1].at("action"), "deleted");
    ASSERT_EQ(store.accepted.size(), 2U);
    EXPECT_EQ(store.accepted[1].operation, Operation::remove);
    EXPECT_EQ(store.accepted[1].container_id, gone);
    EXPECT_FALSE(store.accepted[1].remove_volumes);
    EXPECT_TRUE(store.row(gone).deleted);
    EXPECT_FALSE(store.row(other).deleted);
    EXPECT_EQ(store.sets["apply:team"].size(), 1U) << "known are only those that are declared";
}

TEST_F(ApplyTest, NothingIsPrunedWhenADocumentWasRefused) {
    const std::string gone = store.put(spec("gone")).container_id;
    store.row(gone).generation_seq = 1;
    store.sets["apply"] = {{"gone", "", gone}};
    domain::Error error;
    error.message = "no";
    store.refuse_next(error);
    Json payload;
    payload["manifests"] = yaml("web");
    payload["prune"] = true;
    EXPECT_EQ(apply(payload).at("ok"), false);
    EXPECT_FALSE(store.row(gone).deleted);
}

TEST_F(ApplyTest, WithWaitItEndsWhenAllRowsHave) {
    Json payload;
    payload["manifests"] = yaml("a") + "---\n" + yaml("b");
    payload["wait"] = true;
    EXPECT_TRUE(apply(payload).is_null());
    ASSERT_EQ(store.accepted.size(), 2U);
    store.end(done(store.accepted[1], store.find_name("b")->container_id));
    store.commit();
    EXPECT_TRUE(acks.empty());
    store.end(done(store.accepted[0], store.find_name("a")->container_id));
    store.commit();
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].at("ok"), true);
    EXPECT_EQ(acks[0].at("results")[1].at("outcome"), "done");
    for (const auto& [time, work] : timers) {
        work();
    }
    EXPECT_EQ(acks.size(), 1U);
    EXPECT_EQ(client.session->open_requests, 0U);
}

TEST_F(ApplyTest, WithWaitAFailureOfOneIsTheEndOfAll) {
    Json payload;
    payload["manifests"] = yaml("a");
    payload["wait"] = true;
    apply(payload);
    domain::RequestEnd end = done(store.accepted[0], store.find_name("a")->container_id);
    end.outcome = domain::Outcome::failed;
    end.error.type = domain::ErrorType::image_not_found;
    end.error.message = "no such image";
    store.end(std::move(end));
    store.commit();
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].at("error").at("error_type"), "image_not_found");
    EXPECT_EQ(acks[0].at("error").at("details").at("results")[0].at("outcome"), "failed");
}

TEST_F(ApplyTest, WithWaitTheTimeIsLimited) {
    Json payload;
    payload["manifests"] = yaml("a");
    payload["wait"] = true;
    payload["wait_timeout"] = 3;
    apply(payload);
    ASSERT_EQ(timers.size(), 1U);
    EXPECT_EQ(timers[0].first, std::chrono::seconds{3});
    timers[0].second();
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].at("error").at("error_type"), "timeout");
    store.end(done(store.accepted[0], store.find_name("a")->container_id));
    store.commit();
    EXPECT_EQ(acks.size(), 1U);
}

TEST_F(ApplyTest, TheSameRequestIdAgainGetsTheFirstAnswer) {
    Json payload;
    payload["manifests"] = yaml("a");
    payload["request_id"] = "0123456789abcdef";
    const Json first = apply(payload);
    EXPECT_EQ(store.accepted[0].request_id, "0123456789abcdef/a");
    EXPECT_TRUE(store.accepted[0].client_gave_id);
    policy = [](domain::Spec&) {
        domain::Error error;
        error.message = "not any more";
        return domain::Result<void>{error};
    };
    EXPECT_EQ(apply(payload), first);
    payload["request_id"] = "0123456789abcdeX";
    EXPECT_EQ(apply(payload).at("ok"), false);
}

// -- rollback and the other dry runs ---------------------------------------------------------------------

class RollbackTest : public ApplyTest {
protected:
    RollbackTest() {
        id = store.put(spec("web")).container_id;
        domain::Record& row = store.row(id);
        row.generation_seq = 1;
        for (domain::Generation generation = 1; generation <= 3; ++generation) {
            domain::Revision revision;
            revision.generation = generation;
            revision.spec = spec("web");
            revision.spec.image = "image:" + std::to_string(generation);
            store.history[id].push_back(revision);
        }
        row.generation = 3;
        row.specs[3] = store.history[id].back().spec;
        row.status.active_generation = 3;
    }
    Json ask(const std::string& event, Json payload) {
        acks.clear();
        payload["container_id"] = "web";
        send(client, event, payload);
        store.commit();
        return acks.back();
    }
    std::string id;
};

TEST_F(RollbackTest, ToTheGenerationBeforeTheActiveOne) {
    const Json ack = ask("rollback_container", Json::object());
    ASSERT_EQ(ack.at("ok"), true) << ack.dump();
    EXPECT_EQ(ack.at("generation"), 4);
    EXPECT_EQ(store.accepted[0].operation, Operation::rollback);
    EXPECT_EQ(store.row(id).spec().image, "image:2");
}

TEST_F(RollbackTest, ToOneThatIsNamed) {
    EXPECT_EQ(ask("rollback_container", {{"to_generation", 1}}).at("ok"), true);
    EXPECT_EQ(store.row(id).spec().image, "image:1");
}

TEST_F(RollbackTest, ToOneThatIsNotKnown) {
    const Json ack = ask("rollback_container", {{"to_generation", 7}});
    EXPECT_EQ(ack.at("error").at("error_type"), "validation_error");
    EXPECT_EQ(error_of(ack), "to_generation: web has no generation 7; it has 1, 2, 3");
    store.row(id).status.active_generation = 1;
    EXPECT_EQ(error_of(ask("rollback_container", Json::object())),
              "to_generation: web has no generation before 1 to go back to");
    for (const Json& bad : {Json(0), Json("1"), Json(-1)}) {
        EXPECT_EQ(ask("rollback_container", {{"to_generation", bad}}).at("ok"), false);
    }
    EXPECT_TRUE(store.accepted.empty());
    acks.clear();
    send(client, "rollback_container", {{"container_id", "nobody"}});
    EXPECT_EQ(acks.back().at("error").at("error_type"), "container_not_found");
}

TEST_F(RollbackTest, DryRuns) {
    const Json back = ask("rollback_container", {{"dry_run", true}});
    EXPECT_EQ(back.at("diff")[0].dump(), R"({"field":"image","from":"image:3","to":"image:2"})");
    EXPECT_EQ(back.at("dry_run"), true);
    const Json update = ask("update_container", {{"dry_run", true}, {"image", "other"}});
    EXPECT_EQ(update.at("generation"), 4);
    EXPECT_EQ(update.at("plan").dump(), R"(["#1 Steps of web"])");
    EXPECT_EQ(client.peer->last("update_container").at("action"), "updated");
    acks.clear();
    send(client, "create_container", {{"image", "busybox"}, {"name", "new"}, {"dry_run", true}});
    EXPECT_EQ(acks.back().at("container_id"), nullptr);
    EXPECT_EQ(acks.back().at("action"), "created");
    EXPECT_EQ(acks.back().at("plan").dump(), R"(["#1 Steps of new"])");
    send(client, "create_container", {{"image", ""}, {"dry_run", true}});
    EXPECT_EQ(acks.back().at("error").at("error_type"), "validation_error");
    EXPECT_TRUE(store.accepted.empty());
    EXPECT_EQ(store.size(), 1U);
}

}  // namespace
}  // namespace flow::test
