// Too large, too deep, malformed: each ends the session that sent it, tells the operator who it was, and harms nobody
// else.
#include <gtest/gtest.h>

#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

using std::chrono::milliseconds;

class WireLimits : public ::testing::Test {
protected:
    explicit WireLimits(const std::function<void(Config&)>& change = [](Config&) {})
        : loop_(config(change), [this](Server& server) {
              mount_answering(server);
              echo_.mount(server);
          }),
          witness_(loop_.port()) {
        join_main(witness_);
    }
    ~WireLimits() override {
        witness_.send(R"(42["message",1])");
        EXPECT_TRUE(witness_.read_packet().is(kTextFrame, R"(42["message-back",1])"))
            << "a session that did nothing wrong";
        EXPECT_TRUE(eventually([&] { return loop_.sessions() == 1; })) << "and no other is left";
    }
    Config config(const std::function<void(Config&)>& change) {
        Config made = Loopback::quick_config();
        made.logger = log_.logger();
        change(made);
        return made;
    }
    /// Sends `messages` on a session of its own in "/", which must be closed for it. The close code.
    unsigned closed_for(const std::vector<std::string>& messages) {
        Wire socket(loop_.port());
        join_main(socket);
        for (const std::string& message : messages) {
            socket.send(message);
        }
        return socket.read_close();
    }
    /// The same as the body of a POST.
    unsigned status_of(const std::string& body) {
        Wire client(loop_.port());
        const std::string sid = open_polling(client);
        EXPECT_EQ(client.post(polling_target(sid), "40").body, "ok");
        const unsigned status = client.post(polling_target(sid), body).status();
        EXPECT_EQ(client.post(polling_target(sid), "3").status(), 400U) << "the session is gone";
        return status;
    }

    LogLines log_;
    EchoSite echo_;
    Loopback loop_;
    Wire witness_;
};

