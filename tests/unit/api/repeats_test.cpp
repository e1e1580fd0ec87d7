// Messages under one request id: sent once, answered each time.
#include "api/repeats.hpp"

#include <gtest/gtest.h>

namespace flow::api {
namespace {

Repeats::Result reply(const std::string& text) {
    domain::Sent sent{"m", "delivered", domain::Json{{"text", text}}};
    return sent;
}

struct Heard {
    std::vector<Repeats::Result> answers;
    Repeats::Answer hear() {
        return [this](const Repeats::Result& result) { answers.push_back(result); };
    }
};

TEST(Repeats, WhoComesMeanwhileAndWhoComesLaterGetTheSameAnswer) {
    Repeats repeats;
    Heard heard;
    const Repeats::Key key{"ann", "r1"};
    EXPECT_EQ(repeats.begin(key, "digest", heard.hear()), Repeats::Begun::first);
    EXPECT_EQ(repeats.begin(key, "digest", heard.hear()), Repeats::Begun::again);
    EXPECT_EQ(repeats.begin(key, "other", heard.hear()), Repeats::Begun::other_payload);
    repeats.end(key, reply("hello"));
    EXPECT_EQ(repeats.begin(key, "digest", heard.hear()), Repeats::Begun::again);
    ASSERT_EQ(heard.answers.size(), 3u);
    EXPECT_EQ((*heard.answers.at(2)->reply)["text"], "hello");
}

TEST(Repeats, WhatNeverLeftMayBeTriedAgainAndAMissingReplyMayNot) {
    for (const bool left : {false, true}) {
        Repeats repeats;
        Heard heard;
        const Repeats::Key key{"ann", "r1"};
        repeats.begin(key, "digest", heard.hear());
        domain::Error error;
        error.type = left ? domain::ErrorType::socket_timeout_error : domain::ErrorType::rate_limited;
        repeats.end(key, error);
        EXPECT_EQ(repeats.begin(key, "digest", heard.hear()), left ? Repeats::Begun::again : Repeats::Begun::first);
    }
}

TEST(Repeats, TheOldestAreForgottenByNumberAndBySize) {
    Repeats repeats{2, 1000};
    Heard heard;
    const auto known = [&](const char* id) {
        return repeats.begin({"ann", id}, "digest", heard.hear()) == Repeats::Begun::again;
    };
    for (const char* id : {"a", "b", "c"}) {
        repeats.begin({"ann", id}, "digest", heard.hear());
        repeats.end({"ann", id}, reply("x"));
    }
    EXPECT_TRUE(known("b"));
    EXPECT_TRUE(known("c"));
    repeats.begin({"ann", "large"}, "digest", heard.hear());
    repeats.end({"ann", "large"}, reply(std::string(985, 'x')));
    EXPECT_FALSE(known("c")) << "its few bytes are too many beside the large one";
}

}  // namespace
}  // namespace flow::api
