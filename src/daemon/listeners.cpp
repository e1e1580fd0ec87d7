#include "daemon/listeners.hpp"

#include "api/access.hpp"

namespace flow::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

domain::Error bad_listen(const std::string& text, const std::string& message) {
    domain::Error error;
    error.type = domain::ErrorType::validation_error;
    error.message = "--listen " + text + ": " + message;
    return error;
}

std::vector<asio::ip::address> addresses_of(const std::string& host) {
    boost::system::error_code error;
    if (host == "localhost") {
        return {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
    }
    const auto address = asio::ip::make_address(host, error);
    if (error) {
        return {};
    }
    return {address};
}

domain::Result<ListenPlan::Tcp> plan_tcp(const std::string& text, const Options& options) {
    const auto parsed = api::parse_host(text);
    if (!parsed || parsed->port < 0 || parsed->port > 65535) {
        return bad_listen(text, "expected HOST:PORT or unix:PATH, for example localhost:8000");
    }
    ListenPlan::Tcp plan;
    plan.text = text;
    plan.shown = parsed->host.find(':') == std::string::npos ? parsed->host
                                                             : "[" + parsed->host + "]";
    for (const asio::ip::address& address : addresses_of(parsed->host)) {
        if (!address.is_loopback() && !options.insecure) {
            return bad_listen(text, "is not loopback, and there are no tokens: everybody who "
                                    "reaches it could run containers as root. Listen on "
                                    "localhost, or give --insecure if that is what you want");
        }
        plan.endpoints.emplace_back(address, static_cast<std::uint16_t>(parsed->port));
    }
    if (plan.endpoints.empty()) {
        return bad_listen(text, "give localhost or an IP address of this machine");
    }
    return plan;
}

}  // namespace

domain::Result<ListenPlan> plan_listen(const Options& options) {
    ListenPlan plan;
    for (const std::string& text : options.listen) {
        if (text.rfind("unix:", 0) == 0) {
            if (text.size() < 6 || text.size() > 5 + 107) {
                return bad_listen(text, "expected unix:PATH with a path of at most 107 bytes");
            }
            plan.unix_paths.push_back(text.substr(5));
            continue;
        }
        auto one = plan_tcp(text, options);
        if (!one) {
            return one.error();
        }
        for (const tcp::endpoint& endpoint : one->endpoints) {
            plan.hosts.push_back(endpoint.address().to_string());
        }
        plan.tcp.push_back(std::move(*one));
    }
    return plan;
}

domain::Result<std::string> open_listeners(socketio::Server& server, const ListenPlan& plan) {
    std::string shown;
    for (const ListenPlan::Tcp& one : plan.tcp) {
        std::uint16_t port = one.endpoints.front().port();
        for (std::size_t i = 0; i < one.endpoints.size(); ++i) {
            const tcp::endpoint endpoint{one.endpoints[i].address(), port};
            const auto opened = server.listen(endpoint);
            if (!opened && i == 0) {
                return bad_listen(one.text, opened.error().message() +
                                                "; is another flow-manager running? Choose "
                                                "another port, or 0 for any");
            }
            port = opened ? *opened : port;
        }
        if (shown.empty()) {
            shown = "http://" + one.shown + ":" + std::to_string(port);
        }
    }
    for (const std::string& path : plan.unix_paths) {
        if (const auto opened = server.listen_unix(path); !opened) {
            return bad_listen("unix:" + path, opened.error().message());
        }
        shown = shown.empty() ? "unix:" + path : shown;
    }
    return shown;
}

}  // namespace flow::daemon
