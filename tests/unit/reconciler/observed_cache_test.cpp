#include "reconciler/observed_cache.hpp"

#include <gtest/gtest.h>

namespace flow::reconciler {
namespace {

using domain::EngineEvent;
using domain::Observed;
using domain::Time;
using std::chrono::seconds;
using Type = EngineEvent::Type;

Time at(int second) { return Time{seconds{second}}; }

Observed container(const std::string& docker_id, bool running, const std::string& row = "row") {
    Observed seen;
    seen.docker_id = docker_id;
    seen.container_id = row;
    seen.name = "flow-web";
    seen.running = running;
    return seen;
}

EngineEvent event(Type type, const std::string& docker_id, int second) {
    EngineEvent made;
    made.type = type;
    made.docker_id = docker_id;
    made.container_id = "row";
    made.time = at(second);
    return made;
}

TEST(ObservedCache, KeepsWhatItWasToldByRow) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    cache.put(container("d2", false, "other"), cache.version());
    EXPECT_EQ(cache.of("row").size(), 1u);
    EXPECT_TRUE(cache.of("row").at("d1").running);
    EXPECT_EQ(cache.container_ids(), (std::vector<std::string>{"other", "row"}));
    EXPECT_TRUE(cache.of("nobody").empty());
    EXPECT_EQ(cache.find("nothing"), nullptr);
}

TEST(ObservedCache, EventsChangeIt) {
    ObservedCache cache;
    cache.put(container("d1", false), cache.version());
    EXPECT_FALSE(cache.apply(event(Type::start, "d1", 1)));
    EXPECT_TRUE(cache.find("d1")->running);
    EXPECT_EQ(cache.find("d1")->started_at, at(1));
    cache.apply(event(Type::pause, "d1", 2));
    EXPECT_TRUE(cache.find("d1")->paused);
    EngineEvent die = event(Type::die, "d1", 3);
    die.exit_code = 7;
    cache.apply(die);
    EXPECT_FALSE(cache.find("d1")->running);
    EXPECT_FALSE(cache.find("d1")->paused);
    EXPECT_EQ(cache.find("d1")->exit_code, 7);
    EngineEvent rename = event(Type::rename, "d1", 4);
    rename.name = "mine";
    cache.apply(rename);
    EXPECT_EQ(cache.find("d1")->name, "mine");
    cache.apply(event(Type::destroy, "d1", 5));
    EXPECT_EQ(cache.find("d1"), nullptr);
    EXPECT_TRUE(cache.of("row").empty());
}

TEST(ObservedCache, ALateInspectDoesNotOverwriteAnEvent) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    const auto sent = cache.version();
    cache.apply(event(Type::die, "d1", 5));
    Observed late = container("d1", true);
    late.stop_signal = 3;
    cache.put(late, sent);
    EXPECT_FALSE(cache.find("d1")->running) << "the event came after the call was sent";
    EXPECT_EQ(cache.find("d1")->finished_at, at(5));
    EXPECT_EQ(cache.find("d1")->stop_signal, 3) << "what events do not tell is taken";
    cache.put(container("d1", true), cache.version());
    EXPECT_TRUE(cache.find("d1")->running) << "a newer answer counts";
}

TEST(ObservedCache, ALateInspectDoesNotUndoARename) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    const auto sent = cache.version();
    cache.renamed("d1", "flow-new");
    cache.put(container("d1", true), sent);
    EXPECT_EQ(cache.find("d1")->name, "flow-new");
}

TEST(ObservedCache, ErasedIdsStayGone) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    const auto sent = cache.version();
    cache.apply(event(Type::destroy, "d1", 1));
    cache.put(container("d1", true), sent);
    EXPECT_EQ(cache.find("d1"), nullptr);
    cache.replace_all({container("d1", true)}, {}, sent);
    EXPECT_EQ(cache.find("d1"), nullptr) << "a stale list";
    EXPECT_TRUE(cache.apply(event(Type::die, "d1", 2)));
    EXPECT_TRUE(cache.to_inspect("row").empty()) << "its late events ask for no look";
}

TEST(ObservedCache, AnUnknownContainerIsToBeInspectedUntilItIsKnown) {
    ObservedCache cache;
    EXPECT_TRUE(cache.apply(event(Type::create, "d1", 1)));
    EXPECT_EQ(cache.to_inspect("row"), std::vector<std::string>{"d1"});
    EXPECT_TRUE(cache.to_inspect("other").empty());
    EXPECT_TRUE(cache.of("row").empty());
    cache.put(container("d1", false), cache.version());
    EXPECT_TRUE(cache.to_inspect("row").empty());

    cache.apply(event(Type::create, "d2", 2));
    cache.apply(event(Type::destroy, "d2", 3));
    EXPECT_TRUE(cache.to_inspect("row").empty());
}

TEST(ObservedCache, AListSaysWhatIsGone) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    cache.put(container("d2", true), cache.version());
    cache.replace_all({container("d2", true), container("d3", false)}, {}, cache.version());
    EXPECT_EQ(cache.find("d1"), nullptr);
    EXPECT_NE(cache.find("d2"), nullptr);
    EXPECT_NE(cache.find("d3"), nullptr);
}

