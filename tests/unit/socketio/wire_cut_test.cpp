// Bytes cut anywhere mean the same: requests, bodies in chunks, frames, fragments. The cuts come from a seeded
// generator; a failure prints the seed.
#include <gtest/gtest.h>

#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

class WireCut : public ::testing::TestWithParam<unsigned> {
protected:
    WireCut()
        : random_(GetParam()),
          loop_(Loopback::quick_config(), [this](Server& server) {
              mount_answering(server);
              echo_.mount(server);
          }) {}

    std::string chunked(const std::string& target, const std::string& body) {
        std::string text = "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
        std::string_view rest = body;
        while (!rest.empty()) {
            const std::size_t size = std::min<std::size_t>(rest.size(), 1 + random_() % 20);
            char head[24];
            std::snprintf(head, sizeof head, "%zx\r\n", size);
            text += head + std::string(rest.substr(0, size)) + "\r\n";
            rest.remove_prefix(size);
        }
        return text + "0\r\n\r\n";
    }
    /// A text or binary message as fragments of random size, with pings between them.
    std::string fragmented(unsigned first, std::string_view data) {
        std::string bytes;
        unsigned opcode = first & ~kFinBit;
        while (data.size() > 1) {
            const std::size_t size = random_() % data.size();
            bytes += frame_bytes(opcode, data.substr(0, size));
            if (random_() % 3 == 0) {
                bytes += frame_bytes(kPingFrame, "ping");
            }
            data.remove_prefix(size);
            opcode = 0;
        }
        return bytes + frame_bytes(opcode | kFinBit, data);
    }
    std::string letters(std::size_t most) {
        std::string text;
        for (std::size_t size = random_() % most; text.size() < size;) {
            text += "abc\xc3\xa4 {}[]\",:0123456789"[random_() % 3] + std::string("\xe2\x82\xac");
        }
        return text;
    }

    std::mt19937 random_;
    EchoSite echo_;
    Loopback loop_;
};

TEST_P(WireCut, RequestsOverOneConnection) {
    Wire client(loop_.port());
    const std::string sid = open_polling(client, kEcho);
    const std::string target = polling_target(sid, kEcho);
    for (int i = 0; i < 8; ++i) {
        const std::string body = "4" + letters(300) + "\x1e" "bAQIDBA==\x1e" "4" + letters(40);
        const std::string post = random_() % 2 == 0 ? post_text(target, body) : chunked(target, body);
        client.write_cut(post + get_text(target), random_, 1 + random_() % 90);
        EXPECT_EQ(client.read_answer().body, "ok");
        EXPECT_EQ(client.read_answer().body, body);
    }
}

TEST_P(WireCut, FramesAndFragmentsOverOneWebsocket) {
    Wire socket(loop_.port());
    socket.write_cut(upgrade_text(websocket_target("", kEcho)), random_, 30);
    ASSERT_EQ(socket.read_answer().status(), 101U);
    EXPECT_TRUE(socket.read_frame().data.starts_with("0{"));
    std::string bytes;
    std::vector<std::pair<unsigned, std::string>> expected;
    for (int i = 0; i < 20; ++i) {
        const unsigned kind = random_() % 2 == 0 ? kTextFrame : kBinaryFrame;
        const std::string text = (kind == kTextFrame ? "4" : "") + letters(200);
        bytes += random_() % 2 == 0 ? frame_bytes(kind, text) : fragmented(kind, text);
        expected.emplace_back(kind, text);
    }
    socket.write_cut(bytes, random_, 1 + random_() % 40);
    for (const auto& [kind, text] : expected) {
        WireFrame frame = socket.read_packet();
        while (frame.first == kPongFrame) {
            EXPECT_EQ(frame.data, "ping");
            frame = socket.read_packet();
        }
        EXPECT_EQ(frame.first, kind);
        EXPECT_EQ(frame.data, text);
    }
}

TEST_P(WireCut, APacketWithAttachments) {
    Wire socket(loop_.port());
    join_main(socket);
    const std::string first = letters(500);
    const std::string second = letters(500);
    const std::string args = R"({"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}])";
    socket.write_cut(fragmented(kTextFrame, R"(452-["x",)" + args) + fragmented(kBinaryFrame, first) +
                         fragmented(kBinaryFrame, second),
                     random_, 25);
    std::vector<WireFrame> frames;
    while (frames.size() < 3) {
        const WireFrame frame = socket.read_packet();
        ASSERT_FALSE(frame.ended);
        if (frame.first != kPongFrame) {
            frames.push_back(frame);
        }
    }
    EXPECT_TRUE(frames[0].is(kTextFrame, R"(452-["x-back",)" + args));
    EXPECT_TRUE(frames[1].is(kBinaryFrame, first));
    EXPECT_TRUE(frames[2].is(kBinaryFrame, second));
}

TEST_P(WireCut, ConnectionsThatEndAnywhere) {
    const std::string target = kEcho + "?EIO=4&transport=polling";
    const std::string frames = frame_bytes(kTextFrame, "4hello") + fragmented(kBinaryFrame, letters(100));
    for (int i = 0; i < 30; ++i) {
        Wire http(loop_.port());
        const std::string sid = open_polling(http, kEcho);
        const std::string request = chunked(polling_target(sid, kEcho), "4hello\x1e" "4world");
        Wire cut(loop_.port());
        cut.write(request.substr(0, random_() % request.size()));
        Wire handshake(loop_.port());
        const std::string upgrade = upgrade_text(websocket_target("", kEcho));
        handshake.write(upgrade.substr(0, random_() % upgrade.size()));
        Wire socket(loop_.port());
        EXPECT_TRUE(open_wire(socket, kEcho));
        socket.write(frames.substr(0, random_() % frames.size()));
    }
    Wire good(loop_.port());
    join_main(good);
    EXPECT_TRUE(eventually([&] {
        std::size_t connections = 0;
        loop_.on_loop([&](Server& server) { connections = server.connection_count(); });
        return connections == 1;
    }));
}

INSTANTIATE_TEST_SUITE_P(Seeds, WireCut, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace flow::socketio::testing