TEST_F(WireLimits, ABodyAboveMaxPayloadIs413AndNamedInTheLog) {
    Wire client(loop_.port());
    const std::string sid = open_polling(client, kEcho);
    const std::string target = polling_target(sid, kEcho);
    EXPECT_EQ(client.post(target, "4" + std::string(999'999, 'x')).body, "ok") << "exactly the limit";
    EXPECT_EQ(client.get(target).body.size(), 1'000'000U);
    const WireAnswer refused = client.post(target, "4" + std::string(1'000'000, 'x'));
    EXPECT_TRUE(refused.head.starts_with("HTTP/1.1 413 ")) << refused.head;
    EXPECT_NE(log_.line_with({"request body too large", "client=" + client.name(), "size=1000001", "limit=1000000"}),
              "");
    Wire again(loop_.port());
    EXPECT_EQ(again.post(target, "4small").body, "ok") << "the session goes on";
    EXPECT_EQ(again.post(target, "1").body, "ok");
}

TEST_F(WireLimits, AChunkedBodyAboveMaxPayloadIs413AndNamedInTheLog) {
    Wire opener(loop_.port());
    const std::string sid = open_polling(opener, kEcho);
    Wire client(loop_.port());
    client.write("POST " + polling_target(sid, kEcho) +
                 " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 11; ++i) {
        client.write("186a0\r\n" + std::string(100'000, '4') + "\r\n");
    }
    client.write("0\r\n\r\n");
    EXPECT_EQ(client.read_answer().status(), 413U);
    const std::string line = log_.line_with({"request body too large", "client=" + client.name(), "limit=1000000"});
    const std::size_t at = line.find("size=");
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(line.substr(at, line.find(' ', at) - at), "size=1000000+") << "what had come, and more was coming";
    EXPECT_EQ(opener.post(polling_target(sid, kEcho), "1").body, "ok");
}

TEST_F(WireLimits, AWebsocketMessageAboveMaxPayloadIs1009AndNamedInTheLog) {
    Wire socket(loop_.port());
    ASSERT_TRUE(open_wire(socket, kEcho));
    const std::string exact = "4" + std::string(999'999, 'x');
    socket.send(exact);
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, exact)) << "exactly the limit";
    socket.send(exact + "x");
    EXPECT_EQ(socket.read_close(), 1009U);
    const std::string line =
        log_.line_with({"websocket message too large", "client=" + socket.name(), "limit=1000000"});
    EXPECT_NE(line.find("size=1000001"), std::string::npos) << line;
}

TEST_F(WireLimits, SoIsOneOfManyFragments) {
    Wire socket(loop_.port());
    ASSERT_TRUE(open_wire(socket, kEcho));
    socket.send_frame(kTextFrame & ~kFinBit, "4" + std::string(99'999, 'x'));
    for (int i = 0; i < 10; ++i) {
        socket.send_frame(0, std::string(100'000, 'x'));
    }
    EXPECT_EQ(socket.read_close(), 1009U);
    const std::string line =
        log_.line_with({"websocket message too large", "client=" + socket.name(), "limit=1000000"});
    EXPECT_NE(line.find("size=1100000"), std::string::npos) << line;
}

TEST_F(WireLimits, AHugeLengthThatIsOnlyAnnouncedIsRefusedAtOnce) {
    for (const char top : {'\x00', '\x7f', '\xff'}) {
        Wire socket(loop_.port());
        ASSERT_TRUE(open_wire(socket, kEcho));
        const std::string key_and_one_byte("\x01\x02\x03\x04\x35", 5);
        socket.write(std::string("\x81\xff") + top + std::string(7, '\xff') + key_and_one_byte);
        EXPECT_EQ(socket.read_close(), 1009U);
    }
    Wire client(loop_.port());
    const std::string sid = open_polling(client, kEcho);
    client.write("POST " + polling_target(sid, kEcho) +
                 " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9223372036854775807\r\n\r\n");
    EXPECT_EQ(client.read_answer().status(), 413U);
    Wire last(loop_.port());
    EXPECT_EQ(last.post(polling_target(sid, kEcho), "1").body, "ok");
}

std::string repeated(const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

TEST_F(WireLimits, FourHundredThousandNestedBracketsEndTheSessionInEveryPlace) {
    const std::string arrays = std::string(400'000, '[') + std::string(400'000, ']');
    const std::string objects = repeated(R"({"":)", 100'000) + "0" + std::string(100'000, '}');
    for (const std::string& nested : {arrays, std::string(800'000, '['), objects, std::string(400'000, '{')}) {
        for (const std::string& message :
             {R"(42["x",)" + nested + "]", "42" + nested, "431" + nested, "40" + nested, "40/custom," + nested,
              R"(451-["x",{"_placeholder":true,"num":0},)" + nested + "]", "44" + nested}) {
            EXPECT_NE(closed_for({message}), 0U) << message.substr(0, 40);
        }
        EXPECT_EQ(status_of(R"(42["x",)" + nested + "]"), 400U);
    }
}

TEST_F(WireLimits, AHundredLevelsWork) {
    Wire socket(loop_.port());
    join_main(socket);
    const std::string arrays = std::string(100, '[') + std::string(100, ']');
    const std::string objects = repeated(R"({"a":)", 100) + "1" + std::string(100, '}');
    for (const std::string& nested : {arrays, objects}) {
        socket.send(R"(42["message",)" + nested + "]");
        EXPECT_TRUE(socket.read_packet().is(kTextFrame, R"(42["message-back",)" + nested + "]"));
    }
    socket.send("41");
    socket.send_frame(kCloseFrame, "\x03\xe8");
    EXPECT_EQ(socket.read_close(), 1000U);
}

TEST_F(WireLimits, BadUtf8EndsTheSession) {
    for (const std::string bad : {"\xff", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf"}) {
        EXPECT_EQ(closed_for({"42[\"x\",\"" + bad + "\"]"}), 1007U) << "a text frame is UTF-8";
        EXPECT_EQ(status_of("42[\"x\",\"" + bad + "\"]"), 400U);
        EXPECT_EQ(status_of("42[\"" + bad + "\"]"), 400U);
    }
}

TEST_F(WireLimits, MalformedPacketsEndTheSessionAndAreNamedInTheLog) {
    for (const std::string text :
         {"4", "48", "42", "42{}", "42[]", "42[{}]", "42[null]", "42[\"x\"", "42[\"x\"]]", "42\"x\"", "43[]",
          "431", "431{}", "4-1[\"x\"]", "42-1[\"x\"]", "42/custom[\"x\"]", "40[]", "41{}", "42[\"connect\"]",
          "42[\"disconnect\"]", "429007199254740992[\"x\"]", "42[\"x\",1e]", "42[\"x\",01]", "42['x']"}) {
        EXPECT_NE(closed_for({text}), 0U) << text;
    }
    Wire socket(loop_.port());
    join_main(socket);
    socket.send("42{}");
    EXPECT_NE(socket.read_close(), 0U);
    EXPECT_NE(log_.line_with({"malformed packet", "client=" + socket.name(), "why="}), "");
}

TEST_F(WireLimits, PlaceholdersOutOfRangeEndTheSession) {
    for (const std::string num : {"1", "-1", "1e3", "0.5", "null", "\"0\"", "18446744073709551615",
                                  "99999999999999999999999"}) {
        Wire socket(loop_.port());
        join_main(socket);
        socket.send(R"(451-["x",{"_placeholder":true,"num":)" + num + "}]");
        socket.send_frame(kBinaryFrame, "bytes");
        EXPECT_NE(socket.read_close(), 0U) << num;
    }
}

TEST_F(WireLimits, AttachmentsAreCountedBeforeTheyCome) {
    std::string args = R"("x")";
    for (int i = 0; i < 65; ++i) {
        args += R"(,{"_placeholder":true,"num":)" + std::to_string(i) + "}";
    }
    EXPECT_NE(closed_for({"4565-[" + args + "]"}), 0U) << "64 is the limit";
    EXPECT_NE(closed_for({"4599999999999999999999-[\"x\"]"}), 0U);
    Wire socket(loop_.port());
    join_main(socket);
    const std::string fits = args.substr(0, args.rfind(','));
    const std::string last = fits.substr(0, fits.rfind(",{"));
    socket.send("4564-1[" + last + "]");
    for (int i = 0; i < 64; ++i) {
        socket.send_frame(kBinaryFrame, std::string(1, static_cast<char>(i)));
    }
    EXPECT_TRUE(socket.read_packet().data.starts_with("4664-1["));
    socket.send_frame(kCloseFrame, "\x03\xe8");
    EXPECT_EQ(socket.read_close(), 1000U);
}

TEST_F(WireLimits, AttachmentsTogetherAreBoundedByMaxPayload) {
    Wire socket(loop_.port());
    join_main(socket);
    socket.send(R"(453-["x",{"_placeholder":true,"num":0}])");
    socket.send_frame(kBinaryFrame, std::string(600'000, 'a'));
    socket.send_frame(kBinaryFrame, std::string(600'000, 'b'));
    EXPECT_NE(socket.read_close(), 0U);
    EXPECT_NE(log_.line_with({"malformed packet", "client=" + socket.name(), "attachments are too large"}), "");
}

TEST_F(WireLimits, AnAttachmentWithoutItsPacketOrTheOtherWayRoundEndsTheSession) {
    EXPECT_NE(closed_for({R"(451-["x",{"_placeholder":true,"num":0}])", R"(42["y"])"}), 0U);
    Wire socket(loop_.port());
    join_main(socket);
    socket.send_frame(kBinaryFrame, "stray");
    EXPECT_NE(socket.read_close(), 0U);
    EXPECT_EQ(status_of("bAQID"), 400U);
}

class WireAttachments : public WireLimits {
protected:
    WireAttachments() : WireLimits([](Config& config) { config.attachment_timeout = milliseconds(60); }) {}
};

TEST_F(WireAttachments, ThatNeverComeEndTheSession) {
    const std::string header = R"(452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";
    EXPECT_NE(closed_for({header}), 0U);
    Wire half(loop_.port());
    join_main(half);
    half.send(header);
    half.send_frame(kBinaryFrame, "one of two");
    EXPECT_NE(half.read_close(), 0U);
    Wire client(loop_.port());
    const std::string sid = open_polling(client);
    EXPECT_EQ(client.post(polling_target(sid), "40\x1e" + header).body, "ok");
    EXPECT_TRUE(eventually([&] { return client.post(polling_target(sid), "3").status() == 400U; }));
}

TEST_F(WireAttachments, ThatComeInTimeAreNoReasonToEnd) {
    Wire socket(loop_.port());
    join_main(socket);
    socket.send(R"(451-7["x",{"_placeholder":true,"num":0}])");
    socket.send_frame(kBinaryFrame, "");
    EXPECT_TRUE(socket.read_packet().is(kTextFrame, R"(461-7[{"_placeholder":true,"num":0}])"));
    EXPECT_TRUE(socket.read_packet().is(kBinaryFrame, ""));
    const auto end = std::chrono::steady_clock::now() + milliseconds(120);
    while (std::chrono::steady_clock::now() < end) {
        socket.send(R"(421["y"])");
        EXPECT_TRUE(socket.read_packet().is(kTextFrame, "431[]"));
    }
    socket.send_frame(kCloseFrame, "\x03\xe8");
    EXPECT_EQ(socket.read_close(), 1000U);
}

class WireSlow : public WireLimits {
protected:
    WireSlow() : WireLimits([](Config& config) { config.max_send_queue = 200'000; }) {}
};

TEST_F(WireSlow, AClientThatDoesNotPollIsClosedAtTheBoundWithAReason) {
    Wire client(loop_.port());
    const std::string sid = open_polling(client, kEcho);
    const std::string body = "4" + std::string(50'000, 'x');
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.post(polling_target(sid, kEcho), body).body, "ok") << "three wait";
    }
    EXPECT_EQ(client.get(polling_target(sid, kEcho)).body, body + "\x1e" + body + "\x1e" + body);
    Wire poster(loop_.port());
    const std::string flood = body + "\x1e" + body + "\x1e" + body + "\x1e" + body + "\x1e" + body;
    poster.post(polling_target(sid, kEcho), flood);
    EXPECT_NE(log_.line_with({"slow client closed", "client=" + client.name(), "limit=200000"}), "");
    EXPECT_TRUE(eventually([&] { return poster.get(polling_target(sid, kEcho)).status() == 400U; }));
}

TEST_F(WireSlow, AClientThatDoesNotReadItsWebsocketIsClosed) {
    Wire sleeper(loop_.port());
    ASSERT_TRUE(open_wire(sleeper, kEcho));
    const std::string frame = frame_bytes(kTextFrame, "4" + std::string(100'000, 'x'));
    EXPECT_TRUE(eventually([&] {
        sleeper.write(frame);
        return loop_.sessions() == 1;
    }));
    EXPECT_NE(log_.line_with({"slow client closed", "client=" + sleeper.name()}), "");
}

}  // namespace
}  // namespace flow::socketio::testing
