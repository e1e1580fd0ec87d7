// What a good request becomes, and what queries answer.
#include "api/handlers.hpp"

#include <gtest/gtest.h>

#include "api_fixture.hpp"
#include "domain/spec_canonical.hpp"

namespace flow::test {
namespace {

using namespace std::chrono_literals;
using domain::Operation;
using Names = std::vector<std::string>;

class HandlersTest : public testing::Test, public ApiFixture {
protected:
    const domain::Request& sent(const std::string& event, const Json& payload) {
        const std::size_t before = store.accepted.size();
        send(client, event, payload);
        store.commit();
        EXPECT_EQ(store.accepted.size(), before + 1)
            << event << ": " << client.peer->last("error").dump();
        return store.accepted.back();
    }
    Client client = connect();
};

TEST_F(HandlersTest, CreateBecomesAValidSpec) {
    const domain::Request& request = sent("create_container", Json::parse(R"({
        "image": "flow:latest", "name": "my-flow-container",
        "environment": {"ENV_VAR1": "value1"}, "ports": {"8080": 8080}})"));
    EXPECT_EQ(request.operation, Operation::create);
    EXPECT_EQ(request.actor, "anonymous");
    EXPECT_FALSE(request.client_gave_id);
    EXPECT_EQ(request.request_id.size(), 36U);
    ASSERT_TRUE(request.spec);
    EXPECT_EQ(request.spec->name, "my-flow-container");
    EXPECT_EQ(request.spec->environment.at("ENV_VAR1"), "value1");
    EXPECT_EQ(request.spec->ports.at(0).host, 8080);
    EXPECT_EQ(request.desired, domain::DesiredState::created);
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].at("ok"), true);
    EXPECT_EQ(acks[0].at("name"), "my-flow-container");
}

TEST_F(HandlersTest, CreateTakesDesiredStateAndTheControls) {
    const domain::Request& request = sent("create_container", Json::parse(R"({
        "image": "busybox", "desired_state": "running", "wait": true, "wait_timeout": 5,
        "request_id": "0123456789abcdef", "expected_generation": 0})"));
    EXPECT_EQ(request.desired, domain::DesiredState::running);
    EXPECT_TRUE(request.client_gave_id);
    EXPECT_EQ(request.request_id, "0123456789abcdef");
    EXPECT_EQ(request.expected_generation, std::nullopt);
}

TEST_F(HandlersTest, ThePolicyMayChangeTheSpec) {
    policy = [](domain::Spec& checked) {
        checked.volumes.at(0).source = "/resolved";
        return domain::Result<void>{};
    };
    const domain::Request& request = sent(
        "create_container", Json::parse(R"({"image": "busybox", "volumes": {"/link": "/data"}})"));
    EXPECT_EQ(request.spec->volumes.at(0).source, "/resolved");
}

TEST_F(HandlersTest, ContainersAreFoundByNameToo) {
    const std::string id = store.put(spec()).container_id;
    EXPECT_EQ(sent("start_container", {{"container_id", "web"}}).container_id, id);
    EXPECT_EQ(sent("stop_container", {{"container_id", id}}).container_id, id);
}

TEST_F(HandlersTest, TimeoutsAndFlagsArrive) {
    store.put(spec());
    EXPECT_EQ(sent("stop_container", {{"container_id", "web"}, {"timeout", 2.5}}).timeout, 2500ms);
    EXPECT_EQ(sent("restart_container", {{"container_id", "web"}, {"timeout", "1m"}}).timeout, 60s);
    EXPECT_EQ(sent("start_container", {{"container_id", "web"}, {"expected_generation", 1}})
                  .expected_generation, 1U);
    const domain::Request plain = sent("delete_container", {{"container_id", "web"}});
    EXPECT_TRUE(plain.remove_volumes);
    EXPECT_FALSE(plain.force);
    store.put(spec("db"));
    const domain::Request& forced = sent(
        "delete_container", {{"container_id", "db"}, {"remove_volumes", false}, {"force", true}});
    EXPECT_FALSE(forced.remove_volumes);
    EXPECT_TRUE(forced.force);
}

