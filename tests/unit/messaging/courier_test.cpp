// Live messages: sent, answered, held, refused. Durable ones are in durable_test.cpp.
#include "courier_fixture.hpp"

namespace flow::messaging::test {
namespace {

using domain::ErrorType;
using Texts = std::vector<std::string>;

TEST_F(CourierTest, AMessageLeavesAsALineWithItsId) {
    const std::string id = running("echo");
    start();
    Program program{path(id)};
    ASSERT_TRUE(program.connected);
    program.say("\n");
    ASSERT_TRUE(eventually([&] { return courier->connected(id); }));
    send(id, {{"command", "go"}, {"message_id", "m1"}});
    ASSERT_TRUE(eventually([&] { return !program.heard().empty() && !answers.empty(); }));
    EXPECT_EQ(program.heard(), "{\"command\":\"go\",\"message_id\":\"m1\"}\n");
    EXPECT_EQ(answers.at(0)->status, "sent");
    EXPECT_EQ(statuses("message_sent"), Texts{"sent"});
    EXPECT_EQ(told.at(0)["message"]["command"], "go");
    EXPECT_EQ(told.at(0)["container_id"], id);
    EXPECT_TRUE(messages.rows.empty()) << "it is live: nothing is kept";
}

TEST_F(CourierTest, TheReplyIsTheAnswerAndEverybodyHearsIt) {
    const std::string id = running("echo");
    start();
    Program program{path(id)};
    ASSERT_TRUE(speaks_lines(program, id));
    send(id, {{"message_id", "m1"}}, true);
    ASSERT_TRUE(eventually([&] { return program.heard().find("m1") != std::string::npos; }));
    EXPECT_TRUE(answers.empty());
    program.say("{\"reply_to\":\"other\"}\n{\"reply_to\":\"m1\",\"result\":7}\n");
    ASSERT_TRUE(eventually([&] { return !answers.empty(); }));
    EXPECT_EQ(answers.at(0)->status, "delivered");
    EXPECT_EQ((*answers.at(0)->reply)["result"], 7);
    EXPECT_EQ(statuses("message_received"), (Texts{"delivered", "delivered"}));
}

TEST_F(CourierTest, LengthPrefixedIsKnownByItsFirstByte) {
    const std::string id = running("old");
    start();
    Program program{path(id)};
    using namespace std::string_literals;
    program.say("\0\0\0\7{\"a\":1}"s);
    ASSERT_TRUE(eventually([&] { return statuses("message_received").size() == 1; }));
    send(id, {{"message_id", "m"}});
    ASSERT_TRUE(eventually([&] { return program.heard().size() >= 4; }));
    EXPECT_EQ(program.heard(), "\0\0\0\x12{\"message_id\":\"m\"}"s);
}

TEST_F(CourierTest, NothingIsWrittenBeforeTheFramingIsKnown) {
    const std::string id = running("silent");
    start();
    Program program{path(id)};
    ASSERT_TRUE(eventually([&] { return courier->connected(id); }));
    send(id, {{"message_id", "m"}});
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0)->status, "queued");
    EXPECT_EQ(program.heard(), "");
    ASSERT_TRUE(eventually([&] { return !program.heard().empty(); })) << "then lines";
    EXPECT_EQ(program.heard(), "{\"message_id\":\"m\"}\n");
    EXPECT_EQ(statuses("message_sent"), (Texts{"queued", "sent"}));
}

TEST_F(CourierTest, NobodyThereIsSaidAtOnceAndTold) {
    const std::string id = running("deaf");
    start();
    send(id, {{"a", 1}});
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0).error().type, ErrorType::socket_connection_error);
    EXPECT_NE(answers.at(0).error().message.find("has not connected"), std::string::npos);
    stopped(id);
    send(id, {{"a", 1}});
    EXPECT_NE(answers.at(1).error().message.find("it is stopped"), std::string::npos);
    ASSERT_EQ(logged().size(), 1u) << "one told in a second is enough";
    EXPECT_EQ(logged().at(0).type, "container_unreachable");
    send("unknown", {{"a", 1}});
    EXPECT_EQ(answers.at(2).error().type, ErrorType::container_not_found);
}

