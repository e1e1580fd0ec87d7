// The HTTP client against a server that misbehaves.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>

#include "unit/docker/http_fixture.hpp"

namespace flow::docker::testing {
namespace {

using domain::EngineFailure;

TEST_F(HttpClientTest, MethodsBodiesAndHeaders) {
    EXPECT_EQ(ask("/echo?a=%20b")->body, "GET /echo?a=%20b|");
    EXPECT_EQ(ask("/echo", "POST", "{\"a\":1}")->body, "POST /echo|{\"a\":1}");
    EXPECT_NE(server_.requests().back().find("Content-Type: application/json"), std::string::npos);
    EXPECT_EQ(ask("/echo", "POST")->body, "POST /echo|");
    EXPECT_EQ(server_.requests().back().find("Content-Type"), std::string::npos);
    EXPECT_EQ(ask("/echo", "DELETE")->body, "DELETE /echo|");
    EXPECT_EQ(ask("/chunked")->body, "GET /chunked|");
    EXPECT_EQ(ask("/echo")->headers.at("api-version"), "1.41");
    EXPECT_EQ(ask("/status/404")->status, 404);
    EXPECT_EQ(ask("/status/404")->body, "{\"message\":\"said\"}");
    const std::string large(3 << 20, 'y');
    EXPECT_EQ(ask("/echo", "POST", large)->body, "POST /echo|" + std::to_string(large.size()));
}

TEST_F(HttpClientTest, ReadsShareAConnectionAndChangesDoNot) {
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(ask("/echo").has_value());
    }
    EXPECT_EQ(server_.connections(), 1);
    ASSERT_TRUE(ask("/echo", "POST").has_value());
    ASSERT_TRUE(ask("/echo", "DELETE").has_value());
    EXPECT_EQ(server_.connections(), 3);
}

TEST_F(HttpClientTest, ReadAfterTheServerClosedAnIdleConnection) {
    ASSERT_TRUE(ask("/echo").has_value());
    server_.close_idle();
    EXPECT_TRUE(ask("/echo").has_value());
    EXPECT_EQ(server_.connections(), 2);
}

TEST_F(HttpClientTest, ChangeIsNeverSentTwice) {
    ASSERT_TRUE(ask("/echo").has_value());
    const auto answer = ask("/reset", "POST", "{}");
    ASSERT_TRUE(answer.has_error());
    EXPECT_EQ(answer.error().engine, EngineFailure::unanswered);
    EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(HttpClientTest, HalfABodyIsUnanswered) {
    const auto answer = ask("/half");
    ASSERT_TRUE(answer.has_error());
    EXPECT_EQ(answer.error().engine, EngineFailure::unanswered);
    EXPECT_NE(answer.error().message.find("broke before its answer was complete"),
              std::string::npos);
}

TEST_F(HttpClientTest, NoAnswerInTimeSaysHowLongItWaited) {
    HttpRequest never = request("/never", "POST");
    never.deadline = std::chrono::milliseconds{150};
    const auto answer = loop_.run(client_->request(never));
    ASSERT_TRUE(answer.has_error());
    EXPECT_EQ(answer.error().engine, EngineFailure::unanswered);
    EXPECT_NE(answer.error().message.find("did not answer within 150 ms"), std::string::npos)
        << answer.error().message;
    EXPECT_TRUE(ask("/echo").has_value());
}

TEST_F(HttpClientTest, NothingForTheIdleLimitEndsIt) {
    HttpRequest held = request("/held");
    held.idle_limit = std::chrono::seconds{1};
    const auto answer = loop_.run(client_->request(held));
    ASSERT_TRUE(answer.has_error());
    EXPECT_NE(answer.error().message.find("sent nothing for 1 s"), std::string::npos)
        << answer.error().message;
}

TEST_F(HttpClientTest, TooLongABodyIsRefused) {
    HttpRequest endless = request("/endless");
    endless.max_body = 100'000;
    const auto answer = loop_.run(client_->request(endless));
    ASSERT_TRUE(answer.has_error());
    EXPECT_NE(answer.error().message.find("more than 100000 bytes"), std::string::npos);
}

TEST_F(HttpClientTest, NoSocketIsAway) {
    HttpClient nowhere{loop_.executor(), "/tmp/flow-no-such.sock"};
    const auto answer = loop_.run(nowhere.request(request("/echo", "POST", "{}")));
    ASSERT_TRUE(answer.has_error());
    EXPECT_EQ(answer.error().engine, EngineFailure::away);
    EXPECT_NE(answer.error().message.find("/tmp/flow-no-such.sock"), std::string::npos);
    EXPECT_NE(answer.error().message.find("No such file or directory"), std::string::npos)
        << answer.error().message;
}

TEST_F(HttpClientTest, WithoutAFileForItTheEngineIsNotBlamed) {
    // The sanitizer looks at each type of object once, and needs files for that: first all of it with files.
    HttpClient nowhere{loop_.executor(), "/tmp/flow-no-such.sock"};
    ASSERT_FALSE(loop_.run(nowhere.request(request("/echo"))));
    ASSERT_TRUE(ask("/echo"));
    HttpClient fresh{loop_.executor(), path_};      // without a connection that it could use again
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(free);
    rlimit less = before;
    less.rlim_cur = static_cast<rlim_t>(free);
    ::setrlimit(RLIMIT_NOFILE, &less);
    const auto answer = loop_.run(fresh.request(request("/echo")));
    ::setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().engine, domain::EngineFailure::away);
    EXPECT_NE(answer.error().message.find("Too many open files"), std::string::npos) << answer.error().message;
    EXPECT_NE(answer.error().message.find("LimitNOFILE"), std::string::npos);
    EXPECT_EQ(answer.error().message.find("is it running"), std::string::npos);
}

TEST_F(HttpClientTest, SocketThatNobodyListensToIsAway) {
    const std::string dead = path_ + ".dead";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, dead.c_str(), sizeof(address.sun_path) - 1);
    unlink(dead.c_str());
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    HttpClient client{loop_.executor(), dead};
    const auto answer = loop_.run(client.request(request("/echo")));
    close(fd);
    unlink(dead.c_str());
    ASSERT_TRUE(answer.has_error());
    EXPECT_EQ(answer.error().engine, EngineFailure::away);
    EXPECT_NE(answer.error().message.find("Connection refused"), std::string::npos)
        << answer.error().message;
}

