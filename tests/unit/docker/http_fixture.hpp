// A client of the HTTP stub, both on one loop. Owned by the test.
#pragma once

#include <unistd.h>

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "docker/http_client.hpp"
#include "unit/docker/loop.hpp"
#include "unit/docker/stub_server.hpp"

namespace flow::docker::testing {

class HttpClientTest : public ::testing::Test {
protected:
    std::string path_ = "/tmp/flow-http-" + std::to_string(getpid()) + ".sock";
    Loop loop_;
    StubServer server_{loop_.context(), path_};
    std::unique_ptr<HttpClient> client_ = std::make_unique<HttpClient>(loop_.executor(), path_);

    domain::Result<HttpResponse> ask(const std::string& target, const std::string& method = "GET",
                                     const std::string& body = "") {
        return loop_.run(client_->request(request(target, method, body)));
    }
    static HttpRequest request(const std::string& target, const std::string& method = "GET",
                               const std::string& body = "") {
        HttpRequest out;
        out.target = target;
        out.method = method;
        out.body = body;
        out.deadline = std::chrono::seconds{30};
        return out;
    }
};

}  // namespace flow::docker::testing