TEST_F(CourierTest, WhileItIsStartedAnewMessagesWaitAndKeepTheirOrder) {
    const std::string id = running("again");
    start();
    {
        Program before{path(id)};
        before.say("\n");
        ASSERT_TRUE(eventually([&] { return courier->connected(id); }));
    }
    ASSERT_TRUE(eventually([&] { return !courier->connected(id); }));
    store.row(id).status.started_at = store.moment.now;
    send(id, {{"message_id", "m1"}});
    send(id, {{"message_id", "m2"}}, true);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0)->status, "queued");
    Program after{path(id)};
    after.say("\n");
    ASSERT_TRUE(eventually([&] { return after.heard().find("m2") != std::string::npos; }));
    EXPECT_LT(after.heard().find("m1"), after.heard().find("m2"));
}

TEST_F(CourierTest, AProcessThatIsAboutToBeEndedGetsNothingMore) {
    const std::string id = running("again");
    start();
    Program before{path(id)};
    ASSERT_TRUE(speaks_lines(before, id));
    store.row(id).run_wanted = store.row(id).restart_run = 2;
    courier->look(id);
    send(id, {{"message_id", "m1"}});
    EXPECT_EQ(answers.at(0)->status, "queued");
    EXPECT_EQ(before.heard(), "");
    before.end();
    ASSERT_TRUE(eventually([&] { return !courier->connected(id); }));
    store.row(id).status.run_started = 2;
    courier->look(id);
    Program after{path(id)};
    after.say("\n");
    ASSERT_TRUE(eventually([&] { return !after.heard().empty(); }));
}

TEST_F(CourierTest, WhoDoesNotComeBackInTimeIsGivenUp) {
    const std::string id = running("gone");
    start();
    store.row(id).status.started_at = store.moment.now;
    send(id, {{"message_id", "m1"}}, true);
    EXPECT_TRUE(answers.empty());
    pass(std::chrono::seconds{31});
    ASSERT_TRUE(eventually([&] { return !answers.empty() && statuses("message_sent").size() == 2; }));
    EXPECT_TRUE(answers.at(0).has_error());
    EXPECT_EQ(statuses("message_sent"), (Texts{"queued", "expired"}));
}

TEST_F(CourierTest, AReplyThatDoesNotComeIsATimeout) {
    const std::string id = running("mute");
    start();
    Program program{path(id)};
    ASSERT_TRUE(speaks_lines(program, id));
    send(id, {{"message_id", "m1"}}, true);
    ASSERT_TRUE(eventually([&] { return !program.heard().empty(); }));
    pass(std::chrono::seconds{31});
    ASSERT_TRUE(eventually([&] { return !answers.empty(); }));
    EXPECT_EQ(answers.at(0).error().type, ErrorType::socket_timeout_error);
    program.say("{\"reply_to\":\"m1\"}\n");
    ASSERT_TRUE(eventually([&] { return statuses("message_received").size() == 1; })) << "told all the same";
    EXPECT_EQ(answers.size(), 1u);
}

TEST_F(CourierTest, TheHostsClockThatIsSetNeitherEndsNorProlongsWhatWaitsInMemory) {
    const std::string mute = running("mute");
    const std::string away = running("away");
    start();
    Program program{path(mute)};
    ASSERT_TRUE(speaks_lines(program, mute));
    store.row(away).status.started_at = store.moment.now;
    const auto waits = [&] {
        answers.clear();
        told.clear();
        send(mute, {{"message_id", "asked"}}, true);
        send(away, {{"message_id", "held"}}, true);
    };
    const auto looked_at = [&] {        // several times, by each of the timers
        io.restart();
        io.run_for(std::chrono::milliseconds{500});
    };
    waits();
    store.moment.now += std::chrono::hours{1};
    looked_at();
    EXPECT_TRUE(answers.empty());
    EXPECT_EQ(statuses("message_sent"), (Texts{"sent", "queued"})) << "nothing has expired";
    store.moment.now -= std::chrono::hours{2};
    pass(std::chrono::seconds{31});
    ASSERT_TRUE(eventually([&] { return answers.size() == 2 && statuses("message_sent").size() == 3; }));
    EXPECT_EQ(statuses("message_sent"), (Texts{"sent", "queued", "expired"}));
}