TEST_F(HttpClientTest, ManyAtOnce) {
    int done = 0;
    for (int i = 0; i < 200; ++i) {
        boost::asio::co_spawn(loop_.context(),
                              client_->request(request("/echo", i % 2 == 0 ? "GET" : "POST")),
                              [&done](std::exception_ptr, domain::Result<HttpResponse> answer) {
                                  done += answer.has_value() && answer->status == 200 ? 1 : 0;
                              });
    }
    EXPECT_TRUE(loop_.eventually([&done] { return done == 200; }));
}

TEST_F(HttpClientTest, CancelledRequestIsDropped) {
    boost::asio::cancellation_signal cancel;
    bool ended = false;
    boost::asio::co_spawn(
        loop_.context(), client_->request(request("/never")),
        boost::asio::bind_cancellation_slot(
            cancel.slot(), [&ended](std::exception_ptr, domain::Result<HttpResponse> answer) {
                ended = answer.has_error();
            }));
    ASSERT_TRUE(loop_.eventually([this] { return !server_.requests().empty(); }));
    cancel.emit(boost::asio::cancellation_type::terminal);
    EXPECT_TRUE(loop_.eventually([&ended] { return ended; }));
    EXPECT_TRUE(ask("/echo").has_value());
}

TEST_F(HttpClientTest, ClientMayDieWithRequestsInFlight) {
    int failed = 0;
    for (int i = 0; i < 3; ++i) {
        boost::asio::co_spawn(loop_.context(), client_->request(request("/never")),
                              [&failed](std::exception_ptr, domain::Result<HttpResponse> answer) {
                                  failed += answer.has_error() ? 1 : 0;
                              });
    }
    ASSERT_TRUE(loop_.eventually([this] { return server_.requests().size() == 3; }));
    client_.reset();
    EXPECT_TRUE(loop_.eventually([&failed] { return failed == 3; }));
}

