// Durable messages: in the log with their rows, and queued in the store until the container comes.
#include "courier_fixture.hpp"

namespace flow::messaging::test {
namespace {

using domain::ErrorType;

void queue(domain::Messaging& settings) {
    settings.durable = true;
    settings.queue_ttl = std::chrono::minutes{5};
}

TEST_F(CourierTest, ADurableMessageIsInTheLogAndAnsweredWhenItIsWritten) {
    const std::string id = running("kept", [](domain::Messaging& settings) { settings.durable = true; });
    start();
    Program program{path(id)};
    program.say("\n");
    ASSERT_TRUE(eventually([&] { return courier->connected(id); }));
    io.poll();
    messages.holds = true;
    send(id, {{"message_id", "m1"}, {"password", "x"}});
    ASSERT_TRUE(eventually([&] { return !program.heard().empty() && !messages.waiting.empty(); }));
    EXPECT_TRUE(answers.empty()) << "it is not durable yet";
    messages.waiting.at(0)(domain::Result<void>{});
    EXPECT_EQ(answers.at(0)->status, "sent");
    EXPECT_TRUE(told.empty()) << "the log tells it";
    ASSERT_EQ(messages.events.size(), 1u);
    EXPECT_EQ(messages.events.at(0).type, "message_sent");
    EXPECT_EQ(messages.rows.at(0).status, "sent");
    EXPECT_EQ(messages.rows.at(0).payload, "") << "record_payload is not set";
}

TEST_F(CourierTest, TheRecordedPayloadIsMasked) {
    const std::string id = running("kept", [](domain::Messaging& settings) {
        settings.durable = settings.record_payload = true;
    });
    start();
    Program program{path(id)};
    program.say("{\"reply_to\":\"m\",\"API_TOKEN\":\"t\"}\n");
    ASSERT_TRUE(eventually([&] { return messages.rows.size() == 1; }));
    EXPECT_EQ(messages.rows.at(0).direction, "in");
    EXPECT_EQ(messages.rows.at(0).reply_to, "m");
    EXPECT_EQ(messages.rows.at(0).payload.find("\"t\""), std::string::npos);
    EXPECT_NE(messages.rows.at(0).payload.find("API_TOKEN"), std::string::npos);
}

TEST_F(CourierTest, AQueuedMessageIsWrittenBeforeItIsSentAndWaitsForTheContainer) {
    const std::string id = running("later", queue);
    start();
    stopped(id);
    messages.holds = true;
    send(id, {{"message_id", "m1"}});
    ASSERT_EQ(messages.rows.size(), 1u);
    EXPECT_EQ(messages.rows.at(0).status, "queued");
    EXPECT_EQ(messages.rows.at(0).payload, "{\"message_id\":\"m1\"}");
    messages.holds = false;
    messages.waiting.at(0)(domain::Result<void>{});
    EXPECT_EQ(answers.at(0)->status, "queued");
    for (const domain::MessageRow& row : messages.rows) {
        EXPECT_EQ(row.payload, "{\"message_id\":\"m1\"}") << "a daemon after this one sends what is there";
    }
    Program program{path(id)};
    program.say("\n");
    ASSERT_TRUE(eventually([&] { return !program.heard().empty(); }));
    EXPECT_EQ(messages.rows.back().status, "sent");
}

TEST_F(CourierTest, WhatADaemonBeforeHasQueuedIsSent) {
    const std::string id = running("later", queue);
    domain::MessageRow row;
    row.container_id = id;
    row.message_id = "m0";
    row.direction = "out";
    row.status = "queued";
    row.until = store.moment.now + std::chrono::hours{1};
    row.payload = "{\"message_id\":\"m0\"}";
    messages.queued = {row, row};
    messages.queued.at(1).container_id = "gone";
    start();
    EXPECT_EQ(messages.rows.at(0).status, "expired") << "its container is gone";
    Program program{path(id)};
    program.say("\n");
    send(id, {{"message_id", "m1"}});
    ASSERT_TRUE(eventually([&] { return program.heard().find("m1") != std::string::npos; }));
    EXPECT_EQ(program.heard(), "{\"message_id\":\"m0\"}\n{\"message_id\":\"m1\"}\n");
}

TEST_F(CourierTest, AQueuedMessageExpires) {
    const std::string id = running("never", queue);
    start();
    stopped(id);
    send(id, {{"message_id", "m1"}});
    pass(std::chrono::minutes{6});
    ASSERT_TRUE(eventually([&] { return messages.rows.back().status == "expired"; }));
    EXPECT_EQ(messages.events.back().payload["status"], "expired");
}

TEST_F(CourierTest, AQueuedMessageGoesByTheClockOfTheStore) {
    const std::string id = running("never", queue);
    start();
    stopped(id);
    send(id, {{"message_id", "m1"}});
    steady += std::chrono::minutes{6};
    io.restart();
    io.run_for(std::chrono::milliseconds{500});
    EXPECT_EQ(messages.rows.back().status, "queued") << "a daemon after this one would send it too";
    store.moment.now += std::chrono::minutes{6};
    ASSERT_TRUE(eventually([&] { return messages.rows.back().status == "expired"; }));
}

/// As it is found by a daemon after one that was killed.
class KilledTest : public CourierTest {
protected:
    std::string sent_before(const std::string& status, const Json& message) {
        const std::string id = running("later", queue);
        domain::MessageRow row;
        row.container_id = id;
        row.name = "later";
        row.message_id = message.at("message_id").get<std::string>();
        row.direction = "out";
        row.status = status;
        row.actor = "ann";
        row.request_id = "request-0123456789";
        row.until = store.moment.now + std::chrono::hours{1};
        row.payload = status == "queued" ? message.dump() : "";
        row.bytes = static_cast<std::int64_t>(message.dump().size());
        (status == "queued" ? messages.queued : messages.rows).push_back(row);
        start();
        return id;
    }
    void again(const std::string& id, const Json& message, bool expect_reply = false) {
        send(id, message, expect_reply, "request-0123456789");
    }
    const std::string made = "0a7c3f52-1111-4222-8333-444455556666";     ///< a message_id of ours
};

TEST_F(KilledTest, ARequestThatComesAgainIsNotSentTwice) {
    const std::string id = sent_before("queued", {{"command", "go"}, {"message_id", made}});
    again(id, {{"command", "go"}});
    ASSERT_EQ(answers.size(), 1u);
    ASSERT_TRUE(answers.at(0)) << answers.at(0).error().message;
    EXPECT_EQ(answers.at(0)->message_id, made);
    EXPECT_EQ(answers.at(0)->status, "queued");
    Program program{path(id)};
    program.say("\n");
    ASSERT_TRUE(eventually([&] { return !messages.rows.empty() && messages.rows.back().status == "sent"; }));
    again(id, {{"command", "go"}});
    EXPECT_EQ(answers.at(1)->message_id, made);
    EXPECT_EQ(answers.at(1)->status, "sent");
    send(id, {{"message_id", "last"}});
    ASSERT_TRUE(eventually([&] { return program.heard().find("last") != std::string::npos; }));
    EXPECT_EQ(program.heard(), "{\"command\":\"go\",\"message_id\":\"" + made + "\"}\n{\"message_id\":\"last\"}\n");
}

TEST_F(KilledTest, ItsOwnMessageIdIsNoConflictAndTheReplyIsTheAnswer) {
    const std::string id = sent_before("queued", {{"command", "go"}, {"message_id", "m1"}});
    again(id, {{"message_id", "m1"}, {"command", "go"}}, true);
    EXPECT_TRUE(answers.empty());
    again(id, {{"message_id", "m1"}, {"command", "go"}}, true);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0).error().type, ErrorType::conflict_error) << "somebody waits for it already";
    Program program{path(id)};
    program.say("\n");
    ASSERT_TRUE(eventually([&] { return program.heard().find("m1") != std::string::npos; }));
    program.say("{\"reply_to\":\"m1\",\"result\":7}\n");
    ASSERT_TRUE(eventually([&] { return answers.size() == 2; }));
    EXPECT_EQ((*answers.at(1)->reply)["result"], 7);
}

