#include "docker/engine_config.hpp"

#include <openssl/evp.h>

namespace flow::docker {
namespace {

/// Linux allows 107 bytes in the path of a Unix socket.
constexpr std::size_t kMaxSocketPath = 107;

domain::Error bad_host(std::string_view host, const std::string& why) {
    domain::FieldError field;
    field.path = "docker_host";
    field.message =
        "\"" + std::string{host} + "\" " + why + "; write unix:///path/to/docker.sock";
    return domain::validation_failed({field});
}

}  // namespace

domain::Result<std::string> parse_docker_host(std::string_view host) {
    constexpr std::string_view kScheme = "unix://";
    if (!host.starts_with(kScheme)) {
        return bad_host(host, "is not a Unix socket: only an engine on this host can be used, "
                              "because sockets and mounts are shared with it");
    }
    const std::string_view path = host.substr(kScheme.size());
    if (path.empty() || path.front() != '/') {
        return bad_host(host, "has no absolute path");
    }
    if (path.size() > kMaxSocketPath) {
        return bad_host(host, "is longer than the 107 bytes that a Unix socket's path may have");
    }
    return std::string{path};
}

std::string registry_auth_header(const Registry& registry) {
    domain::Json json;
    json["username"] = registry.username;
    json["password"] = registry.password;
    json["serveraddress"] = registry.server;
    const std::string text = json.dump();
    std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(length));
    for (char& c : encoded) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return encoded;
}

}  // namespace flow::docker
