#include "api/socketio/session_state.hpp"

#include <gtest/gtest.h>

namespace flow::socketio {
namespace {

using Step = TransportState::Step;
using Due = Heartbeat::Due;
constexpr TimePoint kStart{};

TimePoint at(int millis) {
    return kStart + Millis(millis);
}

TEST(Heartbeat, PingsAnIntervalAfterThePongAndGivesUpAfterTheTimeout) {
    Heartbeat heart(Millis(300), Millis(200), kStart);
    EXPECT_EQ(heart.next(), at(300));
    EXPECT_EQ(heart.check(at(299)), Due::nothing);
    EXPECT_EQ(heart.check(at(300)), Due::ping);
    EXPECT_EQ(heart.check(at(300)), Due::nothing) << "told once";
    heart.on_pong(at(350));
    EXPECT_EQ(heart.next(), at(650));
    EXPECT_EQ(heart.check(at(650)), Due::ping);
    EXPECT_EQ(heart.check(at(849)), Due::nothing);
    EXPECT_EQ(heart.check(at(850)), Due::timeout);
}

TEST(Heartbeat, ALateTimerDoesNotMoveTheLimitThoughAStandstillDoes) {
    Heartbeat late(Millis(300), Millis(200), kStart);
    EXPECT_EQ(late.check(at(315)), Due::ping);
    EXPECT_EQ(late.next(), at(500));
    Heartbeat asleep(Millis(300), Millis(200), kStart);
    EXPECT_EQ(asleep.check(at(5'000)), Due::ping);
    EXPECT_EQ(asleep.next(), at(5'180));
}

TEST(Heartbeat, AnyPacketCountsAsLifeButDoesNotPutOffThePing) {
    Heartbeat heart(Millis(300), Millis(200), kStart);
    heart.on_packet(at(100));
    EXPECT_EQ(heart.next(), at(300));
    EXPECT_EQ(heart.check(at(300)), Due::ping);
    heart.on_packet(at(400));
    EXPECT_EQ(heart.check(at(500)), Due::nothing);
    EXPECT_EQ(heart.check(at(600)), Due::timeout);
}

PacketView packet(PacketType type, std::string_view data = "") {
    return PacketView{type, data, false};
}

TEST(TransportState, ProbeThenUpgrade) {
    TransportState state(TransportKind::polling);
    EXPECT_TRUE(state.upgrade_begins());
    EXPECT_FALSE(state.upgrade_begins()) << "one at a time";
    EXPECT_FALSE(state.poll_gets_noop());
    EXPECT_EQ(state.on_candidate_packet(packet(PacketType::ping, "probe")), Step::answer_probe);
    EXPECT_TRUE(state.poll_gets_noop());
    EXPECT_EQ(state.on_candidate_packet(packet(PacketType::upgrade, "2")), Step::take_over);
    EXPECT_EQ(state.kind(), TransportKind::websocket);
    EXPECT_FALSE(state.upgrade_begins());
}

TEST(TransportState, UpgradeWithoutProbeAndOtherPackets) {
    TransportState direct(TransportKind::polling);
    ASSERT_TRUE(direct.upgrade_begins());
    EXPECT_EQ(direct.on_candidate_packet(packet(PacketType::upgrade)), Step::take_over);
    TransportState wrong(TransportKind::polling);
    ASSERT_TRUE(wrong.upgrade_begins());
    EXPECT_EQ(wrong.on_candidate_packet(packet(PacketType::message, "x")), Step::refuse);
    EXPECT_EQ(wrong.on_candidate_packet(packet(PacketType::ping)), Step::refuse);
    EXPECT_EQ(wrong.kind(), TransportKind::polling);
}

TEST(TransportState, AnAbandonedUpgradeLeavesPolling) {
    TransportState state(TransportKind::polling);
    ASSERT_TRUE(state.upgrade_begins());
    state.on_candidate_packet(packet(PacketType::ping, "probe"));
    state.upgrade_abandoned();
    EXPECT_FALSE(state.poll_gets_noop());
    EXPECT_TRUE(state.upgrade_begins()) << "and it may be tried again";
}

TEST(TransportState, OnePollAndOnePostAtATime) {
    TransportState state(TransportKind::polling);
    EXPECT_TRUE(state.poll_begins());
    EXPECT_TRUE(state.post_begins()) << "side by side";
    EXPECT_FALSE(state.poll_begins());
    EXPECT_FALSE(state.post_begins());
    state.poll_ends();
    state.post_ends();
    EXPECT_TRUE(state.poll_begins());
    EXPECT_TRUE(state.post_begins());
}

Message message(std::size_t size, bool droppable = false) {
    Message made = text_message(std::string(size, 'x'));
    made.droppable = droppable;
    return made;
}

TEST(SendQueue, KeepsOrderAndCountsBytes) {
    SendQueue queue(10'000);
    EXPECT_TRUE(queue.push(message(10)));
    EXPECT_TRUE(queue.push(message(20)));
    EXPECT_EQ(queue.bytes(), message(10).cost() + message(20).cost());
    EXPECT_EQ(queue.pop()->text->size(), 10U);
    EXPECT_EQ(queue.pop()->text->size(), 20U);
    EXPECT_EQ(queue.bytes(), 0U);
    EXPECT_FALSE(queue.pop());
}

TEST(SendQueue, DropsVolatileOnesFirstAndThenRefuses) {
    SendQueue queue(3 * message(1'000).cost());
    EXPECT_TRUE(queue.push(message(1'000)));
    EXPECT_TRUE(queue.push(message(999, true)));
    EXPECT_TRUE(queue.push(message(998)));
    EXPECT_TRUE(queue.push(message(1'000))) << "takes the place of the volatile one";
    EXPECT_EQ(queue.dropped(), 1U);
    EXPECT_TRUE(queue.push(message(1'000, true))) << "dropped itself";
    EXPECT_EQ(queue.dropped(), 2U);
    EXPECT_FALSE(queue.push(message(1'000)));
    EXPECT_EQ(queue.pop()->text->size(), 1'000U);
    EXPECT_EQ(queue.pop()->text->size(), 998U);
    EXPECT_EQ(queue.pop()->text->size(), 1'000U);
    EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, AFullQueueIsNotMovedForEachMessageThatIsDropped) {
    constexpr std::size_t kFit = 1'000;
    SendQueue queue(kFit * message(10).cost());
    EXPECT_TRUE(queue.push(message(10)));
    for (std::size_t i = 1; i < kFit; ++i) {
        EXPECT_TRUE(queue.push(message(10, true)));
    }
    const Message* place = &queue.front();
    std::size_t moved = 0;
    for (std::size_t i = 0; i < 10 * kFit; ++i) {
        EXPECT_TRUE(queue.push(message(10, true)));
        moved += &queue.front() == place ? 0 : 1;
        place = &queue.front();
    }
    EXPECT_LT(moved, 100U);
    EXPECT_EQ(queue.dropped(), 10 * kFit);
    EXPECT_EQ(queue.bytes(), kFit * message(10).cost());
}

TEST(SendQueue, ControlPacketsOvertakeAllThatWaits) {
    SendQueue queue(1'000'000);
    queue.push_control(message(1));
    for (std::size_t size = 10; size < 14; ++size) {
        EXPECT_TRUE(queue.push(message(size, size % 2 == 0)));
    }
    EXPECT_EQ(queue.pop()->text->size(), 1U);
    EXPECT_EQ(queue.pop()->text->size(), 10U);
    queue.push_control(message(2));
    EXPECT_EQ(queue.bytes(), message(2).cost() + message(11).cost() + message(12).cost() + message(13).cost());
    EXPECT_EQ(queue.pop()->text->size(), 2U);
    queue.trim_droppable(0);
    EXPECT_EQ(queue.pop()->text->size(), 11U);
    EXPECT_EQ(queue.pop()->text->size(), 13U) << "12 was dropped, though a control packet had moved it";
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.bytes(), 0U);
}

TEST(SendQueue, OfDroppableOnesTheNewestStay) {
    SendQueue queue(1'000'000);
    EXPECT_TRUE(queue.push(message(1'000)));
    for (std::size_t size = 100; size < 110; ++size) {
        EXPECT_TRUE(queue.push(message(size, true)));
    }
    const std::size_t last_two = message(108).cost() + message(109).cost();
    queue.trim_droppable(last_two);
    EXPECT_EQ(queue.droppable_bytes(), last_two);
    EXPECT_EQ(queue.dropped(), 8U);
    EXPECT_TRUE(queue.push(message(2'000)));
    EXPECT_TRUE(queue.push(message(50'000, true)));
    queue.trim_droppable(last_two);
    EXPECT_EQ(queue.dropped(), 10U);
    EXPECT_EQ(queue.bytes() - queue.droppable_bytes(), message(1'000).cost() + message(2'000).cost());
    EXPECT_EQ(queue.pop()->text->size(), 1'000U);
    EXPECT_EQ(queue.pop()->text->size(), 2'000U);
    EXPECT_EQ(queue.pop()->text->size(), 50'000U) << "one is kept however large it is";
    EXPECT_EQ(queue.droppable_bytes(), 0U);
}

TEST(SendQueue, AnEmptyQueueTakesOneMessageOfAnySize) {
    SendQueue queue(1'000);
    EXPECT_TRUE(queue.push(message(50'000)));
    EXPECT_FALSE(queue.push(message(1)));
    queue.push_control(message(1));
    EXPECT_EQ(queue.pop()->text->size(), 1U);
    EXPECT_EQ(queue.pop()->text->size(), 50'000U);
}

}  // namespace
}  // namespace flow::socketio
