// Pulls through the real engine from a registry of the test's own.
#include "docker/url_text.hpp"
#include "unit/docker/engine_fixture.hpp"
#include "unit/docker/stub_registry.hpp"

namespace flow::docker::testing {
namespace {

class EnginePullTest : public EngineTest {
protected:
    StubRegistry registry_{loop_.context(),
                           named(::testing::UnitTest::GetInstance()->current_test_info()->name())};

    domain::Error pull_fails(const std::string& image) {
        const auto pulled = loop_.run(engine_->pull({image, ""}, nullptr));
        EXPECT_TRUE(pulled.has_error());
        return pulled.has_error() ? pulled.error() : domain::Error{};
    }
};

TEST_F(EnginePullTest, ImageComesWithProgress) {
    const std::string image = registry_.image("ok");
    std::vector<domain::PullProgress> seen;
    const auto pulled = loop_.run(engine_->pull(
        {image, ""}, [&seen](const domain::PullProgress& progress) { seen.push_back(progress); }));
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.back().image, image);
    EXPECT_EQ(seen.back().layers, 1);
    reconciler::CreateCall call = call_for("pulled", "true");
    call.spec.image = image;
    const std::string id = created(call);
    EXPECT_TRUE(loop_.run(engine_->pull({image, ""}, nullptr)).has_value());   // here already
    EXPECT_TRUE(loop_.run(engine_->remove(id)).has_value());
    EXPECT_EQ(raw("DELETE", "/v1.41/images/" + percent_encoded(image)).status, 200);
}

TEST_F(EnginePullTest, CausesOfFailure) {
    domain::Error error = pull_fails(registry_.image("unknown"));
    EXPECT_EQ(error.type, domain::ErrorType::image_not_found);
    EXPECT_EQ(error.details.value("cause", ""), "not_found") << error.message;
    EXPECT_EQ(error.engine, domain::EngineFailure::no_such_image);
    error = pull_fails(registry_.image("denied"));
    EXPECT_EQ(error.type, domain::ErrorType::image_not_found);
    EXPECT_EQ(error.details.value("cause", ""), "unauthorized") << error.message;
    const std::string gone = registry_.image("ok");
    registry_.close();
    error = pull_fails(gone);
    EXPECT_EQ(error.type, domain::ErrorType::image_not_found);
    EXPECT_EQ(error.details.value("cause", ""), "registry_unreachable") << error.message;
}

TEST_F(EnginePullTest, BadNameIsRefused) {
    const domain::Error error = pull_fails("UPPER/case");
    EXPECT_NE(error.message.find("UPPER/case"), std::string::npos);
    EXPECT_EQ(error.engine, domain::EngineFailure::refused) << error.message;
}

TEST_F(EnginePullTest, NoProgressEndsIt) {
    EngineConfig hasty = config();
    hasty.deadlines.pull_idle = std::chrono::seconds{4};
    EngineClient client{loop_.executor(), hasty};
    const auto pulled = loop_.run(client.pull({registry_.image("slow"), ""}, nullptr));
    ASSERT_TRUE(pulled.has_error());
    EXPECT_NE(pulled.error().message.find("sent nothing for 4 s"), std::string::npos)
        << pulled.error().message;
    EXPECT_GE(registry_.requests_for("/slow/blobs/"), 1);
}

TEST_F(EnginePullTest, TakingTooLongEndsIt) {
    EngineConfig hasty = config();
    hasty.deadlines.pull = std::chrono::seconds{4};
    EngineClient client{loop_.executor(), hasty};
    const auto pulled = loop_.run(client.pull({registry_.image("slow"), ""}, nullptr));
    ASSERT_TRUE(pulled.has_error());
    EXPECT_NE(pulled.error().message.find("within 4 s"), std::string::npos) << pulled.error().message;
    EXPECT_GE(registry_.requests_for("/slow/blobs/"), 1);
}

TEST_F(EnginePullTest, CancelEndsItAndTheDownload) {
    std::optional<domain::Error> error;
    boost::asio::co_spawn(loop_.context(), engine_->pull({registry_.image("slow"), ""}, nullptr),
                          [&error](std::exception_ptr, domain::Result<std::string> answer) {
                              error = answer.has_error() ? answer.error() : domain::Error{};
                          });
    ASSERT_TRUE(loop_.eventually([this] { return registry_.requests_for("/slow/blobs/") > 0; }));
    engine_->cancel_pull(registry_.image("slow"));
    ASSERT_TRUE(loop_.eventually([&error] { return error.has_value(); }));
    EXPECT_EQ(error->details.value("cause", ""), "cancelled");
}

}  // namespace
}  // namespace flow::docker::testing
