// A chat in eighty lines: names by middleware, rooms, broadcasts, acknowledgements both ways.
//
//     socketio-chat 3000
//     node -e 'const s = require("socket.io-client")("http://localhost:3000", {auth: {name: "ann"}});
//              s.on("said", console.log); s.emit("enter", "lobby", (who) => s.emit("say", "hello", who))'
#include <cstdio>
#include <cstdlib>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "api/socketio/server.hpp"

namespace {

using namespace flow::socketio;

struct Guest {
    std::string name;
    std::string room;
};

Guest& guest_of(const Socket& socket) {
    return *std::static_pointer_cast<Guest>(socket.user_data);
}

void ask_name(const std::shared_ptr<Socket>& socket, const Next& next) {
    const std::string name = socket->auth().value("name", "");
    if (name.empty()) {
        ConnectError error;
        error.message = "a name is needed: io(url, {auth: {name}})";
        return next(std::move(error));
    }
    auto guest = std::make_shared<Guest>();
    guest->name = name;
    socket->user_data = std::move(guest);
    next(std::nullopt);
}

/// The acknowledgement lists who is there.
void enter(const Server& server, Socket& socket, const std::string& room, const Ack& ack) {
    Guest& guest = guest_of(socket);
    socket.leave(guest.room);
    guest.room = room;
    socket.join(room);
    socket.broadcast().to(room).emit("entered", guest.name);
    Json names = Json::array();
    for (const auto& other : server.in("/").to(room).sockets()) {
        names.push_back(guest_of(*other).name);
    }
    if (ack) {
        ack(Json::array({names}));      // one argument that is a list: an array of arguments around it
    }
}

Handlers chat(const Server& server) {
    Handlers handlers;
    handlers.middleware.emplace_back(ask_name);
    handlers.on_event = [&server](const std::shared_ptr<Socket>& socket, const std::string& event,
                                  const Json& args, const Ack& ack) {
        const std::string text = !args.empty() && args[0].is_string() ? args[0].get<std::string>() : "";
        const Guest& guest = guest_of(*socket);
        if (event == "enter" && !text.empty()) {
            enter(server, *socket, text, ack);
        } else if (event == "say" && !guest.room.empty()) {
            server.in("/").to(guest.room).emit("said", Json{{"who", guest.name}, {"text", text}});
        }
    };
    handlers.on_disconnect = [&server](const std::shared_ptr<Socket>& socket, const std::string&) {
        server.in("/").to(guest_of(*socket).room).emit("left", guest_of(*socket).name);
    };
    return handlers;
}

}  // namespace

int main(int argc, char** argv) {
    const auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 3000);
    boost::asio::io_context io;
    Config config;
    config.cors_origins = {"*"};
    Server server(io, config);
    server.set_namespace("/", chat(server));
    const auto bound = server.listen({boost::asio::ip::make_address("127.0.0.1"), port});
    if (!bound) {
        std::fprintf(stderr, "cannot listen on port %u: %s\n", unsigned{port}, bound.error().message().c_str());
        return 1;
    }
    std::printf("listening on http://127.0.0.1:%u\n", unsigned{*bound});
    std::fflush(stdout);
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code, int) { server.close([&io] { io.stop(); }); });
    io.run();
    return 0;
}