TEST_F(CourierTest, AClockThatWasSetBackMakesNobodyWaitLonger) {
    const std::string id = running("away");
    start();
    store.row(id).status.started_at = store.moment.now + std::chrono::hours{1};
    send(id, {{"message_id", "m1"}}, true);
    EXPECT_TRUE(answers.empty());
    pass(std::chrono::seconds{6});
    ASSERT_TRUE(eventually([&] { return answers.size() == 1; }));
    EXPECT_EQ(answers.at(0).error().type, ErrorType::socket_connection_error);
}

TEST_F(CourierTest, AnIdInFlightIsNotTakenTwice) {
    const std::string id = running("echo");
    start();
    Program program{path(id)};
    ASSERT_TRUE(speaks_lines(program, id));
    send(id, {{"message_id", "m1"}}, true);
    send(id, {{"message_id", "m1"}}, true);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0).error().type, ErrorType::conflict_error);
    ASSERT_TRUE(eventually([&] { return !program.heard().empty(); }));
    program.say("{\"reply_to\":\"m1\"}\n");
    ASSERT_TRUE(eventually([&] { return answers.size() == 2; }));
    send(id, {{"message_id", "m1"}});
    ASSERT_TRUE(eventually([&] { return answers.size() == 3; }));
    EXPECT_EQ(answers.at(2)->status, "sent") << "it is free again";
}

TEST_F(CourierTest, WhatIsNoMessageIsToldAndTheNextOneIsRead) {
    const std::string id = running("babble");
    start();
    Program program{path(id)};
    program.say("not json\n[1]\n\xff\xfe\n{\"good\":1}\n");
    ASSERT_TRUE(eventually([&] { return statuses("message_received").size() == 1; }));
    ASSERT_EQ(logged().size(), 1u) << "of many within a second one is told";
    EXPECT_EQ(logged().at(0).type, "message_format_error");
    EXPECT_EQ(logged().at(0).payload["details"]["excerpt"], "not json");
}

TEST_F(CourierTest, BothSidesKeepToTheLongestMessage) {
    const std::string id = running("small", [](domain::Messaging& settings) { settings.max_message = 1024; });
    start();
    Program program{path(id)};
    program.say(std::string(3000, 'x') + "\n{\"good\":1}\n");
    ASSERT_TRUE(eventually([&] { return statuses("message_received").size() == 1; }));
    EXPECT_NE(logged().at(0).payload["message"].get<std::string>().find("longer than 1024"), std::string::npos);
    send(id, {{"data", std::string(2000, 'x')}});
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0).error().type, ErrorType::validation_error);
}

TEST_F(CourierTest, ASecondConnectionIsRefusedWhileTheFirstLives) {
    const std::string id = running("twice");
    start();
    Program first{path(id)};
    first.say("\n");
    ASSERT_TRUE(eventually([&] { return courier->connected(id); }));
    Program second{path(id)};
    ASSERT_TRUE(eventually([&] { return second.is_refused(); }));
    ASSERT_EQ(logged().size(), 1u);
    EXPECT_EQ(logged().at(0).type, "communication_error");
    send(id, {{"message_id", "m"}});
    ASSERT_TRUE(eventually([&] { return !first.heard().empty(); }));
}

TEST_F(CourierTest, WhoNeverReadsHasABoundedQueueAndHurtsNobody) {
    const std::string stuck = running("stuck");
    const std::string quick = running("quick");
    CourierConfig config;
    config.waiting.messages = 50;
    start(config);
    Program never_reads{path(stuck)};
    never_reads.say("\n");
    Program reads{path(quick)};
    reads.say("\n");
    ASSERT_TRUE(eventually([&] { return courier->connected(stuck) && courier->connected(quick); }));
    io.poll();
    const std::string big(100'000, 'x');
    for (int number = 0; number < 200; ++number) {
        send(stuck, {{"data", big}});
    }
    ASSERT_EQ(answers.size(), 200u);
    EXPECT_EQ(answers.back().error().type, ErrorType::rate_limited);
    send(quick, {{"message_id", "m"}});
    ASSERT_TRUE(eventually([&] { return !reads.heard().empty(); }));
}

TEST_F(CourierTest, ASocketFileThatSomebodyRemovedIsMadeAgain) {
    const std::string id = running("lost");
    start();
    std::filesystem::remove(path(id));
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path(id)); }));
    Program program{path(id)};
    EXPECT_TRUE(program.connected);
    EXPECT_EQ(logged().at(0).type, "communication_error");
    EXPECT_EQ(std::filesystem::status(path(id)).permissions() & std::filesystem::perms::all,
              static_cast<std::filesystem::perms>(0666));
}

