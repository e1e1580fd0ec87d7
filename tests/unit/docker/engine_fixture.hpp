// A client of the real engine with an instance id of its own, its test image, and a clean-up of all
// it made. Containers, networks and volumes are called flowtest-<pid>-…; nothing else is touched.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "docker/engine_client.hpp"
#include "unit/docker/loop.hpp"

namespace flow::docker::testing {

inline constexpr const char* kImage = "flowtest-img:1";

class EngineTest : public ::testing::Test {
protected:
    static void SetUpTestSuite();
    void SetUp() override;
    void TearDown() override;

    /// "flowtest-<pid>-<name>".
    static std::string named(const std::string& name);
    static EngineConfig config();
    /// A create call of the test image; `shell` is run by sh -c.
    static reconciler::CreateCall call_for(const std::string& name, const std::string& shell);

    /// On a network of the test's own: the engine's default bridge may be missing on a test host.
    reconciler::CreateCall networked(const std::string& name, const std::string& shell);
    /// Created, or a failed test.
    std::string created(const reconciler::CreateCall& call);
    std::string running(const std::string& name, const std::string& shell);
    domain::Observed inspected(const std::string& docker_id);
    /// A request as someone else would send it, without the client; fails the test on an error of
    /// the transport.
    HttpResponse raw(const std::string& method, const std::string& target,
                     const std::string& body = "");

    Loop loop_;
    std::unique_ptr<HttpClient> http_;
    std::unique_ptr<EngineClient> engine_;
};

}  // namespace flow::docker::testing