TEST_F(HandlersTest, UpdateIsAPatchOnTheLatestSpec) {
    domain::Spec present = spec();
    present.environment = {{"A", "1"}, {"B", "2"}};
    const std::string id = store.put(present).container_id;
    const domain::Request& request = sent("update_container", Json::parse(
        R"({"container_id": "web", "image": "busybox:2", "environment": {"A": null, "C": "3"}})"));
    EXPECT_EQ(request.operation, Operation::update);
    EXPECT_EQ(request.container_id, id);
    EXPECT_EQ(request.spec->image, "busybox:2");
    EXPECT_EQ(request.spec->environment,
              (std::map<std::string, std::string>{{"B", "2"}, {"C", "3"}}));
    EXPECT_EQ(request.spec->name, "web");
    EXPECT_EQ(acks.back().at("generation"), 2);
}

TEST_F(HandlersTest, AnEmptyUpdateChangesNothingAndIsTaken) {
    store.put(spec());
    sent("update_container", {{"container_id", "web"}});
    EXPECT_EQ(acks.back().at("ok"), true);
    EXPECT_EQ(acks.back().at("changed"), false);
}

TEST_F(HandlersTest, DigestLeavesOutWaitAndTheOrderOfKeys) {
    store.put(spec());
    const auto digest = [&](const char* json) {
        return sent("start_container", Json::parse(json)).payload_digest;
    };
    const std::string plain = digest(R"({"container_id": "web", "expected_generation": 1})");
    EXPECT_EQ(digest(R"({"expected_generation": 1, "container_id": "web", "wait": true})"), plain);
    EXPECT_EQ(digest(R"({"container_id": "web", "expected_generation": 1, "wait_timeout": 3})"),
              plain);
    EXPECT_NE(digest(R"({"container_id": "web"})"), plain);
}

TEST_F(HandlersTest, ARepeatedDeleteGetsItsFirstAnswerThoughTheRowIsGone) {
    const std::string id = store.put(spec()).container_id;
    const Json payload = {{"container_id", id}, {"request_id", "0123456789abcdef"}};
    sent("delete_container", payload);
    store.end(done(store.accepted.back(), id));
    store.erase(id);
    store.commit();
    const auto answered = client.peer->sent.size();
    sent("delete_container", payload);
    EXPECT_EQ(acks.at(1), acks.at(0));
    EXPECT_EQ(client.peer->sent.size(), answered + 1);
    EXPECT_EQ(client.peer->sent.back().event, "delete_container");

    send(client, "delete_container", {{"container_id", id}, {"request_id", "another-0123456789"}});
    store.commit();
    EXPECT_EQ(acks.back().at("error").at("error_type"), "container_not_found");
}

TEST_F(HandlersTest, ARepeatedCreateGetsItsFirstAnswerThoughItWouldBeRefusedNow) {
    const Json payload = {{"image", "busybox"}, {"request_id", "0123456789abcdef"}};
    sent("create_container", payload);
    policy = [](domain::Spec&) -> domain::Result<void> {
        domain::Error error;
        error.type = domain::ErrorType::forbidden;
        return error;
    };
    sent("create_container", payload);          // while it is open
    EXPECT_EQ(acks.back(), acks.front());
    store.end(done(store.accepted.back(), acks.at(0).at("container_id")));
    store.commit();
    sent("create_container", payload);
    EXPECT_EQ(acks.back(), acks.front());
    EXPECT_EQ(store.size(), 1U);
}

