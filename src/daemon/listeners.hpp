// --listen to endpoints (contract 9): localhost is 127.0.0.1 and, where there is one, ::1; anything but loopback is
// refused without tokens unless --insecure.
#pragma once

#include <string>
#include <vector>

#include "api/socketio/server.hpp"
#include "daemon/options.hpp"

namespace flow::daemon {

struct ListenPlan {
    struct Tcp {
        std::vector<boost::asio::ip::tcp::endpoint> endpoints;  ///< the first must work
        std::string shown;                                      ///< host as the ready line shows it
        std::string text;                                       ///< as given
    };
    std::vector<Tcp> tcp;
    std::vector<std::string> unix_paths;
    std::vector<std::string> hosts;                             ///< for the Host check
};

domain::Result<ListenPlan> plan_listen(const Options& options);
/// Opens them all; answers what the ready line names: "http://localhost:8000" or "unix:/path".
domain::Result<std::string> open_listeners(socketio::Server& server, const ListenPlan& plan);

}  // namespace flow::daemon
