// What containers say while the disk takes nothing: it waits, in order, and so does who says it.
#include "courier_fixture.hpp"

namespace flow::messaging::test {
namespace {

using domain::ErrorType;
using std::chrono::milliseconds;

class IntakeTest : public CourierTest {
protected:
    std::string durable(CourierConfig config = {}) {
        const std::string id = running("talks", [](domain::Messaging& settings) { settings.durable = true; });
        start(config);
        return id;
    }
    CourierConfig retried_soon() {
        CourierConfig config;
        config.intake.retry = milliseconds{5};
        config.intake.longest_retry = milliseconds{20};
        return config;
    }
    void disk_full() {
        messages.refusal.emplace();
        messages.refusal->type = ErrorType::system_error;
        messages.refusal->message = "disk full";
    }
    /// What the store has taken, in its order.
    std::vector<int> written() const {
        std::vector<int> numbers;
        for (const domain::EventDraft& event : messages.taken) {
            if (event.type == "message_received") {
                numbers.push_back(event.payload.at("message").at("n").get<int>());
            }
        }
        return numbers;
    }
    static std::string numbered(int first, int last) {
        std::string lines;
        for (int n = first; n <= last; ++n) {
            lines += "{\"n\":" + std::to_string(n) + "}\n";
        }
        return lines;
    }
    static std::vector<int> range(int first, int last) {
        std::vector<int> numbers;
        for (int n = first; n <= last; ++n) {
            numbers.push_back(n);
        }
        return numbers;
    }
    void run(milliseconds time) {
        io.restart();
        io.run_for(time);
    }
};

TEST_F(IntakeTest, NothingIsLostAndTheOrderIsKept) {
    const std::string id = durable(retried_soon());
    Program program{path(id)};
    disk_full();
    program.say(numbered(1, 3));
    ASSERT_TRUE(eventually([&] { return messages.puts >= 3; }));
    program.say(numbered(4, 2000));
    run(milliseconds{100});
    EXPECT_EQ(written(), std::vector<int>{});
    messages.refusal.reset();
    ASSERT_TRUE(eventually([&] { return written().size() == 2000; }));
    EXPECT_EQ(written(), range(1, 2000));
    program.say(numbered(2001, 2001));
    ASSERT_TRUE(eventually([&] { return written().size() == 2001; }));
}

TEST_F(IntakeTest, AFullDiskIsTriedSeldomHoweverManyWait) {
    std::vector<std::unique_ptr<Program>> programs;
    std::vector<std::string> ids;
    for (int n = 0; n < 20; ++n) {
        ids.push_back(running("c" + std::to_string(n), [](domain::Messaging& settings) { settings.durable = true; }));
    }
    start();
    disk_full();
    for (const std::string& id : ids) {
        programs.push_back(std::make_unique<Program>(path(id)));
        programs.back()->say(numbered(1, 500));
    }
    ASSERT_TRUE(eventually([&] { return messages.puts >= 20; }));
    const std::size_t before = messages.puts;
    run(milliseconds{900});
    EXPECT_LE(messages.puts, before + 1) << "one of them tries it for all, a second later";
    ASSERT_TRUE(eventually([&] { return messages.puts > before; }));
    messages.refusal.reset();
    ASSERT_TRUE(eventually([&] { return written().size() == 20 * 500; }));
}

TEST_F(IntakeTest, WhoFloodsIsNotReadFromWhileTheDiskIsBusy) {
    const std::string id = durable();
    Program program{path(id)};
    messages.holds = true;
    program.say(numbered(1, 5000));
    run(milliseconds{100});
    EXPECT_EQ(messages.puts, 1u) << "one transaction at a time";
    EXPECT_LT(messages.rows.size(), 5000u);
    messages.holds = false;
    messages.waiting.at(0)(domain::Result<void>{});
    ASSERT_TRUE(eventually([&] { return written().size() >= 4000; }));
}

TEST_F(IntakeTest, WhoAsksMeanwhileHearsWhyAndIsServedAsSoonAsItIsWritten) {
    const std::string id = durable();
    Program program{path(id)};
    ASSERT_TRUE(speaks_lines(program, id));
    send(id, {{"message_id", "m1"}}, true);
    ASSERT_TRUE(eventually([&] { return !program.heard().empty(); }));
    disk_full();
    program.say(numbered(1, 1));
    ASSERT_TRUE(eventually([&] { return answers.size() == 1; })) << "its reply would not be read";
    EXPECT_EQ(answers.at(0).error().message, "disk full");
    send(id, {{"message_id", "m2"}});
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_EQ(answers.at(1).error().message, "disk full");
    EXPECT_EQ(program.heard().find("m2"), std::string::npos);
    messages.refusal.reset();
    send(id, {{"message_id", "m3"}});
    ASSERT_TRUE(eventually([&] { return answers.size() == 3; })) << "that tries it at once";
    EXPECT_EQ(answers.at(2)->status, "sent");
    EXPECT_EQ(written(), range(1, 1));
}

TEST_F(IntakeTest, WhatADeletedContainerHadStillToSayIsToldAsLost) {
    const std::string id = durable(retried_soon());
    Program program{path(id)};
    disk_full();
    program.say(numbered(1, 1));
    ASSERT_TRUE(eventually([&] { return messages.puts >= 2; }));
    program.say(numbered(2, 2));
    program.end();
    store.row(id).deleted = true;
    store.row(id).status.cleanup.edit().volumes = "removing";
    courier->look(id);
    messages.refusal.reset();
    ASSERT_TRUE(eventually([&] { return messages.taken.size() == 2; }));
    EXPECT_EQ(written(), range(1, 1));
    EXPECT_EQ(messages.taken.at(1).type, "communication_error");
    EXPECT_EQ(messages.taken.at(1).container_id, id);
    EXPECT_EQ(messages.taken.at(1).payload.at("error_type"), "system_error");
}

TEST_F(IntakeTest, TheLastAttemptIsAtTheEnd) {
    const std::string id = durable();
    Program program{path(id)};
    messages.holds = true;
    program.say(numbered(1, 1));
    ASSERT_TRUE(eventually([&] { return messages.puts == 1; }));
    program.say(numbered(2, 3));
    run(milliseconds{20});
    courier->stop();
    EXPECT_EQ(messages.puts, 2u);
    EXPECT_EQ(messages.rows.size(), 3u);
    disk_full();
    for (const auto& done : messages.waiting) {
        done(*messages.refusal);
    }
    run(milliseconds{20});
    EXPECT_EQ(messages.puts, 2u) << "not again";
}

TEST_F(IntakeTest, TheNextConnectionWaitsForTheLastWordsOfTheOneBefore) {
    const std::string id = durable(retried_soon());
    auto first = std::make_unique<Program>(path(id));
    ASSERT_TRUE(speaks_lines(*first, id));
    disk_full();
    first->say(numbered(1, 1));
    ASSERT_TRUE(eventually([&] { return messages.puts >= 2; }));
    first->say(numbered(2, 1000));
    first->end();
    Program second{path(id)};
    second.say(numbered(1001, 1001));
    second.end();
    Program third{path(id)};
    third.say(numbered(1002, 1002));
    run(milliseconds{50});
    EXPECT_FALSE(third.is_refused());
    messages.refusal.reset();
    ASSERT_TRUE(eventually([&] { return written().size() == 1002; }));
    EXPECT_EQ(written(), range(1, 1002));
    EXPECT_TRUE(logged().empty()) << logged().at(0).type;
    send(id, {{"message_id", "m1"}});
    EXPECT_TRUE(eventually([&] { return third.heard().find("m1") != std::string::npos; }));
}

TEST_F(CourierTest, LastWordsThatAreStillUnreadAreNoSecondConnection) {
    const std::string id = running("quick");
    start();
    auto first = std::make_unique<Program>(path(id));
    ASSERT_TRUE(speaks_lines(*first, id));
    first->say("{\"last\":\"words\"}\n");
    first->end();
    Program second{path(id)};
    second.say("{\"first\":\"word\"}\n");
    ASSERT_TRUE(eventually([&] { return told.size() == 2; }));
    EXPECT_EQ(told.at(0)["message"]["last"], "words");
    EXPECT_EQ(told.at(1)["message"]["first"], "word");
    EXPECT_FALSE(second.is_refused());
    EXPECT_TRUE(logged().empty());
}

}  // namespace
}  // namespace flow::messaging::test
