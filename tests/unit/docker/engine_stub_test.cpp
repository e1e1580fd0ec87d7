// The engine client against an engine that hangs, is cut off, or answers in pieces.
#include <array>
#include <optional>
#include <vector>

#include "docker/engine_client.hpp"
#include "unit/docker/http_fixture.hpp"

namespace flow::docker::testing {
namespace {

using domain::EngineFailure;

class StubEngineTest : public HttpClientTest {
protected:
    EngineConfig config() const {
        EngineConfig out;
        out.socket_path = path_;
        out.manager = "m";
        out.deadlines.subscribe = std::chrono::milliseconds{200};
        out.deadlines.ping = std::chrono::milliseconds{200};
        out.deadlines.connect = std::chrono::milliseconds{200};
        return out;
    }
};

TEST_F(StubEngineTest, HungEngineIsToldInTime) {
    EngineConfig hung = config();
    hung.manager = "hang";
    EngineClient engine{loop_.executor(), hung};   // the stub answers none of these paths
    EXPECT_EQ(loop_.run(engine.ping()).error().engine, EngineFailure::unanswered);
    EXPECT_EQ(loop_.run(engine.connect()).error().engine, EngineFailure::unanswered);
    const auto stream = loop_.run(engine.subscribe({}));
    ASSERT_TRUE(stream.has_error());
    EXPECT_EQ(stream.error().engine, EngineFailure::away);
}

TEST_F(StubEngineTest, WithoutItsRuntimeNothingIsAsked) {
    EngineConfig without = config();
    without.runtime = "/no/such/flow-runtime";
    EngineClient engine{loop_.executor(), without};
    reconciler::CreateCall call;
    call.engine_name = "flow-web";
    call.spec.image = "busybox:1";
    call.spec.messaging.inject = true;
    const auto made = loop_.run(engine.create(call));
    ASSERT_TRUE(made.has_error());
    EXPECT_NE(made.error().message.find("cannot create container flow-web: messaging.inject mounts"),
              std::string::npos) << made.error().message;
    EXPECT_EQ(made.error().engine, EngineFailure::retryable);
    EXPECT_TRUE(server_.requests().empty());
}

std::string event_line(int exit_code) {
    return R"({"Type":"container","Action":"die","Actor":{"ID":"abc","Attributes":{"exitCode":")" +
           std::to_string(exit_code) + "\"}}}\n";
}

std::string chunked(const std::string& bytes) {
    std::array<char, 16> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    return size.data() + bytes + "\r\n";
}

TEST_F(StubEngineTest, EventsInPiecesAndTheEndOnce) {
    EngineClient engine{loop_.executor(), config()};
    std::vector<int> codes;
    std::vector<EngineFailure> ends;
    reconciler::EventSink sink;
    sink.on_event = [&codes](const domain::EngineEvent& event) {
        codes.push_back(event.exit_code);
    };
    sink.on_end = [&ends](const domain::Error& error) { ends.push_back(error.engine); };
    const auto stream = loop_.run(engine.subscribe(std::move(sink)));
    ASSERT_TRUE(stream.has_value()) << stream.error().message;
    const std::string two = event_line(1) + event_line(2);
    server_.send(chunked(two.substr(0, 30)) + chunked(two.substr(30, 60)) + chunked(two.substr(90)));
    ASSERT_TRUE(loop_.eventually([&codes] { return codes.size() == 2; }));
    EXPECT_EQ(codes, (std::vector<int>{1, 2}));
    EXPECT_TRUE(ends.empty());
    server_.end();
    ASSERT_TRUE(loop_.eventually([&ends] { return !ends.empty(); }));
    EXPECT_TRUE(ask("/echo").has_value());
    EXPECT_EQ(ends.size(), 1u);
}

TEST_F(StubEngineTest, EventsThatCameWithTheHeadersAreNotLost) {
    EngineClient engine{loop_.executor(), config()};
    std::vector<int> codes;
    std::unique_ptr<reconciler::EventStream> stream;
    bool before_answer = false;
    reconciler::EventSink sink;
    sink.on_event = [&](const domain::EngineEvent& event) {
        before_answer = before_answer || !stream;
        codes.push_back(event.exit_code);
    };
    sink.on_end = [](const domain::Error&) {};
    boost::asio::co_spawn(
        loop_.context(), engine.subscribe(std::move(sink)),
        [&stream](std::exception_ptr,
                  domain::Result<std::unique_ptr<reconciler::EventStream>> got) {
            stream = std::move(got.value());
        });
    ASSERT_TRUE(loop_.eventually([this] { return server_.holds(); }));
    server_.send(chunked(event_line(5)));
    ASSERT_TRUE(loop_.eventually([&codes] { return !codes.empty(); }));
    EXPECT_EQ(codes, std::vector<int>{5});
    EXPECT_FALSE(before_answer);
}

TEST_F(StubEngineTest, HangUpEndsAllAndRefusesMore) {
    EngineClient engine{loop_.executor(), config()};
    int failed = 0;
    boost::asio::co_spawn(loop_.context(), engine.start("abc"),
                          [&failed](std::exception_ptr,
                                    domain::Result<reconciler::StartAnswer> answer) {
                              failed += answer.has_error() ? 1 : 0;
                          });
    ASSERT_TRUE(loop_.eventually([this] { return !server_.requests().empty(); }));
    engine.hang_up();
    EXPECT_TRUE(loop_.eventually([&failed] { return failed == 1; }));
    EXPECT_TRUE(loop_.run(engine.ping()).has_error());
    EXPECT_TRUE(loop_.run(engine.subscribe({})).has_error());
    EXPECT_TRUE(loop_.run(engine.pull({"x", ""}, nullptr)).has_error());
}

TEST_F(StubEngineTest, CancelledPullEndsAtOnce) {
    EngineClient engine{loop_.executor(), config()};
    std::optional<domain::Error> error;
    boost::asio::co_spawn(loop_.context(), engine.pull({"busybox:1", ""}, nullptr),
                          [&error](std::exception_ptr, domain::Result<std::string> answer) {
                              error = answer.has_error() ? answer.error() : domain::Error{};
                          });
    ASSERT_TRUE(loop_.eventually([this] { return !server_.requests().empty(); }));
    EXPECT_NE(server_.requests()[0].find("/images/create?fromImage=busybox&tag=1"),
              std::string::npos);
    engine.cancel_pull("another");
    engine.cancel_pull("busybox:1");
    ASSERT_TRUE(loop_.eventually([&error] { return error.has_value(); }));
    EXPECT_EQ(error->details["cause"], "cancelled");
}

}  // namespace
}  // namespace flow::docker::testing
