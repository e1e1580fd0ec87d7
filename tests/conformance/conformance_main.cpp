// A small server for the protocols' own test suites and for real clients: echoes over bare
// Engine.IO under /engine.io/, and answers a few events under /socket.io/ in the namespaces / and
// /custom. Options are pairs of a name and a value; see read_options().
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "api/socketio/engine_session.hpp"
#include "api/socketio/server.hpp"

namespace {

using flow::socketio::AccessRequest;
using flow::socketio::Ack;
using flow::socketio::Config;
using flow::socketio::Handlers;
using flow::socketio::Json;
using flow::socketio::Server;
using flow::socketio::Socket;

struct Options {
    std::uint16_t port = 3000;
    /// How long a client has to answer "question".
    std::chrono::milliseconds ack_timeout{5'000};
    Config config;
    std::string unknown;
};

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> parts;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        parts.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(list.size(), end + 1));
    }
    return parts;
}

Options read_options(int argc, char** argv) {
    Options options;
    options.config.cors_origins = {"*"};
    options.config.max_payload = 1'000'000;
    for (int i = 1; i < argc; i += 2) {
        const std::string_view name = argv[i];
        if (i + 1 == argc) {
            options.unknown = name;
            break;
        }
        const long value = std::strtol(argv[i + 1], nullptr, 10);
        if (name == "--port") {
            options.port = static_cast<std::uint16_t>(value);
        } else if (name == "--ping-interval") {
            options.config.ping_interval = std::chrono::milliseconds(value);
        } else if (name == "--ping-timeout") {
            options.config.ping_timeout = std::chrono::milliseconds(value);
        } else if (name == "--connect-timeout") {
            options.config.connect_timeout = std::chrono::milliseconds(value);
        } else if (name == "--ack-timeout") {
            options.ack_timeout = std::chrono::milliseconds(value);
        } else if (name == "--cors") {
            options.config.cors_origins = split(argv[i + 1]);
        } else if (name == "--credentials") {
            options.config.cors_credentials = value != 0;
        } else if (name == "--deflate") {
            options.config.deflate = value != 0;
        } else if (name == "--recovery") {
            options.config.recovery = value != 0;
        } else {
            options.unknown = name;
        }
    }
    return options;
}

/// With a list of origins a page of any other is refused: CORS alone keeps none from a websocket.
Server::AccessCheck only_from(std::vector<std::string> origins) {
    return [origins = std::move(origins)](const AccessRequest& request) {
        const bool allowed =
            request.origin.empty() ||
            std::any_of(origins.begin(), origins.end(), [&request](const std::string& origin) {
                return origin == "*" || origin == request.origin;
            });
        return allowed ? std::nullopt : std::optional<std::string>("origin not allowed");
    };
}

/// What a client can ask for about rooms. False: it is something else.
bool on_room_event(const std::shared_ptr<Socket>& socket, const std::string& event, Json args) {
    if (event == "others") {
        socket->broadcast().emit_args("others", args);
        return true;
    }
    if (args.empty() || !args.front().is_string()) {
        return false;
    }
    const std::string room = args.front().get<std::string>();
    args.erase(args.begin());
    if (event == "enter") {
        socket->join(room);
    } else if (event == "exit") {
        socket->leave(room);
    } else if (event == "room") {
        socket->broadcast().to(room).emit_args("room", args);
    } else {
        return false;
    }
    return true;
}

void on_event(const Server& server, const std::shared_ptr<Socket>& socket, const std::string& event,
              const Json& args, const Ack& ack) {
    if (event == "message") {
        socket->emit_args("message-back", args);
    } else if (event == "message-with-ack" && ack) {
        ack(args);
    } else if (event == "broadcast") {
        server.in(socket->nsp()).emit_args("broadcast", args);
    } else if (event == "count" && ack) {
        ack(server.in(socket->nsp()).sockets().size());
    } else if (event == "volatile") {
        socket->emit_volatile("volatile-back", args);
    } else if (event == "leave") {
        socket->disconnect();
    } else if (on_room_event(socket, event, args) && ack) {
        ack(Json::array());
    }
}

Handlers echo_namespace(const Server& server, std::chrono::milliseconds ack_timeout) {
    Handlers handlers;
    handlers.on_connect = [](const std::shared_ptr<Socket>& socket) {
        socket->emit("auth", socket->auth());
    };
    handlers.on_event = [&server, ack_timeout](const std::shared_ptr<Socket>& socket,
                                               const std::string& event, const Json& args,
                                               const Ack& ack) {
        if (event != "ask-back") {
            on_event(server, socket, event, args, ack);
            return;
        }
        socket->emit_with_ack("question", args, ack_timeout,
                              [socket](const std::optional<Json>& answer) {
                                  socket->emit("answered", answer ? *answer : Json());
                              });
    };
    return handlers;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    if (!options.unknown.empty()) {
        std::fprintf(stderr, "unknown option %s, or its value is missing\n",
                     options.unknown.c_str());
        return 2;
    }
    boost::asio::io_context io;
    Server server(io, options.config);
    server.set_access_check(only_from(options.config.cors_origins));
    server.set_namespace("/", echo_namespace(server, options.ack_timeout));
    server.set_namespace("/custom", echo_namespace(server, options.ack_timeout));
    server.mount_raw_engine("/engine.io/", [](flow::socketio::EngineSession& session,
                                              const std::string& data,
                                              bool binary) { session.send_raw(data, binary); });
    const auto address = boost::asio::ip::make_address("127.0.0.1");
    const auto port = server.listen({address, options.port});
    if (!port) {
        std::fprintf(stderr, "cannot listen on 127.0.0.1:%u: %s\n", unsigned{options.port},
                     port.error().message().c_str());
        return 1;
    }
    std::printf("listening on http://127.0.0.1:%u\n", unsigned{*port});
    std::fflush(stdout);
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code, int) { server.close([&io] { io.stop(); }); });
    io.run();
    return 0;
}
