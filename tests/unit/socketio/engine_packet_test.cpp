#include "api/socketio/engine_packet.hpp"

#include <gtest/gtest.h>

namespace flow::socketio {
namespace {

TEST(EnginePacket, DecodesTypesAndRefusesOthers) {
    const auto message = decode_packet("4hello");
    ASSERT_TRUE(message);
    EXPECT_EQ(message->type, PacketType::message);
    EXPECT_EQ(message->data, "hello");
    EXPECT_FALSE(message->binary);
    EXPECT_EQ(decode_packet("2probe")->type, PacketType::ping);
    EXPECT_FALSE(decode_packet(""));
    EXPECT_FALSE(decode_packet("7"));
    EXPECT_FALSE(decode_packet("abc"));
}

TEST(PayloadReader, WalksPacketsInOrder) {
    PayloadReader reader("4a\x1e" "bAQIDBA==\x1e" "3");
    EXPECT_EQ(reader.next()->data, "a");
    const auto binary = reader.next();
    ASSERT_TRUE(binary);
    EXPECT_TRUE(binary->binary);
    EXPECT_EQ(binary->data, std::string("\x01\x02\x03\x04"));
    EXPECT_EQ(reader.next()->type, PacketType::pong);
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.failed());
}

TEST(PayloadReader, TakesWhatLooksLikeTheOldBinaryFormForBase64) {
    PayloadReader reader("b4AEC");
    const auto packet = reader.next();
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->binary);
    EXPECT_EQ(packet->data, std::string("\xe0\x01\x02"));
}

TEST(PayloadReader, FailsAtTheFirstMalformedPacket) {
    for (const std::string_view body : {"", "4a\x1e", "\x1e" "4a", "4a\x1e\x1e" "4b",
                                        "x", "b!!!!", "bA"}) {
        PayloadReader reader(body);
        while (reader.next()) {
        }
        EXPECT_TRUE(reader.failed()) << body;
    }
}

TEST(Base64, RoundTripsEveryLengthAndByte) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        std::string text;
        append_base64(text, bytes);
        EXPECT_EQ(text.size() % 4, 0U);
        EXPECT_EQ(decode_base64(text), bytes);
        while (!text.empty() && text.back() == '=') {
            text.pop_back();
        }
        EXPECT_EQ(decode_base64(text), bytes) << "without padding";
        bytes.push_back(static_cast<char>(i * 7));
    }
    EXPECT_FALSE(decode_base64("AQ=A"));
    EXPECT_FALSE(decode_base64("A\xff=="));
}

}  // namespace
}  // namespace flow::socketio
