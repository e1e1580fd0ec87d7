// Requests and frames with random faults in them: whatever comes, the server lives, other sessions are served, and
// nothing is left of who sent it. A failure prints the seed.
#include <gtest/gtest.h>

#include "unit/socketio/random_values.hpp"
#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

class WireGarbage : public ::testing::TestWithParam<unsigned> {
protected:
    WireGarbage() : random_(GetParam()), loop_(config(), mount_answering), witness_(loop_.port()) {
        join_main(witness_);
    }
    Config config() {
        Config made = Loopback::quick_config();
        made.logger = log_.logger();
        made.max_payload = 2'000;
        made.attachment_timeout = std::chrono::milliseconds(300);
        made.ping_interval = std::chrono::milliseconds(300);
        made.ping_timeout = std::chrono::milliseconds(2'000);
        return made;
    }
    void expect_witness_is_served() {
        witness_.send(R"(421["ask",1])");
        WireFrame frame = witness_.read_frame();
        while (frame.is(kTextFrame, "2")) {
            witness_.send("3");
            frame = witness_.read_frame();
        }
        EXPECT_TRUE(frame.is(kTextFrame, "431[1]")) << frame.data;
    }
    /// A request that is right but for its faults.
    std::string request(const std::string& sid) {
        switch (random_.below(5)) {
            case 0: return get_text(polling_target(sid));
            case 1: return post_text(polling_target(sid), packets());
            case 2: return upgrade_text(websocket_target(random_.chance(2) ? sid : ""));
            case 3: return "OPTIONS /socket.io/ HTTP/1.1\r\nHost: a\r\nOrigin: http://page\r\n\r\n";
            default:
                return "POST " + polling_target(sid) +
                       " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n40\x1e\r\n2\r\n3\x1e\r\n0\r\n\r\n";
        }
    }
    std::string packets() {
        const Message message = encode_packet(random_.packet());
        std::string body = "40\x1e" + *message.text;
        for (const Bytes& attachment : message.attachments) {
            body += '\x1e';
            append_binary_packet(body, *attachment);
        }
        return random_.chance(2) ? random_.mutated(body) : body;
    }
    std::string frames() {
        const Message message = encode_packet(random_.packet());
        std::string bytes = frame_bytes(kTextFrame, random_.chance(2) ? random_.mutated(*message.text) : *message.text);
        for (const Bytes& attachment : message.attachments) {
            bytes += frame_bytes(kBinaryFrame, *attachment);
        }
        return random_.chance(3) ? random_.mutated(bytes) : bytes;
    }

    RandomValues random_;
    LogLines log_;
    Loopback loop_;
    Wire witness_;
};

TEST_P(WireGarbage, InRequestsHarmsNobody) {
    for (int i = 0; i < 120; ++i) {
        Wire client(loop_.port());
        const std::string sid = open_polling(client);
        for (std::size_t left = random_.below(4); left > 0; --left) {
            client.write(random_.mutated(request(sid)));
        }
        if (i % 20 == 0) {
            expect_witness_is_served();
        }
    }
    expect_witness_is_served();
}

TEST_P(WireGarbage, InFramesHarmsNobody) {
    for (int i = 0; i < 120; ++i) {
        Wire socket(loop_.port());
        ASSERT_TRUE(open_wire(socket));
        if (random_.chance(2)) {
            socket.send("40");
        }
        for (std::size_t left = random_.below(5); left > 0; --left) {
            socket.write(frames());
        }
        if (i % 20 == 0) {
            expect_witness_is_served();
        }
    }
    expect_witness_is_served();
}

TEST_P(WireGarbage, LeavesNothingBehind) {
    for (int i = 0; i < 40; ++i) {
        Wire client(loop_.port());
        const std::string sid = open_polling(client);
        client.write(random_.mutated(request(sid)));
        Wire socket(loop_.port());
        ASSERT_TRUE(open_wire(socket));
        socket.write(frames() + frames());
    }
    EXPECT_TRUE(eventually([&] {
        expect_witness_is_served();
        std::size_t connections = 0;
        loop_.on_loop([&](Server& server) { connections = server.connection_count() + server.session_count(); });
        return connections == 2;
    })) << "only the witness is left";
}

INSTANTIATE_TEST_SUITE_P(Seeds, WireGarbage, ::testing::Range(1U, 7U));

}  // namespace
}  // namespace flow::socketio::testing
