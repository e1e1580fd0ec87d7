// A whole session from the first request to the goodbye, as the protocol's text tells one, and the packets of its
// examples to the byte.
#include <gtest/gtest.h>

#include "api/socketio/socket_packet.hpp"
#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

/// Greets by an event after CONNECT's answer, and answers "tellme" with bytes.
Handlers sample_handlers(std::vector<std::string>& heard) {
    Handlers handlers;
    handlers.on_connect = [](const std::shared_ptr<Socket>& socket) {
        if (socket->nsp() == "/") {
            socket->emit("hey", "Jude");
        }
    };
    handlers.on_event = [&heard](const std::shared_ptr<Socket>&, const std::string& event, const Json&,
                                 const Ack& ack) {
        heard.push_back(event);
        if (ack) {
            ack(Json::binary({1, 2, 3}));
        }
    };
    return handlers;
}

TEST(WireSession, WhatIsBeingWrittenArrivesThoughTheClientSaysGoodbye) {
    constexpr std::size_t kBytes = 12'000'000;      // more than two kernels' buffers take
    std::shared_ptr<Socket> joined;
    Loopback loop(Loopback::quick_config(), [&joined](Server& server) {
        Handlers handlers;
        handlers.on_connect = [&joined](const std::shared_ptr<Socket>& socket) { joined = socket; };
        server.set_namespace("/", handlers);
    });
    Wire socket(loop.port());
    ASSERT_TRUE(open_wire(socket));
    socket.send("40");
    EXPECT_TRUE(socket.read_packet().data.starts_with("40{"));
    loop.on_loop([&](Server&) { joined->emit("x", std::string(kBytes, 'x')); });
    const auto let_it_work = [&loop] {
        for (int turn = 0; turn < 200; ++turn) {
            loop.on_loop([](Server&) {});
        }
    };
    let_it_work();
    socket.send_frame(kCloseFrame, "\x03\xe8");
    let_it_work();
    const WireFrame frame = socket.read_frame();
    EXPECT_FALSE(frame.ended);
    EXPECT_GT(frame.data.size(), kBytes);
    EXPECT_EQ(socket.read_frame().first, kCloseFrame);
    loop.on_loop([&](Server&) { joined.reset(); });
}

TEST(WireSession, FromTheOpenPacketToTheGoodbye) {
    std::vector<std::string> heard;
    Config config = Loopback::quick_config();
    config.ping_interval = std::chrono::milliseconds(400);
    Loopback loop(config, [&heard](Server& server) {
        server.set_namespace("/", sample_handlers(heard));
        server.set_namespace("/admin", sample_handlers(heard));
    });
    Wire http(loop.port());
    const std::string sid = open_polling(http);
    EXPECT_EQ(http.post(polling_target(sid) + "&t=N8hyd7H", "40").body, "ok");
    std::string got;
    while (got.find("Jude") == std::string::npos) {
        got += http.get(polling_target(sid)).body;
    }
    EXPECT_TRUE(got.starts_with(R"(40{"sid":")")) << got;
    EXPECT_NE(got.find(R"(42["hey","Jude"])"), std::string::npos) << got;
    EXPECT_EQ(http.post(polling_target(sid), "42[\"hello\"]\x1e" "42[\"world\"]",
                        "Content-Type: text/plain; charset=UTF-8\r\n").body, "ok");
    Wire socket(loop.port());
    take_over(socket, sid);
    socket.send(R"(42["hello"])");
    socket.send("40/admin,");
    EXPECT_TRUE(socket.read_packet().data.starts_with(R"(40/admin,{"sid":")"));
    socket.send(R"(42/admin,1["tellme"])");
    EXPECT_TRUE(socket.read_packet().is(kTextFrame, R"(461-/admin,1[{"_placeholder":true,"num":0}])"));
    EXPECT_TRUE(socket.read_packet().is(kBinaryFrame, "\x01\x02\x03"));
    socket.send("3");   // in case a ping came among the others, which were skipped
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, "2")) << "after a while without message";
    socket.send("3");
    socket.send("1");
    EXPECT_EQ(socket.read_close(), 1000U);
    EXPECT_TRUE(eventually([&] { return loop.sessions() == 0; }));
    loop.on_loop([&](Server&) {
        EXPECT_EQ(heard, (std::vector<std::string>{"hello", "world", "hello", "tellme"}));
    });
}

struct Example {
    std::string text;       ///< without the Engine.IO type
    SocketPacketType type;
    std::string nsp;
    std::optional<std::uint64_t> id;
    std::vector<std::string> attachments;
};

void expect_example(const Example& example) {
    Decoder decoder(DecoderLimits{});
    auto status = decoder.feed_text(example.text);
    for (const std::string& attachment : example.attachments) {
        EXPECT_EQ(status, Decoder::Status::need_more) << example.text;
        status = decoder.feed_binary(attachment);
    }
    ASSERT_EQ(status, Decoder::Status::packet) << example.text;
    const SocketPacket packet = decoder.take();
    EXPECT_EQ(packet.type, example.type) << example.text;
    EXPECT_EQ(packet.nsp, example.nsp) << example.text;
    EXPECT_EQ(packet.id, example.id) << example.text;
    const Message message = encode_packet(packet);
    EXPECT_EQ(*message.text, "4" + example.text) << "each is the payload of an Engine.IO message";
    ASSERT_EQ(message.attachments.size(), example.attachments.size());
    for (std::size_t i = 0; i < example.attachments.size(); ++i) {
        EXPECT_EQ(*message.attachments[i], example.attachments[i]);
    }
}

TEST(SocketPacketExamples, AreReadAndWrittenToTheByte) {
    const auto event = SocketPacketType::event;
    const auto ack = SocketPacketType::ack;
    const std::string first = R"({"_placeholder":true,"num":0})";
    const std::string second = R"({"_placeholder":true,"num":1})";
    const std::vector<Example> examples{
        {"0", SocketPacketType::connect, "/", {}, {}},
        {R"(0/admin,{"sid":"oSO0OpakMV_3jnilAAAA"})", SocketPacketType::connect, "/admin", {}, {}},
        {R"(4{"message":"Not authorized"})", SocketPacketType::connect_error, "/", {}, {}},
        {R"(2["foo"])", event, "/", {}, {}},
        {R"(2/admin,["bar"])", event, "/admin", {}, {}},
        {R"(51-["baz",)" + first + "]", event, "/", {}, {"\x01\x02\x03\x04"}},
        {R"(52-/admin,["baz",)" + first + "," + second + "]", event, "/admin", {}, {"\x01\x02", "\x03\x04"}},
        {R"(212["foo"])", event, "/", 12, {}},
        {R"(3/admin,13["bar"])", ack, "/admin", 13, {}},
        {"312[]", ack, "/", 12, {}},
        {R"(61-15["bar",)" + first + "]", ack, "/", 15, {"\x01\x02\x03\x04"}},
        {"1", SocketPacketType::disconnect, "/", {}, {}},
        {"1/admin,", SocketPacketType::disconnect, "/admin", {}, {}},
    };
    for (const Example& example : examples) {
        expect_example(example);
    }
}

}  // namespace
}  // namespace flow::socketio::testing
