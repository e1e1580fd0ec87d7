#include "api/access.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <boost/asio/ip/address.hpp>

namespace flow::api {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return result;
}

std::optional<boost::asio::ip::address> address_of(const std::string& host) {
    boost::system::error_code ignored;
    // A scope ("fe80::1%eth0") says how to reach an address, not which one it is.
    const auto address = boost::asio::ip::make_address(host.substr(0, host.find('%')), ignored);
    if (ignored) {
        return std::nullopt;
    }
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    }
    return address;
}

bool same_host(const std::string& left, const std::string& right) {
    const auto left_address = address_of(left);
    const auto right_address = address_of(right);
    if (left_address && right_address) {
        return *left_address == *right_address;
    }
    return lower(left) == lower(right);
}

bool listed(const std::string& host, const std::vector<std::string>& hosts) {
    return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& entry) {
        const auto parsed = parse_host(entry);
        return same_host(host, parsed ? parsed->host : entry);
    });
}

bool is_ours(const std::string& host, const AccessConfig& config) {
    const auto address = address_of(host);
    if (lower(host) == "localhost" || (address && address->is_loopback())) {
        return true;
    }
    return listed(host, config.listen_hosts) || listed(host, config.own_hosts);
}

bool any(const std::vector<std::string>& entries) {
    return std::find(entries.begin(), entries.end(), "*") != entries.end();
}

struct Origin {
    std::string scheme;
    HostPort at;
    bool operator==(const Origin&) const = default;
};

/// "http://host:port" with the scheme's own port filled in; nothing for "null" and other opaque
/// ones.
std::optional<Origin> parse_origin(std::string_view text) {
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    Origin origin{.scheme = lower(text.substr(0, colon)), .at = {}};
    std::string_view rest = text.substr(colon + 3);
    if (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    const auto at = parse_host(rest);
    if (!at || (origin.scheme != "http" && origin.scheme != "https")) {
        return std::nullopt;
    }
    origin.at = *at;
    origin.at.host = lower(origin.at.host);
    if (origin.at.port < 0) {
        origin.at.port = origin.scheme == "https" ? 443 : 80;
    }
    return origin;
}

/// A page that the daemon itself served: its host is one of ours and its port the one it now talks
/// to.
bool is_own(const Origin& origin, std::string_view host_header, const AccessConfig& config) {
    const auto host = parse_host(host_header);
    if (!host) {
        return false;
    }
    const int port = host->port >= 0 ? host->port : (origin.scheme == "https" ? 443 : 80);
    return port == origin.at.port &&
           (same_host(host->host, origin.at.host) || is_ours(origin.at.host, config));
}

bool in_cors_origins(const Origin& origin, const AccessConfig& config) {
    return std::any_of(config.cors_origins.begin(), config.cors_origins.end(),
                       [&](const std::string& entry) { return parse_origin(entry) == origin; });
}

std::string quoted(std::string_view text) {
    constexpr std::size_t kLongest = 200;
    std::string result = "\"";
    for (const char letter : text.substr(0, kLongest)) {
        result += std::isprint(static_cast<unsigned char>(letter)) != 0 ? letter : '?';
    }
    return result + "\"";
}

}  // namespace

std::optional<HostPort> parse_host(std::string_view text) {
    HostPort result;
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) {
            return std::nullopt;
        }
        result.host = text.substr(1, close - 1);
        port = text.substr(close + 1);
        if (!address_of(result.host) || (!port.empty() && port.front() != ':')) {
            return std::nullopt;
        }
    } else if (std::count(text.begin(), text.end(), ':') > 1) {
        // An IPv6 address without brackets has no port; as a Host header it is not legal, in a list
        // it is handy.
        result.host = text;
        return address_of(result.host) ? std::optional(result) : std::nullopt;
    } else {
        const std::size_t colon = std::min(text.find(':'), text.size());
        result.host = text.substr(0, colon);
        port = text.substr(colon);
    }
    if (result.host.ends_with('.')) {
        result.host.pop_back();
    }
    if (result.host.empty() || result.host.find_first_of(" /@\\?#") != std::string::npos) {
        return std::nullopt;
    }
    if (port.size() > 1) {
        const char* end = port.data() + port.size();
        const auto read = std::from_chars(port.data() + 1, end, result.port);
        if (read.ec != std::errc{} || read.ptr != end || result.port < 0 || result.port > 65535) {
            return std::nullopt;
        }
    }
    return result;
}

std::optional<std::string> check_access(const AccessHeaders& headers, const AccessConfig& config) {
    if (!headers.unix_socket && !headers.host.empty() && !any(config.allowed_hosts)) {
        const auto host = parse_host(headers.host);
        if (!host || !(is_ours(host->host, config) || listed(host->host, config.allowed_hosts))) {
            return "the Host " + quoted(headers.host) +
                   " is not one of this daemon's; add it to --allowed-hosts if it should be";
        }
    }
    if (headers.origin.empty() || any(config.cors_origins)) {
        return std::nullopt;
    }
    const auto origin = parse_origin(headers.origin);
    if (origin && (in_cors_origins(*origin, config) || is_own(*origin, headers.host, config))) {
        return std::nullopt;
    }
    return "pages of the Origin " + quoted(headers.origin) +
           " may not use this daemon; add it to --cors-origins if they should";
}

}  // namespace flow::api
