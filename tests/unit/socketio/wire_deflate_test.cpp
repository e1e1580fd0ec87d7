// permessage-deflate: off unless asked for, only for messages worth it, both ways, and no way around the limits.
#include <gtest/gtest.h>

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

#include "unit/socketio/wire.hpp"

namespace flow::socketio::testing {
namespace {

namespace zlib = boost::beast::zlib;

const std::string kOffer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

/// One direction of one connection.
class Deflater {
public:
    Deflater() { stream_.reset(6, 15, 8, zlib::Strategy::normal); }
    std::string operator()(const std::string& text) {
        std::string out(text.size() + 1'000, '\0');
        zlib::z_params step;
        step.next_in = text.data();
        step.avail_in = text.size();
        step.next_out = out.data();
        step.avail_out = out.size();
        boost::beast::error_code error;
        stream_.write(step, zlib::Flush::sync, error);
        EXPECT_FALSE(error) << error.message();
        out.resize(out.size() - step.avail_out - 4);
        return out;
    }

private:
    zlib::deflate_stream stream_;
};

class Inflater {
public:
    Inflater() { stream_.reset(15); }
    std::string operator()(std::string bytes) {
        bytes += std::string("\x00\x00\xff\xff", 4);
        std::string out(4'000'000, '\0');
        zlib::z_params step;
        step.next_in = bytes.data();
        step.avail_in = bytes.size();
        step.next_out = out.data();
        step.avail_out = out.size();
        boost::beast::error_code error;
        stream_.write(step, zlib::Flush::sync, error);
        EXPECT_TRUE(!error || error == zlib::error::need_buffers) << error.message();
        out.resize(out.size() - step.avail_out);
        return out;
    }

private:
    zlib::inflate_stream stream_;
};

class WireDeflate : public ::testing::Test {
protected:
    WireDeflate() : loop_(config(), [this](Server& server) { echo_.mount(server); }), socket_(loop_.port()) {}
    Config config() {
        Config made = Loopback::quick_config();
        made.deflate = true;
        made.logger = log_.logger();
        return made;
    }
    bool open() {
        const bool upgraded = socket_.upgrade(websocket_target("", kEcho), kOffer);
        EXPECT_NE(socket_.head.find("permessage-deflate"), std::string::npos) << socket_.head;
        const WireFrame frame = socket_.read_frame();
        EXPECT_EQ(frame.first, kTextFrame) << "the open packet is below the threshold";
        return upgraded;
    }
    void send_deflated(const std::string& text) {
        socket_.send_frame(kTextFrame | kDeflatedBit, deflate_(text));
    }

    LogLines log_;
    EchoSite echo_;
    Loopback loop_;
    Wire socket_;
    Deflater deflate_;
    Inflater inflate_;
};

TEST(WireDeflateOff, IsTheDefaultWhateverTheClientOffers) {
    EchoSite echo;
    Loopback loop(Loopback::quick_config(), [&](Server& server) { echo.mount(server); });
    Wire socket(loop.port());
    ASSERT_TRUE(socket.upgrade(websocket_target("", kEcho), kOffer));
    EXPECT_EQ(socket.head.find("permessage-deflate"), std::string::npos) << socket.head;
    socket.read_frame();
    const std::string large = "4" + std::string(100'000, 'y');
    socket.send(large);
    EXPECT_TRUE(socket.read_frame().is(kTextFrame, large));
}

TEST_F(WireDeflate, MessagesFromTheThresholdOnAreDeflated) {
    ASSERT_TRUE(open());
    const std::string below = "4" + std::string(1'022, 'y');
    socket_.send(below);
    EXPECT_TRUE(socket_.read_frame().is(kTextFrame, below)) << "1,023 bytes go as they are";
    const std::string at = "4" + std::string(1'023, 'y');
    socket_.send(at);
    const WireFrame frame = socket_.read_frame();
    EXPECT_EQ(frame.first, kTextFrame | kDeflatedBit);
    EXPECT_LT(frame.data.size(), 100U);
    EXPECT_EQ(inflate_(frame.data), at);
}

TEST_F(WireDeflate, WhatTheClientDeflatesIsUnderstood) {
    ASSERT_TRUE(open());
    std::mt19937 random(7);
    for (int i = 0; i < 20; ++i) {
        std::string text = "4";
        for (std::size_t size = random() % 5'000; text.size() < size;) {
            text += std::to_string(random());
        }
        send_deflated(text);
        const WireFrame frame = socket_.read_frame();
        EXPECT_EQ(frame.first & kDeflatedBit ? inflate_(frame.data) : frame.data, text);
    }
    socket_.send("4plain between");
    EXPECT_TRUE(socket_.read_frame().is(kTextFrame, "4plain between"));
}

TEST_F(WireDeflate, WithoutAnOfferNothingIsDeflated) {
    ASSERT_TRUE(socket_.upgrade(websocket_target("", kEcho)));
    EXPECT_EQ(socket_.head.find("permessage-deflate"), std::string::npos);
    socket_.read_frame();
    const std::string large = "4" + std::string(10'000, 'y');
    socket_.send(large);
    EXPECT_TRUE(socket_.read_frame().is(kTextFrame, large));
}

TEST_F(WireDeflate, AMessageThatUnpacksAboveMaxPayloadIs1009) {
    ASSERT_TRUE(open());
    send_deflated("4" + std::string(3'000'000, 'y'));
    EXPECT_EQ(socket_.read_close(), 1009U);
    EXPECT_NE(log_.line_with({"websocket message too large", "client=" + socket_.name()}), "");
    EXPECT_TRUE(eventually([&] { return loop_.sessions() == 0; }));
}

TEST_F(WireDeflate, NonsenseInsteadOfDeflateEndsTheSessionOnly) {
    ASSERT_TRUE(open());
    socket_.send_frame(kTextFrame | kDeflatedBit, "\xff\xff\xff nonsense");
    socket_.read_close();
    EXPECT_TRUE(eventually([&] { return loop_.sessions() == 0; }));
    Wire next(loop_.port());
    EXPECT_TRUE(open_wire(next, kEcho));
}

}  // namespace
}  // namespace flow::socketio::testing