TEST_F(CourierTest, WhenTheRowGoesWhoWaitsIsToldAndTheSocketIsClosed) {
    const std::string id = running("bye");
    start();
    Program program{path(id)};
    ASSERT_TRUE(speaks_lines(program, id));
    send(id, {{"message_id", "m"}}, true);
    ASSERT_TRUE(eventually([&] { return !program.heard().empty(); }));
    store.erase(id);
    courier->look(id);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_NE(answers.at(0).error().message.find("deleted before it answered"), std::string::npos);
    ASSERT_TRUE(eventually([&] { return program.is_refused(); }));
}

TEST_F(CourierTest, MessagingThatIsOffHasNoSocket) {
    const std::string id = running("off", [](domain::Messaging& settings) { settings.enabled = false; });
    start();
    EXPECT_FALSE(std::filesystem::exists(path(id)));
    send(id, {{"a", 1}});
    EXPECT_EQ(answers.at(0).error().type, ErrorType::validation_error);
}

TEST_F(CourierTest, ItsLastWordsAreHeardThoughItCannotBeWrittenToAnyMore) {
    const std::string id = running("ends");
    start();
    Program program{path(id)};
    ASSERT_TRUE(speaks_lines(program, id));
    send(id, {{"message_id", "m1"}}, true);
    ASSERT_TRUE(eventually([&] { return !program.heard().empty(); }));
    program.say("{\"reply_to\":\"m1\"}\n");
    program.end();
    send(id, {{"message_id", "m2"}});
    ASSERT_TRUE(eventually([&] { return !courier->connected(id); }));
    ASSERT_FALSE(answers.empty());
    EXPECT_EQ(answers.at(answers.size() == 2 ? 1 : 0)->status, "delivered");
}

TEST_F(CourierTest, AnIdIsTakenAsLongAsItsMessageWaits) {
    const std::string id = running("later", [](domain::Messaging& settings) {
        settings.durable = true;
        settings.queue_ttl = std::chrono::hours{1};
    });
    start();
    stopped(id);
    send(id, {{"message_id", "m1"}}, true);
    pass(std::chrono::seconds{31});
    ASSERT_TRUE(eventually([&] { return answers.size() == 1; }));
    EXPECT_EQ(answers.at(0).error().type, ErrorType::socket_timeout_error);
    send(id, {{"message_id", "m1"}});
    EXPECT_EQ(answers.at(1).error().type, ErrorType::conflict_error);
}

TEST_F(CourierTest, AfterTheStopNothingIsOpenedAgain) {
    const std::string id = running("down");
    start();
    courier->stop();
    courier->look(id);
    Program program{path(id)};
    EXPECT_FALSE(program.connected);
    send(id, {{"a", 1}});
    EXPECT_EQ(answers.at(0).error().type, ErrorType::system_error);
}

TEST_F(CourierTest, InAnUpdatesWindowTheSettingsAreThoseOfTheNewOne) {
    const std::string id = running("old");
    start();
    domain::Record& row = store.row(id);
    row.specs[2] = row.spec();
    row.specs[2].messaging.framing = domain::Framing::length_prefixed;
    row.generation = row.status.next_generation = 2;
    row.status.next_id = "next";
    row.status.periods.at(row.status.docker_id).open = false;
    courier->look(id);
    Program program{path(id)};
    using namespace std::string_literals;
    program.say("\0\0\0\2{}"s);
    ASSERT_TRUE(eventually([&] { return statuses("message_received").size() == 1; }));
}

TEST_F(CourierTest, WhoWaitsInABackoffForLongIsUnreachableAtOnce) {
    const std::string id = running("loops");
    start();
    domain::Record& row = store.row(id);
    row.status.periods.clear();
    row.status.backoff[domain::BackoffKind::run].next = store.moment.now + std::chrono::minutes{2};
    send(id, {{"a", 1}});
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0).error().type, ErrorType::socket_connection_error);
}

}  // namespace
}  // namespace flow::messaging::test
