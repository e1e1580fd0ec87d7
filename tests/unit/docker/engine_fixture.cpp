#include "unit/docker/engine_fixture.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "docker/json_read.hpp"
#include "docker/url_text.hpp"
#include "unit/docker/tar.hpp"

namespace flow::docker::testing {
namespace {

std::string socket_path() {
    const char* host = std::getenv("DOCKER_HOST");
    const auto path = parse_docker_host(host != nullptr ? host : "unix:///var/run/docker.sock");
    return path.has_value() ? *path : std::string{"/var/run/docker.sock"};
}

std::string image_context() {
    std::ifstream in{"/bin/busybox", std::ios::binary};
    const std::string busybox{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
    const std::string file =
        "FROM scratch\nCOPY busybox /bin/busybox\n"
        "RUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
        "VOLUME /image-volume\nCMD [\"sh\", \"-c\", \"sleep 1000\"]\n";
    std::string out = tar_entry("Dockerfile", file, "0000644") +
                      tar_entry("busybox", busybox, "0000755");
    out.append(1024, '\0');
    return out;
}

}  // namespace

EngineConfig EngineTest::config() {
    EngineConfig config;
    config.socket_path = socket_path();
    config.manager = "flowtest-" + std::to_string(getpid());
    return config;
}

std::string EngineTest::named(const std::string& name) {
    return "flowtest-" + std::to_string(getpid()) + "-" + name;
}

void EngineTest::SetUpTestSuite() {
    Loop loop;
    HttpClient http{loop.executor(), socket_path()};
    HttpRequest build;
    build.method = "POST";
    build.target = std::string{"/v1.41/build?t="} + kImage;
    build.body = image_context();
    build.content_type = "application/x-tar";
    const auto answer = loop.run(http.request(build));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    ASSERT_EQ(answer->status, 200) << answer->body;
    ASSERT_EQ(answer->body.find("errorDetail"), std::string::npos) << answer->body;
}

void EngineTest::SetUp() {
    http_ = std::make_unique<HttpClient>(loop_.executor(), socket_path());
    engine_ = std::make_unique<EngineClient>(loop_.executor(), config());
    const auto info = loop_.run(engine_->connect());
    ASSERT_TRUE(info.has_value()) << info.error().message;
}

void EngineTest::TearDown() {
    EngineJson filters;
    filters["label"].push_back("flow.manager=" + config().manager);
    const std::string query = filters_query(filters);
    for (const EngineJson& entry :
         parse_engine_json(raw("GET", "/v1.41/containers/json?all=1&" + query).body)) {
        raw("DELETE", "/v1.41/containers/" + text_of(entry, "Id") + "?force=1&v=1");
    }
    raw("POST", "/v1.41/networks/prune?" + query);
    raw("POST", "/v1.41/volumes/prune?" + query);
    engine_.reset();
    http_.reset();
}

reconciler::CreateCall EngineTest::call_for(const std::string& name, const std::string& shell) {
    reconciler::CreateCall call;
    call.engine_name = named(name);
    call.container_id = "0123456789ab";
    call.generation = 3;
    call.spec.name = name;
    call.spec.image = kImage;
    call.spec.networking.mode = "none";   // ten times faster than a bridge
    call.spec.command = std::vector<std::string>{"sh", "-c", shell};
    return call;
}

reconciler::CreateCall EngineTest::networked(const std::string& name, const std::string& shell) {
    const auto made = loop_.run(engine_->ensure_network(named("own")));
    EXPECT_TRUE(made.has_value()) << made.error().message;
    reconciler::CreateCall call = call_for(name, shell);
    call.spec.networking.mode.clear();
    call.spec.networking.networks = {named("own")};
    return call;
}

std::string EngineTest::created(const reconciler::CreateCall& call) {
    const auto id = loop_.run(engine_->create(call));
    EXPECT_TRUE(id.has_value()) << id.error().message;
    return id.has_value() ? *id : std::string{};
}

std::string EngineTest::running(const std::string& name, const std::string& shell) {
    const std::string id = created(call_for(name, shell));
    const auto started = loop_.run(engine_->start(id));
    EXPECT_TRUE(started.has_value()) << started.error().message;
    return id;
}

domain::Observed EngineTest::inspected(const std::string& docker_id) {
    const auto observed = loop_.run(engine_->inspect(docker_id));
    EXPECT_TRUE(observed.has_value()) << observed.error().message;
    return observed.has_value() ? *observed : domain::Observed{};
}

HttpResponse EngineTest::raw(const std::string& method, const std::string& target,
                             const std::string& body) {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    const auto answer = loop_.run(http_->request(request));
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer.has_value() ? *answer : HttpResponse{};
}

}  // namespace flow::docker::testing
