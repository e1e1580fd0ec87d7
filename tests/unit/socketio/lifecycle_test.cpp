// Listening, closing, and coming and going many times.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>

#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {
namespace {

using boost::asio::ip::make_address;

TEST(Listen, APortInUseIsAnErrorAndNoException) {
    Loopback loop;
    boost::asio::io_context io;
    Server other(io, {});
    const auto taken = other.listen({make_address("127.0.0.1"), loop.port()});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error(), boost::asio::error::address_in_use);
    EXPECT_FALSE(other.listen({make_address("192.0.2.1"), 0})) << "an address that is not ours";
}

TEST(Listen, SeveralListenersAtOnce) {
    Loopback loop;
    std::uint16_t second = 0;
    loop.on_loop([&](Server& server) {
        second = *server.listen({make_address("127.0.0.1"), 0});
    });
    EXPECT_NE(second, loop.port());
    for (const std::uint16_t port : {loop.port(), second}) {
        HttpClient client(port);
        EXPECT_NE(open_session(client), "");
    }
}

class UnixSocket : public ::testing::Test {
protected:
    UnixSocket() {
        char pattern[] = "/tmp/socketio-test-XXXXXX";
        folder_ = ::mkdtemp(pattern);
        path_ = folder_ + "/s.sock";
    }
    ~UnixSocket() override {
        ::unlink(path_.c_str());
        ::rmdir(folder_.c_str());
    }

    std::string folder_;
    std::string path_;
};

TEST_F(UnixSocket, HasMode0600AndGoesWithTheServer) {
    {
        Loopback loop;
        loop.on_loop([&](Server& server) { EXPECT_TRUE(server.listen_unix(path_)); });
        struct stat info {};
        ASSERT_EQ(::stat(path_.c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777U, 0600U);
        boost::asio::io_context io;
        Server second(io, {});
        EXPECT_EQ(second.listen_unix(path_).error(), boost::asio::error::address_in_use);
    }
    struct stat info {};
    EXPECT_NE(::stat(path_.c_str(), &info), 0);
}

TEST_F(UnixSocket, AStaleFileIsReplacedAndOtherFilesAreNot) {
    boost::asio::io_context io;
    {
        boost::asio::local::stream_protocol::acceptor stale(io, path_);
    }
    {
        Server server(io, {});
        EXPECT_TRUE(server.listen_unix(path_));
    }
    Server server(io, {});
    EXPECT_FALSE(server.listen_unix("/etc/passwd"));
    EXPECT_FALSE(server.listen_unix("/tmp/" + std::string(200, 'x')));
    EXPECT_FALSE(server.listen_unix("/nowhere/at/all"));
}

TEST(Close, TellsAllClientsAndCallsBack) {
    std::vector<std::string> reasons;
    Loopback loop(Loopback::quick_config(), [&reasons](Server& server) {
        Handlers handlers;
        handlers.on_disconnect = [&reasons](const std::shared_ptr<Socket>& socket,
                                            const std::string& reason) {
            reasons.push_back(reason);
            socket->emit("into the void", 1);
        };
        server.set_namespace("/", handlers);
    });
    WsClient socket(loop.port());
    open_websocket(socket);
    socket.send("40");
    socket.read();
    HttpClient idle(loop.port());
    idle.get("/");
    HttpClient poller(loop.port());
    const std::string sid = open_session(poller);
    poller.write_raw("GET " + polling_target(sid) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // The server has seen the poll by the time it has answered a few requests that came later.
    HttpClient poster(loop.port());
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(poster.post(polling_target(sid), "3").status, 200U);
    }
    std::thread reader([&] { EXPECT_TRUE(socket.read().closed); });
    EXPECT_TRUE(loop.close());
    reader.join();
    EXPECT_EQ(poller.read_answer().body, "1");
    EXPECT_EQ(reasons, std::vector<std::string>{"server shutting down"});
    EXPECT_EQ(loop.sessions(), 0U);
    HttpClient late(loop.port());
    EXPECT_EQ(late.get("/").status, 0U);
}

TEST(Close, AClientBetweenTwoPollsFetchesWhatIsQueued) {
    std::shared_ptr<Socket> joined;
    bool closed = false;
    Loopback loop(Loopback::quick_config(), [&](Server& server) {
        Handlers handlers;
        handlers.on_connect = [&](const std::shared_ptr<Socket>& socket) { joined = socket; };
        server.set_namespace("/", handlers);
    });
    HttpClient poller(loop.port());
    const std::string sid = open_session(poller);
    EXPECT_EQ(poller.post(polling_target(sid), "40").status, 200U);
    EXPECT_TRUE(poll(poller, sid).starts_with("40{"));
    std::string expected;
    loop.on_loop([&](Server& server) {
        // More than one answer takes.
        for (int i = 0; i < 20; ++i) {
            joined->emit("n", i);
            expected += (expected.empty() ? "42[\"n\"," : "\x1e" "42[\"n\",") + std::to_string(i) + "]";
        }
        joined.reset();
        server.close([&closed] { closed = true; });
    });
    const HttpAnswer first = poller.get(polling_target(sid));
    EXPECT_EQ(first.status, 200U);
    const HttpAnswer second = poller.get(polling_target(sid));
    EXPECT_EQ(first.body + "\x1e" + second.body, expected + "\x1e" "1");
    EXPECT_TRUE(eventually([&] {
        bool over = false;
        loop.on_loop([&](Server&) { over = closed; });
        return over;
    }));
    EXPECT_EQ(loop.sessions(), 0U);
}

TEST(Close, DoesNotWaitForClientsThatDoNotAnswer) {
    Loopback loop;
    WsClient deaf(loop.port());
    open_websocket(deaf);
    HttpClient absent(loop.port());
    open_session(absent);
    EXPECT_TRUE(loop.close());
    EXPECT_EQ(loop.sessions(), 0U);
}

TEST(Lifecycle, TheServerMayGoWithClientsConnected) {
    std::unique_ptr<WsClient> socket;
    {
        Loopback loop(Loopback::quick_config(),
                      [](Server& server) { server.set_namespace("/", {}); });
        socket = std::make_unique<WsClient>(loop.port());
        open_websocket(*socket);
        socket->send("40");
        socket->read();
    }
    EXPECT_TRUE(socket->read().closed);
}

TEST(Lifecycle, ComingAndGoingLeavesNothingBehind) {
    Loopback loop(Loopback::quick_config(), [](Server& server) { server.set_namespace("/", {}); });
    for (int i = 0; i < 100; ++i) {
        WsClient socket(loop.port());
        open_websocket(socket);
        if (i % 3 == 0) {
            socket.send("40");
        } else if (i % 3 == 1) {
            socket.close();
        }
        HttpClient client(loop.port());
        const std::string sid = open_session(client);
        client.write_raw("GET " + polling_target(sid) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    const auto connections = [&] {
        std::size_t count = 0;
        loop.on_loop([&](Server& server) { count = server.connection_count(); });
        return count;
    };
    EXPECT_TRUE(eventually([&] { return connections() == 0; }));
    EXPECT_TRUE(eventually([&] { return loop.sessions() == 0; }));
}

}  // namespace
}  // namespace flow::socketio::testing
