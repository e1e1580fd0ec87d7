// Who hears of the end of a request, and in which order.
#include "api/answers.hpp"

#include <gtest/gtest.h>

#include "api_fixture.hpp"

namespace flow::test {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

class AnswersTest : public testing::Test, public ApiFixture {
protected:
    void SetUp() override { id = store.put(spec()).container_id; }
    void start(const Client& client, Json more = Json::object()) {
        Json payload = {{"container_id", id}};
        payload.update(more);
        send(client, "start_container", payload);
    }
    void end_last(domain::Outcome outcome = domain::Outcome::done) {
        domain::RequestEnd end = done(store.accepted.back(), id);
        end.outcome = outcome;
        if (outcome != domain::Outcome::done) {
            end.error.type = outcome == domain::Outcome::failed
                                 ? domain::ErrorType::docker_api_error
                                 : domain::ErrorType::superseded;
            end.error.message = "it did not work";
        }
        store.end(end);
    }
    std::string id;
};

TEST_F(AnswersTest, AcknowledgedAfterTheCommitAndAnsweredAtTheEnd) {
    const Client client = connect();
    start(client);
    EXPECT_TRUE(acks.empty());
    store.commit();
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].at("ok"), true);
    EXPECT_EQ(acks[0].at("container_id"), id);
    EXPECT_EQ(acks[0].at("name"), "web");
    EXPECT_EQ(acks[0].at("generation"), 1);
    EXPECT_EQ(acks[0].at("seq"), 1);
    EXPECT_EQ(acks[0].at("changed"), true);
    EXPECT_TRUE(client.peer->last("start_container").is_null());
    store.tell("container_started", id);
    end_last();
    store.commit();
    EXPECT_EQ(client.peer->events(),
              (Names{"activity_log", "container_started", "start_container"}));
    EXPECT_EQ(client.peer->last("start_container").at("request_id"), store.accepted[0].request_id);
    EXPECT_FALSE(client.peer->last("start_container").contains("seq"));
    EXPECT_EQ(acks.size(), 1U);
    EXPECT_EQ(answers.size(), 0U);
}

TEST_F(AnswersTest, AnEndInTheSameCommitIsToldAfterTheAcknowledgement) {
    const Client client = connect();
    std::vector<std::string> order;
    handlers.handle(client.session, "start_container", Json::array({{{"container_id", id}}}),
                    [&](const Json&) { order = client.peer->events(); });
    end_last();
    store.commit();     // the observer is called before the acknowledgement's callback
    EXPECT_EQ(order, (Names{"activity_log"}));
    EXPECT_EQ(client.peer->events(), (Names{"activity_log", "start_container"}));
}

TEST_F(AnswersTest, OnlyTheRequesterHearsOfIt) {
    const Client asking = connect();
    const Client other = connect();
    start(asking);
    store.commit();
    end_last(domain::Outcome::failed);
    store.commit();
    EXPECT_EQ(other.peer->events(), (Names{"activity_log"}));
    const Json error = asking.peer->last("error");
    EXPECT_EQ(error.at("error"), true);
    EXPECT_EQ(error.at("error_type"), "docker_api_error");
    EXPECT_EQ(error.at("details").at("operation"), "start_container");
    EXPECT_EQ(error.at("details").at("container_id"), id);
    EXPECT_EQ(error.at("details").at("request_id"), store.accepted[0].request_id);
}

TEST_F(AnswersTest, WaitIsAcknowledgedAtTheEndWithTheOutcome) {
    const Client client = connect();
    start(client, {{"wait", true}});
    store.commit();
    EXPECT_TRUE(acks.empty());
    ASSERT_EQ(timers.size(), 1U);
    EXPECT_EQ(timers[0].first, 30s);
    end_last();
    store.commit();
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].at("ok"), true);
    EXPECT_EQ(acks[0].at("outcome"), "done");
    EXPECT_EQ(acks[0].at("generation"), 1);
    EXPECT_EQ(acks[0].at("result").at("container_id"), id);
    EXPECT_FALSE(client.peer->last("start_container").is_null());
    timers[0].second();     // late: nothing is left to do
    EXPECT_EQ(acks.size(), 1U);
}

