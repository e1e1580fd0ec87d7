// Properties of the codecs over random packets: decode(encode(p)) is p, whatever the bytes the decoders stay within
// their limits, and what they take they can write again.
#include <gtest/gtest.h>

#include "api/socketio/engine_packet.hpp"
#include "unit/socketio/random_values.hpp"

namespace flow::socketio::testing {
namespace {

using Status = Decoder::Status;

class CodecProperties : public ::testing::TestWithParam<unsigned> {
protected:
    CodecProperties() : random_(GetParam()) {}
    RandomValues random_;
};

DecoderLimits wide_limits() {
    return DecoderLimits{128, 10'000, 1'000'000};
}

/// Feeds a message to the decoder: the text and then all attachments.
Status feed(Decoder& decoder, const Message& message) {
    Status status = decoder.feed_text(std::string_view(*message.text).substr(1));
    for (const Bytes& attachment : message.attachments) {
        EXPECT_EQ(status, Status::need_more);
        status = decoder.feed_binary(*attachment);
    }
    return status;
}

TEST_P(CodecProperties, ASocketPacketDecodesToItself) {
    Decoder decoder(wide_limits());
    for (int i = 0; i < 400; ++i) {
        const SocketPacket packet = random_.packet();
        const Message message = encode_packet(packet);
        ASSERT_EQ(feed(decoder, message), Status::packet) << *message.text << ": " << decoder.error();
        const SocketPacket back = decoder.take();
        EXPECT_EQ(back.type, packet.type) << *message.text;
        EXPECT_EQ(back.nsp, packet.nsp);
        EXPECT_EQ(back.id, packet.id);
        EXPECT_EQ(back.data, packet.data) << *message.text;
        EXPECT_FALSE(decoder.waiting());
        EXPECT_EQ(*encode_packet(back).text, *message.text) << "and is written as it was";
    }
}

TEST_P(CodecProperties, WhatCannotCarryBinaryIsWrittenWithoutAttachments) {
    for (int i = 0; i < 100; ++i) {
        SocketPacket packet;
        packet.type = random_.chance(2) ? SocketPacketType::connect : SocketPacketType::connect_error;
        packet.data = random_.object(3, true);
        (*packet.data)["bytes"] = Json::binary({1, 2, 3});
        const Message message = encode_packet(packet);
        EXPECT_TRUE(message.attachments.empty());
        Decoder decoder(wide_limits());
        EXPECT_EQ(feed(decoder, message), Status::packet) << *message.text;
    }
}

TEST_P(CodecProperties, APollingBodyReadsAsThePacketsInIt) {
    for (int i = 0; i < 200; ++i) {
        std::string body;
        std::vector<std::pair<std::string, bool>> packets;
        for (std::size_t left = 1 + random_.below(20); left > 0; --left) {
            body += body.empty() ? "" : std::string(1, kPacketSeparator);
            const bool binary = random_.chance(2);
            std::string data = binary ? random_.bytes(40) : random_.text(20);
            if (binary) {
                append_binary_packet(body, data);
            } else {
                body += "0123456"[random_.below(7)] + data;
            }
            packets.emplace_back(std::move(data), binary);
        }
        PayloadReader reader(body);
        for (const auto& [data, binary] : packets) {
            const auto packet = reader.next();
            ASSERT_TRUE(packet) << body;
            EXPECT_EQ(packet->data, data);
            EXPECT_EQ(packet->binary, binary);
        }
        EXPECT_FALSE(reader.next());
        EXPECT_FALSE(reader.failed());
    }
}

TEST_P(CodecProperties, Base64OfAnyBytesAndBytesOfAnyBase64) {
    for (int i = 0; i < 500; ++i) {
        const std::string bytes = random_.bytes(70);
        std::string text;
        append_base64(text, bytes);
        EXPECT_EQ(decode_base64(text), bytes);
        const std::string broken = random_.mutated(text);
        if (const auto decoded = decode_base64(broken)) {
            std::string again;
            append_base64(again, *decoded);
            EXPECT_EQ(decode_base64(again), decoded);
            EXPECT_LE(decoded->size(), broken.size());
            EXPECT_NE(broken.substr(0, broken.find('=')).size() % 4, 1U) << "a single letter is no byte: " << broken;
        }
    }
}

/// What the decoder may hold at most, seen from outside.
void feed_anything(Decoder& decoder, RandomValues& random, const DecoderLimits& limits) {
    const Message message = encode_packet(random.packet());
    std::size_t held = 0;
    Status status = decoder.feed_text(random.mutated(message.text->substr(1)));
    std::size_t count = 0;
    while (status == Status::need_more) {
        EXPECT_TRUE(decoder.waiting());
        EXPECT_LT(count++, limits.max_attachments);
        if (random.chance(20)) {
            EXPECT_EQ(decoder.feed_text("2[\"x\"]"), Status::error) << "a text packet where an attachment is due";
            return;
        }
        const std::string bytes = random.bytes(60);
        held += bytes.size();
        status = decoder.feed_binary(bytes);
        EXPECT_TRUE(held <= limits.max_attachment_bytes || status == Status::error);
    }
    EXPECT_FALSE(decoder.waiting());
    if (status == Status::error) {
        EXPECT_FALSE(decoder.error().empty());
        return;
    }
    const SocketPacket packet = decoder.take();
    EXPECT_LE(packet.id.value_or(0), kMaxAckId);
    EXPECT_FALSE(packet.nsp.empty());
    EXPECT_TRUE(packet.nsp.front() == '/' && packet.nsp.find(',') == std::string::npos);
    Decoder second(wide_limits());
    ASSERT_EQ(feed(second, encode_packet(packet)), Status::packet) << "what was taken can be written";
    EXPECT_EQ(second.take().data, packet.data);
}

TEST_P(CodecProperties, MutatedPacketsNeverBreakTheDecoderNorItsLimits) {
    const DecoderLimits limits{6, 5, 120};
    Decoder decoder(limits);
    for (int i = 0; i < 1'500; ++i) {
        feed_anything(decoder, random_, limits);
    }
    EXPECT_EQ(decoder.feed_text(R"(2["still fine"])"), Status::packet) << "errors leave nothing behind";
}

TEST_P(CodecProperties, AnyBytesAreSomePacketsOrAFailure) {
    for (int i = 0; i < 500; ++i) {
        std::string body = "4hello\x1e" "bAQIDBA==\x1e" "2\x1e" "4" + random_.text(10);
        body = random_.mutated(random_.mutated(body));
        PayloadReader reader(body);
        std::size_t packets = 0;
        std::size_t bytes = 0;
        while (const auto packet = reader.next()) {
            ++packets;
            bytes += packet->data.size();
            EXPECT_TRUE(!packet->binary || packet->type == PacketType::message);
        }
        EXPECT_LE(bytes + packets, body.size() + 1);
        EXPECT_FALSE(reader.next()) << "the end stays the end";
    }
}

TEST_P(CodecProperties, JsonTextIsReadAsItWasWritten) {
    for (int i = 0; i < 400; ++i) {
        const Json value = random_.json(6, false);
        const std::string text = dump_json(value);
        const auto back = parse_json(text, 7);
        ASSERT_TRUE(back) << text;
        EXPECT_EQ(*back, value);
        EXPECT_EQ(dump_json(*back), text);
        const TextShape shape = shape_of(text, 100);
        EXPECT_EQ(parse_json(text, shape.depth).has_value(), true);
        EXPECT_FALSE(shape.depth > 0 && parse_json(text, shape.depth - 1)) << "the limit is exact: " << text;
        const std::string broken = random_.mutated(text);
        if (const auto parsed = parse_json(broken, 7)) {
            EXPECT_TRUE(parse_json(dump_json(*parsed), 7)) << broken;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CodecProperties, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace flow::socketio::testing
