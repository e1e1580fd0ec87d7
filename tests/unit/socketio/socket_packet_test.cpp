#include "api/socketio/socket_packet.hpp"

#include <gtest/gtest.h>

namespace flow::socketio {
namespace {

using Status = Decoder::Status;

Decoder decoder() {
    return Decoder(DecoderLimits{128, 4, 1000});
}

std::string text_of(const SocketPacket& packet) {
    return *encode_packet(packet).text;
}

TEST(SocketPacket, EncodesEachTypeAsNodeDoes) {
    SocketPacket packet;
    packet.data = Json::parse(R"(["ev",1,"ü",{"b":null,"a":1.5}])");
    EXPECT_EQ(text_of(packet), R"(42["ev",1,"ü",{"b":null,"a":1.5}])");
    packet.nsp = "/custom";
    packet.id = 12;
    EXPECT_EQ(text_of(packet), R"(42/custom,12["ev",1,"ü",{"b":null,"a":1.5}])");
    packet.type = SocketPacketType::ack;
    packet.data = Json::array();
    EXPECT_EQ(text_of(packet), "43/custom,12[]");
    SocketPacket leave;
    leave.type = SocketPacketType::disconnect;
    leave.nsp = "/x";
    EXPECT_EQ(text_of(leave), "41/x,");
}

TEST(SocketPacket, PullsBinaryOutInOrder) {
    SocketPacket packet;
    packet.data = Json::array({"ev"});
    packet.data->push_back(Json::binary({1, 2}));
    packet.data->push_back(Json{{"deep", Json::binary({3})}});
    const Message message = encode_packet(packet);
    EXPECT_EQ(*message.text,
              R"(452-["ev",{"_placeholder":true,"num":0},{"deep":{"_placeholder":true,"num":1}}])");
    ASSERT_EQ(message.attachments.size(), 2U);
    EXPECT_EQ(*message.attachments[0], std::string("\x01\x02"));
    EXPECT_EQ(*message.attachments[1], std::string("\x03"));
}

TEST(SocketPacket, BadUtf8FromTheApplicationIsReplaced) {
    SocketPacket packet;
    packet.data = Json::array({"ev", "a\xff" "b"});
    EXPECT_EQ(text_of(packet), "42[\"ev\",\"a\xef\xbf\xbd" "b\"]");
}

TEST(Decoder, ReadsHeadersOfAllKinds) {
    Decoder decode = decoder();
    ASSERT_EQ(decode.feed_text("0"), Status::packet);
    EXPECT_EQ(decode.take().type, SocketPacketType::connect);
    ASSERT_EQ(decode.feed_text(R"(0/admin,{"token":"x"})"), Status::packet);
    SocketPacket packet = decode.take();
    EXPECT_EQ(packet.nsp, "/admin");
    EXPECT_EQ(packet.data->at("token"), "x");
    ASSERT_EQ(decode.feed_text("1/custom,"), Status::packet);
    EXPECT_EQ(decode.take().nsp, "/custom");
    ASSERT_EQ(decode.feed_text("1/custom"), Status::packet);
    EXPECT_EQ(decode.take().nsp, "/custom");
    ASSERT_EQ(decode.feed_text(R"(29007199254740991["ev"])"), Status::packet);
    EXPECT_EQ(decode.take().id, kMaxAckId);
    ASSERT_EQ(decode.feed_text(R"(3/a,7[1])"), Status::packet);
    packet = decode.take();
    EXPECT_EQ(packet.type, SocketPacketType::ack);
    EXPECT_EQ(packet.id, 7U);
}

TEST(Decoder, KeepsNumbersAndTheOrderOfKeys) {
    const std::string text =
        R"(2["ev",{"z":18446744073709551615,"a":-9223372036854775808,"m":9007199254740993}])";
    Decoder decode = decoder();
    ASSERT_EQ(decode.feed_text(text), Status::packet);
    EXPECT_EQ(text_of(decode.take()), "4" + text);
}

TEST(Decoder, PutsAttachmentsTogether) {
    Decoder decode = decoder();
    ASSERT_EQ(decode.feed_text(
                  R"(52-3["ev",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}])"),
              Status::need_more);
    EXPECT_TRUE(decode.waiting());
    ASSERT_EQ(decode.feed_binary("first"), Status::need_more);
    ASSERT_EQ(decode.feed_binary(std::string_view("\0x", 2)), Status::packet);
    const SocketPacket packet = decode.take();
    EXPECT_EQ(packet.type, SocketPacketType::event);
    EXPECT_EQ(packet.id, 3U);
    EXPECT_EQ(packet.data->at(1).get_binary().size(), 2U);
    EXPECT_EQ(packet.data->at(2).get_binary().size(), 5U);
    EXPECT_FALSE(decode.waiting());
}

TEST(Decoder, LeavesPlaceholdersOfTextPacketsAlone) {
    Decoder decode = decoder();
    ASSERT_EQ(decode.feed_text(R"(2["ev",{"_placeholder":true,"num":0}])"), Status::packet);
    EXPECT_TRUE(decode.take().data->at(1).is_object());
}

TEST(Decoder, RefusesMalformedPackets) {
    for (const std::string_view text : {
             "", "7", "abc", "2", "2{}", "2[]", "2abc[\"ev\"]", "2[\"ev\"", "2[\"ev\"]x", "2[{}]",
             "2[\"connect\"]", "2[\"disconnect\",1]", "0[1]", "0\"x\"", "1{}", "3[]", "31", "31{}",
             "29007199254740992[\"ev\"]", "299999999999999999999[\"ev\"]",
             "5[\"ev\"]", "5-[\"ev\"]", "55-[\"ev\"]", "599999999999999999999-[\"ev\"]",
             "2[\"ev\",\"\xff\"]", "2[\"ev\",\"\xc3\"]",
             "2[\"ev\",NaN]", "2/nsp[\"ev\"]",
         }) {
        Decoder decode = decoder();
        EXPECT_EQ(decode.feed_text(text), Status::error) << text;
        EXPECT_FALSE(decode.error().empty());
    }
}

TEST(Decoder, RefusesPlaceholdersThatFitNoAttachment) {
    for (const std::string_view text : {
             R"(51-["ev",{"_placeholder":true,"num":1}])",
             R"(51-["ev",{"_placeholder":true,"num":-1}])",
             R"(51-["ev",{"_placeholder":true,"num":"0"}])", R"(51-["ev",{"_placeholder":true}])",
             R"(51-["ev",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}])",
         }) {
        Decoder decode = decoder();
        ASSERT_EQ(decode.feed_text(text), Status::need_more) << text;
        EXPECT_EQ(decode.feed_binary("x"), Status::error) << text;
    }
}

TEST(Decoder, RefusesFramesOutOfOrderAndTooMuch) {
    Decoder stray = decoder();
    EXPECT_EQ(stray.feed_binary("x"), Status::error);
    Decoder text_instead = decoder();
    EXPECT_EQ(text_instead.feed_text("51-[\"ev\"]"), Status::need_more);
    EXPECT_EQ(text_instead.feed_text("2[\"ev\"]"), Status::error);
    Decoder large = decoder();
    EXPECT_EQ(large.feed_text("52-[\"ev\"]"), Status::need_more);
    EXPECT_EQ(large.feed_binary(std::string(600, 'x')), Status::need_more);
    EXPECT_EQ(large.feed_binary(std::string(600, 'x')), Status::error);
}

TEST(Decoder, BoundsTheDepthWithoutRecursion) {
    const auto nested = [](std::size_t depth) {
        return "2[\"ev\"," + std::string(depth, '[') + std::string(depth, ']') + "]";
    };
    Decoder decode = decoder();
    EXPECT_EQ(decode.feed_text(nested(100)), Status::packet);
    EXPECT_EQ(text_of(decode.take()), "4" + nested(100));
    EXPECT_EQ(decode.feed_text(nested(400'000)), Status::error);
    EXPECT_EQ(decode.feed_text("2[\"ev\"," + std::string(800'000, '[')), Status::error);
    std::string objects = "2[\"ev\",";
    for (int i = 0; i < 100'000; ++i) {
        objects += "{\"a\":";
    }
    EXPECT_EQ(decode.feed_text(objects), Status::error);
    EXPECT_EQ(decode.feed_text("2[\"ev\",\"" + std::string(1'000, '[') + "\"]"), Status::packet)
        << "brackets in a string are no nesting";
    EXPECT_EQ(decode.feed_text(R"(2["ev","\"[[[","\\"])"), Status::packet);
}

TEST(Decoder, BoundsTheMembersOfAnObject) {
    const auto object = [](int members) {
        std::string text = "2[\"ev\",{\"0\":0";
        for (int i = 1; i < members; ++i) {
            text += ",\"" + std::to_string(i) + "\":\":::\"";
        }
        return text + "}]";
    };
    Decoder decode = decoder();
    EXPECT_EQ(decode.feed_text(object(2'000)), Status::packet);
    decode.take();
    EXPECT_EQ(decode.feed_text(object(2'001)), Status::error);
}

}  // namespace
}  // namespace flow::socketio