TEST_F(HttpClientTest, FramesMayDieWithTheLoop) {
    // The loop is destroyed with a request waiting: its frame goes with it, after the client. ASan
    // watches.
    auto loop = std::make_unique<Loop>();
    auto client = std::make_unique<HttpClient>(loop->executor(), path_);
    boost::asio::co_spawn(loop->context(), client->request(request("/never")),
                          [](std::exception_ptr, const domain::Result<HttpResponse>&) {});
    loop->context().run_for(std::chrono::milliseconds{20});
    client.reset();
    loop.reset();
    EXPECT_TRUE(ask("/echo").has_value());
}

struct StreamLog {
    int status = 0;
    std::string text;
    int ends = 0;
    bool failed = false;

    HttpStreamSink sink() {
        HttpStreamSink out;
        out.on_headers = [this](const HttpResponse& response) { status = response.status; };
        out.on_chunk = [this](std::string_view bytes) { text += bytes; };
        out.on_end = [this](const std::optional<domain::Error>& error) {
            ++ends;
            failed = error.has_value();
        };
        return out;
    }
};

TEST_F(HttpClientTest, StreamTellsHeadersChunksAndEnd) {
    StreamLog log;
    const auto stream = client_->stream(request("/held"), log.sink());
    ASSERT_TRUE(loop_.eventually([&log] { return log.status == 200; }));
    EXPECT_EQ(log.text, "");
    server_.send("3\r\nabc\r\n");
    ASSERT_TRUE(loop_.eventually([&log] { return log.text == "abc"; }));
    server_.send("2\r\nde\r\n0\r\n\r\n");
    ASSERT_TRUE(loop_.eventually([&log] { return log.ends == 1; }));
    EXPECT_EQ(log.text, "abcde");
    EXPECT_FALSE(log.failed);
}

TEST_F(HttpClientTest, CutStreamEndsWithAnError) {
    StreamLog log;
    const auto stream = client_->stream(request("/held"), log.sink());
    ASSERT_TRUE(loop_.eventually([&log] { return log.status == 200; }));
    server_.send("3\r\nabc\r\n");
    server_.end();
    ASSERT_TRUE(loop_.eventually([&log] { return log.ends == 1; }));
    EXPECT_EQ(log.text, "abc");
    EXPECT_TRUE(log.failed);
}

TEST_F(HttpClientTest, StreamMayBeDestroyedFromItsOwnCallback) {
    for (const bool in_headers : {true, false}) {
        std::unique_ptr<HttpStream> stream;
        int calls = 0;
        HttpStreamSink sink;
        sink.on_headers = [&](const HttpResponse&) {
            ++calls;
            if (in_headers) {
                stream.reset();
            }
        };
        sink.on_chunk = [&](std::string_view) {
            ++calls;
            stream.reset();
        };
        sink.on_end = [](const std::optional<domain::Error>&) { FAIL(); };
        stream = client_->stream(request("/chunked"), std::move(sink));
        ASSERT_TRUE(loop_.eventually([&stream] { return stream == nullptr; }));
        EXPECT_EQ(calls, in_headers ? 1 : 2);
        EXPECT_TRUE(ask("/echo").has_value());
    }
}

TEST_F(HttpClientTest, ClientMayDieInACallback) {
    HttpStreamSink sink;
    sink.on_headers = [this](const HttpResponse&) { client_.reset(); };
    sink.on_chunk = [](std::string_view) { FAIL(); };
    sink.on_end = [](const std::optional<domain::Error>&) {};
    const auto stream = client_->stream(request("/held"), std::move(sink));
    EXPECT_TRUE(loop_.eventually([this] { return client_ == nullptr; }));
}

}  // namespace
}  // namespace flow::docker::testing