TEST_F(AnswersTest, WaitTellsFailedAndSuperseded) {
    const Client client = connect();
    for (const auto outcome : {domain::Outcome::failed, domain::Outcome::superseded}) {
        start(client, {{"wait", true}});
        store.commit();
        end_last(outcome);
        store.commit();
        EXPECT_EQ(acks.back().at("ok"), false);
        EXPECT_EQ(acks.back().at("outcome"), domain::to_string(outcome));
        EXPECT_EQ(acks.back().at("error").at("message"), "it did not work");
    }
}

TEST_F(AnswersTest, AfterTheTimeoutTheRequestIsStillInForce) {
    const Client client = connect();
    start(client, {{"wait", true}, {"wait_timeout", "1500ms"}});
    store.commit();
    ASSERT_EQ(timers.size(), 1U);
    EXPECT_EQ(timers[0].first, 1500ms);
    timers[0].second();
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].at("ok"), false);
    EXPECT_EQ(acks[0].at("error").at("error_type"), "timeout");
    EXPECT_EQ(acks[0].at("error").at("details").at("operation"), "start_container");
    EXPECT_EQ(acks[0].at("error").at("details").at("container_id"), id);
    EXPECT_TRUE(client.peer->last("error").is_null());
    end_last();
    store.commit();
    EXPECT_FALSE(client.peer->last("start_container").is_null());
    EXPECT_EQ(acks.size(), 1U);
}

TEST_F(AnswersTest, ARepetitionGetsTheFirstAnswerAndTheSameEnd) {
    const Client first = connect();
    const Client second = connect();
    const Json same = {{"request_id", "0123456789abcdef"}};
    start(first, same);
    store.commit();
    start(second, {{"wait", true}, {"request_id", "0123456789abcdef"}});
    store.commit();
    EXPECT_EQ(acks.size(), 1U);     // the second one waits
    end_last();
    store.commit();
    ASSERT_EQ(acks.size(), 2U);
    EXPECT_EQ(acks[1].at("seq"), acks[0].at("seq"));
    EXPECT_FALSE(first.peer->last("start_container").is_null());
    EXPECT_FALSE(second.peer->last("start_container").is_null());

    const Client late = connect();
    start(late, same);
    store.commit();
    EXPECT_EQ(acks.size(), 3U);
    EXPECT_FALSE(late.peer->last("start_container").is_null());
}

TEST_F(AnswersTest, TheSameIdWithAnotherPayloadIsAConflictAndAttachesNobody) {
    const Client client = connect();
    start(client, {{"request_id", "0123456789abcdef"}});
    store.commit();
    send(client, "stop_container", {{"container_id", id}, {"request_id", "0123456789abcdef"}});
    store.commit();
    EXPECT_EQ(acks.back().at("error").at("error_type"), "conflict_error");
    EXPECT_EQ(answers.size(), 1U);
}

TEST_F(AnswersTest, ASlowClientGetsTheEventBeforeTheAnswer) {
    const Client client = connect();
    start(client);
    store.commit();
    client.peer->pending = config.feed.high_water;
    store.tell("container_started", id);
    end_last();
    store.commit();
    EXPECT_EQ(client.peer->events(), (Names{"activity_log"}));
    client.peer->drain();
    EXPECT_EQ(client.peer->events(),
              (Names{"activity_log", "container_started", "start_container"}));
}

TEST_F(AnswersTest, AClientThatLeftIsForgotten) {
    Client client = connect();
    start(client);
    store.commit();
    feed.remove(client.session);
    const auto peer = client.peer;
    client.session.reset();
    end_last();
    store.commit();
    EXPECT_TRUE(peer->last("start_container").is_null());
    EXPECT_EQ(answers.size(), 0U);
}

}  // namespace
}  // namespace flow::test