TEST_F(KilledTest, AReplyThatDoesNotComeIsATimeoutAndTheIdIsFree) {
    const std::string id = sent_before("sent", {{"message_id", "m1"}});
    again(id, {{"message_id", "m1"}}, true);
    EXPECT_TRUE(answers.empty());
    pass(std::chrono::seconds{31});
    ASSERT_TRUE(eventually([&] { return answers.size() == 1; }));
    EXPECT_EQ(answers.at(0).error().type, ErrorType::socket_timeout_error);
    send(id, {{"message_id", "m1"}});
    EXPECT_EQ(answers.at(1)->status, "queued");
}

TEST_F(KilledTest, TheSameIdForAnotherMessageIsRefused) {
    const std::string other = running("other", queue);
    const std::string id = sent_before("queued", {{"command", "go"}, {"message_id", made}});
    again(id, {{"command", "no"}});
    again(id, {{"command", "longer"}});
    again(id, {{"command", "go"}, {"message_id", "1a7c3f52-1111-4222-8333-444455556666"}});
    again(other, {{"command", "go"}});
    ASSERT_EQ(answers.size(), 4u);
    for (const auto& answer : answers) {
        ASSERT_TRUE(answer.has_error());
        EXPECT_EQ(answer.error().type, ErrorType::conflict_error);
    }
}

TEST_F(KilledTest, WhatHasExpiredIsSentAgain) {
    const std::string id = sent_before("expired", {{"command", "go"}, {"message_id", made}});
    again(id, {{"command", "go"}});
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0)->status, "queued");
    EXPECT_NE(answers.at(0)->message_id, made);
}

TEST_F(KilledTest, WhereTheStoreCannotTellNothingIsSent) {
    const std::string id = sent_before("sent", {{"message_id", made}});
    domain::Error damaged;
    damaged.message = "disk on fire";
    messages.refusal = damaged;
    again(id, Json::object());
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0).error().message, "disk on fire");
    EXPECT_EQ(messages.rows.size(), 1u);
}

TEST_F(CourierTest, WhatTheStoreDoesNotTakeIsRefusedAndNotSent) {
    const std::string id = running("full", queue);
    start();
    Program program{path(id)};
    program.say("\n");
    ASSERT_TRUE(eventually([&] { return courier->connected(id); }));
    domain::Error full;
    full.type = ErrorType::system_error;
    full.message = "disk full";
    messages.refusal = full;
    send(id, {{"message_id", "m1"}}, true);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0).error().message, "disk full");
    EXPECT_EQ(program.heard(), "");
}

}  // namespace
}  // namespace flow::messaging::test
