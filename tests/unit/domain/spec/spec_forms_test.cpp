// volumes and ports in their three forms each, and image references.
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::parse_text;
using test::with;

Mount only_mount(const std::string& json) {
    const Spec spec = with("\"volumes\": " + json);
    EXPECT_EQ(spec.volumes.size(), 1u) << json;
    return spec.volumes.empty() ? Mount{} : spec.volumes.front();
}

TEST(SpecForms, Volumes) {
    const auto bind = Mount::Type::bind;
    const auto volume = Mount::Type::volume;
    EXPECT_EQ(only_mount(R"({"/srv/x": "/in"})"), (Mount{bind, "/srv/x", "/in", false}));
    EXPECT_EQ(only_mount(R"({"/srv/x/": "/in/:ro"})"), (Mount{bind, "/srv/x", "/in", true}));
    EXPECT_EQ(only_mount(R"({"data": "/in"})"), (Mount{volume, "data", "/in", false}));
    EXPECT_EQ(only_mount(R"(["/srv/x:/in:ro"])"), (Mount{bind, "/srv/x", "/in", true}));
    EXPECT_EQ(only_mount(R"(["/srv//x:/in:rw"])"), (Mount{bind, "/srv/x", "/in", false}));
    EXPECT_EQ(only_mount(R"(["data:/in"])"), (Mount{volume, "data", "/in", false}));
    EXPECT_EQ(only_mount(R"(["/in"])"), (Mount{volume, "", "/in", false}));
    EXPECT_EQ(
        only_mount(R"([{"type": "bind", "source": "/srv/x", "target": "/in", "read_only": true}])"),
        (Mount{bind, "/srv/x", "/in", true}));
    EXPECT_EQ(only_mount(R"([{"type": "volume", "source": "data", "target": "/in"}])"),
              (Mount{volume, "data", "/in", false}));
    EXPECT_EQ(only_mount(R"([{"type": "volume", "target": "/in"}])"),
              (Mount{volume, "", "/in", false}));
}

TEST(SpecForms, OneSourceAtTwoTargetsIsFine) {
    EXPECT_EQ(with(R"("volumes": ["/srv/x:/a", "/srv/x:/b:ro"])").volumes.size(), 2u);
}

std::vector<Port> ports(const std::string& json) { return with("\"ports\": " + json).ports; }

TEST(SpecForms, Ports) {
    using Ports = std::vector<Port>;
    EXPECT_EQ(ports(R"({"8080": 80})"), (Ports{{8080, "tcp", 80, ""}}));
    EXPECT_EQ(ports(R"({"53/udp": "5353"})"), (Ports{{53, "udp", 5353, ""}}));
    EXPECT_EQ(ports(R"({"80": 0})"), (Ports{{80, "tcp", 0, ""}}));
    EXPECT_EQ(ports(R"({"80": "127.0.0.1:8080"})"), (Ports{{80, "tcp", 8080, "127.0.0.1"}}));
    EXPECT_EQ(ports(R"([80])"), (Ports{{80, "tcp", 0, ""}}));
    EXPECT_EQ(ports(R"(["80/udp"])"), (Ports{{80, "udp", 0, ""}}));
    EXPECT_EQ(ports(R"(["8080:80"])"), (Ports{{80, "tcp", 8080, ""}}));
    EXPECT_EQ(ports(R"(["127.0.0.1:8080:80/udp"])"), (Ports{{80, "udp", 8080, "127.0.0.1"}}));
    EXPECT_EQ(ports(R"(["127.0.0.1::80"])"), (Ports{{80, "tcp", 0, "127.0.0.1"}}));
    EXPECT_EQ(ports(R"(["[::1]:8080:80"])"), (Ports{{80, "tcp", 8080, "::1"}}));
    EXPECT_EQ(ports(R"(["3000-3002:4000-4002"])"),
              (Ports{{4000, "tcp", 3000, ""}, {4001, "tcp", 3001, ""}, {4002, "tcp", 3002, ""}}));
    EXPECT_EQ(ports(R"(["4000-4001"])"), (Ports{{4000, "tcp", 0, ""}, {4001, "tcp", 0, ""}}));
    EXPECT_EQ(
        ports(
            R"([{"target": 80, "published": "8080", "host_ip": "127.0.0.1", "protocol": "sctp"}])"),
        (Ports{{80, "sctp", 8080, "127.0.0.1"}}));
    EXPECT_EQ(ports(R"([{"target": "80"}])"), (Ports{{80, "tcp", 0, ""}}));
}

TEST(SpecForms, PortsThatDoNotCollide) {
    EXPECT_EQ(ports(R"(["53:53/udp", "53:53/tcp"])").size(), 2u);
    EXPECT_EQ(ports(R"(["127.0.0.1:80:80", "127.0.0.2:80:80"])").size(), 2u);
    EXPECT_EQ(ports(R"(["80:80", "81:80", "0.0.0.0:82:80", "[::]:82:80"])").size(), 4u);
}

TEST(SpecForms, Images) {
    const std::string digest(64, 'a');
    for (const std::string& image : std::vector<std::string>{
             "nginx", "nginx:1.25-alpine", "library/nginx", "localhost:5000/x", "localhost/x:y",
             "registry.example.com/team/app__1:v_2.0", "[::1]:5000/x", "a-b.c_d", "a/b/c/d",
             "nginx@sha256:" + digest, "nginx:1@sha256:" + digest, "sha256:" + digest}) {
        EXPECT_TRUE(parse_text("{\"image\": \"" + image + "\"}").has_value()) << image;
    }
    for (const std::string& image : std::vector<std::string>{
             "", ":x", "nginx:", "nginx:-x", "Nginx", "a//b", "/a", "a/", "-a", "a-", "a..b",
             "a___b", "a b", "a@sha256:12", "a@md5:" + digest, "nginx:x:y", "http://x/y", "a\nb",
             "x:" + std::string(129, 'a')}) {
        Json payload;
        payload["image"] = image;
        EXPECT_FALSE(parse_spec(payload).has_value()) << image;
    }
}

}  // namespace
}  // namespace flow::domain
