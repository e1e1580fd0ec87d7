// Who may talk to the daemon at all (contract 9): a page in a browser is a way in even on loopback,
// so the Host and Origin of every request are checked. Pure functions on plain values; reading the
// machine's addresses is the one exception and is done once, at start.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow::api {

struct AccessConfig {
    /// Hosts of --listen, without port: "127.0.0.1", "::1", "0.0.0.0".
    std::vector<std::string> listen_hosts;
    /// The machine's own addresses and names.
    std::vector<std::string> own_hosts;
    /// --allowed-hosts: further names or addresses, port ignored; "*" allows every Host.
    std::vector<std::string> allowed_hosts;
    /// --cors-origins: "https://app.example.com:8443"; "*" allows every Origin.
    std::vector<std::string> cors_origins;
};

/// The request as far as access goes. Missing headers are empty.
struct AccessHeaders {
    std::string_view host;
    std::string_view origin;
    /// It came over a Unix socket: no browser gets there, so any Host will do.
    bool unix_socket = false;
};

/// Nothing: allowed. A sentence: refused, and what to do about it.
std::optional<std::string> check_access(const AccessHeaders& headers, const AccessConfig& config);

/// A host and its port; `port` is -1 when none is given. IPv6 addresses are without brackets.
struct HostPort {
    std::string host;
    int port = -1;
    bool operator==(const HostPort&) const = default;
};

/// Reads "name", "name:80", "1.2.3.4:80", "[::1]:80". Nothing when it is none of these.
std::optional<HostPort> parse_host(std::string_view text);

/// Host name and addresses of this machine, read from the system.
std::vector<std::string> machine_hosts();

}  // namespace flow::api