TEST_F(HandlersTest, StatusComesByAckByItsEventAndByTheRequestsName) {
    const std::string id = store.put(spec()).container_id;
    store.row(id).request_id = "of-an-earlier-wish";
    send(client, "get_container_status", {{"container_id", "web"}});
    EXPECT_EQ(client.peer->events(), (Names{"container_status", "get_container_status"}));
    const Json status = client.peer->last("container_status");
    EXPECT_EQ(status, client.peer->last("get_container_status"));
    for (const char* field : {"container_id",
                              "name",
                              "docker_id",
                              "generation",
                              "timestamp",
                              "state",
                              "reason",
                              "message",
                              "desired_state",
                              "observed_generation",
                              "active_generation",
                              "health",
                              "uptime",
                              "restart_count",
                              "next_retry_at",
                              "last_exit",
                              "socket_connected",
                              "last_communication",
                              "observed_at",
                              "resource_usage"}) {
        EXPECT_TRUE(status.contains(field)) << field;
    }
    for (const char* field : {"cpu_percent", "memory_usage", "memory_limit", "memory_percent",
                              "network_rx_bytes", "network_tx_bytes", "disk_read_bytes",
                              "disk_write_bytes", "pids"}) {
        EXPECT_TRUE(status.at("resource_usage").at(field).is_number()) << field;
    }
    EXPECT_EQ(status.at("container_id"), id);
    EXPECT_EQ(status.at("state"), "creating");
    EXPECT_EQ(status.at("health"), "none");
    EXPECT_EQ(status.at("socket_connected"), false);
    EXPECT_FALSE(status.contains("seq"));
    EXPECT_FALSE(status.contains("request_id"));
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].at("ok"), true);
    EXPECT_EQ(acks[0].at("state"), "creating");
}

TEST_F(HandlersTest, WithoutContactTheStateIsUnknownAtOnce) {
    store.put(spec());
    store.set_contact(false, true);
    send(client, "get_container_status", {{"container_id", "web"}});
    EXPECT_EQ(client.peer->last("container_status").at("state"), "unknown");
    send(client, "list_containers", Json::object());
    EXPECT_EQ(client.peer->last("container_list").at("containers").at(0).at("status"), "unknown");
}

TEST_F(HandlersTest, ListNeedsNoPayload) {
    store.put(spec());
    handlers.handle(client.session, "list_containers", Json::array(), {});
    handlers.handle(client.session, "list_containers", Json::array({nullptr}), {});
    EXPECT_EQ(client.peer->events(),
              (Names{"container_list", "list_containers", "container_list", "list_containers"}));
    EXPECT_EQ(client.peer->last("list_containers").at("count"), 1);
}

TEST_F(HandlersTest, QueriesEchoTheRequestId) {
    send(client, "list_containers", {{"request_id", "0123456789abcdef"}});
    EXPECT_EQ(client.peer->last("container_list").at("request_id"), "0123456789abcdef");
    EXPECT_EQ(acks.at(0).at("request_id"), "0123456789abcdef");
}

TEST_F(HandlersTest, SubscribeAnswersWhereItBegins) {
    store.tell("status_changed");
    store.commit();
    client.peer->sent.clear();
    send(client, "subscribe", {{"types", {"container_*"}}, {"since", 0}});
    EXPECT_EQ(client.peer->last("subscribed").at("seq"), 0);
    send(client, "subscribe", {{"types", {"status_*"}}});
    EXPECT_EQ(client.peer->last("subscribed").at("seq"), 1);
    EXPECT_EQ(acks.at(1).at("ok"), true);
}

TEST_F(HandlersTest, NoRequestIsTakenWhenTheGateIsClosed) {
    store.put(spec());
    handlers.close_gate();
    send(client, "start_container", {{"container_id", "web"}});
    EXPECT_TRUE(store.accepted.empty());
    EXPECT_EQ(acks.at(0).at("error").at("error_type"), "system_error");
}

TEST_F(HandlersTest, ABugInAHandlerIsASystemErrorAndTheServiceGoesOn) {
    store.put(spec());
    services.usage = [](const std::string&) -> domain::ResourceUsage {
        throw std::runtime_error("a bug");
    };
    send(client, "get_container_status", {{"container_id", "web"}});
    EXPECT_EQ(client.peer->last("error").at("error_type"), "system_error");
    EXPECT_EQ(client.peer->last("error").at("message").get<std::string>().find("a bug"),
              std::string::npos);
    send(client, "list_containers", Json::object());
    EXPECT_EQ(acks.back().at("ok"), true);
}

}  // namespace
}  // namespace flow::test
