// A small server for the protocols' own test suites and for real clients: echoes over bare
// Engine.IO under /engine.io/, and answers a few events under /socket.io/ in the namespaces / and
// /custom.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "api/socketio/engine_session.hpp"
#include "api/socketio/server.hpp"

namespace {

using flow::socketio::Ack;
using flow::socketio::Config;
using flow::socketio::EncodedEvent;
using flow::socketio::Handlers;
using flow::socketio::Json;
using flow::socketio::Server;
using flow::socketio::Socket;

struct Options {
    std::uint16_t port = 3000;
    Config config;
};

Options read_options(int argc, char** argv) {
    Options options;
    options.config.cors_origins = {"*"};
    options.config.max_payload = 1'000'000;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const long value = std::strtol(argv[i + 1], nullptr, 10);
        if (name == "--port") {
            options.port = static_cast<std::uint16_t>(value);
        } else if (name == "--ping-interval") {
            options.config.ping_interval = std::chrono::milliseconds(value);
        } else if (name == "--ping-timeout") {
            options.config.ping_timeout = std::chrono::milliseconds(value);
        } else if (name == "--connect-timeout") {
            options.config.connect_timeout = std::chrono::milliseconds(value);
        } else if (name == "--deflate") {
            options.config.deflate = value != 0;
        }
    }
    return options;
}

Handlers main_namespace(std::set<std::shared_ptr<Socket>>& sockets) {
    Handlers handlers;
    handlers.on_connect = [&sockets](const std::shared_ptr<Socket>& socket) {
        sockets.insert(socket);
        socket->emit("auth", socket->auth());
    };
    handlers.on_disconnect = [&sockets](const std::shared_ptr<Socket>& socket, const std::string&) {
        sockets.erase(socket);
    };
    handlers.on_event = [&sockets](const std::shared_ptr<Socket>& socket, const std::string& event,
                                   const Json& args, const Ack& ack) {
        if (event == "message") {
            socket->emit_args("message-back", args);
        } else if (event == "message-with-ack" && ack) {
            ack(args);
        } else if (event == "broadcast") {
            const EncodedEvent encoded("broadcast", args);
            for (const auto& other : sockets) {
                other->send(encoded);
            }
        } else if (event == "ask-back") {
            socket->emit_with_ack("question", args, std::chrono::seconds(5),
                                  [socket](const std::optional<Json>& answer) {
                                      socket->emit("answered", answer ? *answer : Json());
                                  });
        } else if (event == "leave") {
            socket->disconnect();
        }
    };
    return handlers;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    boost::asio::io_context io;
    std::set<std::shared_ptr<Socket>> sockets;
    Server server(io, options.config);
    server.set_namespace("/", main_namespace(sockets));
    Handlers custom;
    custom.on_connect = [](const std::shared_ptr<Socket>& socket) {
        socket->emit("auth", socket->auth());
    };
    server.set_namespace("/custom", custom);
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