TEST(ObservedCache, AListThatWasSentBeforeAnEventRemovesNothingNewer) {
    ObservedCache cache;
    const auto sent = cache.version();
    cache.put(container("new", false), sent);
    cache.apply(event(Type::start, "new", 1));
    cache.replace_all({}, {}, sent);
    EXPECT_NE(cache.find("new"), nullptr);
}

TEST(ObservedCache, AgreesWithAListOfTheSame) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    EXPECT_TRUE(cache.agrees({container("d1", true)}, cache.version()));
    EXPECT_FALSE(cache.agrees({}, cache.version()));
    EXPECT_FALSE(cache.agrees({container("d1", false)}, cache.version()));
    EXPECT_FALSE(cache.agrees({container("d2", true)}, cache.version()));
    EXPECT_FALSE(cache.agrees({container("d1", true), container("d2", true)}, cache.version()));
    Observed renamed = container("d1", true);
    renamed.name = "mine";
    EXPECT_FALSE(cache.agrees({renamed}, cache.version()));
}

TEST(ObservedCache, ClearForgetsWhatIsThere) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    cache.apply(event(Type::create, "d2", 1));
    cache.clear();
    EXPECT_EQ(cache.find("d1"), nullptr);
    EXPECT_TRUE(cache.to_inspect("row").empty());
    cache.put(container("d1", true), cache.version());
    EXPECT_NE(cache.find("d1"), nullptr);
}

TEST(ObservedCache, RemembersALimitedNumberOfErasedIds) {
    ObservedCache cache;
    cache.put(container("oldest", true), cache.version());
    cache.erase("oldest");
    for (int i = 0; i < 4096; ++i) {
        cache.erase("d" + std::to_string(i));
    }
    cache.put(container("d4095", true), cache.version());
    EXPECT_EQ(cache.find("d4095"), nullptr);
    cache.put(container("oldest", true), cache.version());
    EXPECT_NE(cache.find("oldest"), nullptr) << "the oldest one was let go";
}

TEST(ObservedCache, WhatIsDoubtedNeedsAnAnswerToALaterQuestion) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    const std::uint64_t before = cache.version();
    cache.apply(event(Type::update, "d1", 1));
    EXPECT_EQ(cache.to_inspect("row"), std::vector<std::string>{"d1"});
    cache.put(container("d1", true), before);
    EXPECT_EQ(cache.to_inspect("row"), std::vector<std::string>{"d1"});
    cache.put(container("d1", true), cache.version());
    EXPECT_TRUE(cache.to_inspect("row").empty());
}

TEST(ObservedCache, WhatWasListedButNotInspectedIsNeitherGoneNorBelieved) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    cache.replace_all({}, {container("d1", true), container("d2", true)}, cache.version());
    EXPECT_NE(cache.find("d1"), nullptr);
    ASSERT_NE(cache.find("d2"), nullptr);
    EXPECT_TRUE(cache.agrees({container("d1", true), container("d2", true)}, cache.version())) << "the next list is no surprise";
    EXPECT_EQ(cache.to_inspect("row"), (std::vector<std::string>{"d1", "d2"}));
    cache.put(container("d2", false), cache.version());
    EXPECT_EQ(cache.to_inspect("row"), std::vector<std::string>{"d1"});
}

TEST(ObservedCache, AListSaysNothingOfWhatHasChangedSinceItWasAskedFor) {
    ObservedCache cache;
    cache.put(container("d1", true), cache.version());
    cache.put(container("d2", true), cache.version());
    const std::uint64_t asked = cache.version();
    cache.apply(event(Type::die, "d1", 2));
    cache.apply(event(Type::destroy, "d2", 2));
    cache.put(container("d3", true), cache.version());
    EXPECT_TRUE(cache.agrees({container("d1", true), container("d2", true)}, asked));
    EXPECT_FALSE(cache.agrees({container("d1", true), container("d2", true)}, cache.version()));
    EXPECT_FALSE(cache.agrees({container("d1", false)}, cache.version())) << "d3 is not in it";
}

TEST(ObservedCache, OtherNetworksInTheListAreDoubted) {
    ObservedCache cache;
    for (const char* docker_id : {"d1", "d2"}) {
        Observed seen = container(docker_id, true, std::string{"row-"} + docker_id);
        seen.networks = {"flow-net"};
        cache.put(seen, cache.version());
    }
    std::vector<Observed> listed{container("d1", true), container("d2", true), container("d3", true)};
    listed[0].networks = {"flow-net"};
    EXPECT_EQ(cache.doubt_networks(listed, cache.version()), std::vector<std::string>{"row-d2"});
    EXPECT_TRUE(cache.to_inspect("row-d1").empty());
    EXPECT_EQ(cache.to_inspect("row-d2"), std::vector<std::string>{"d2"});
}

}  // namespace
}  // namespace flow::reconciler
