// The API of the daemon: wires the Socket.IO server, the HTTP routes, the handlers and the event
// feed to the store. Build it before the server listens; it observes the store from then on.
// Borrows server and store, which outlive it; the server must be closed before it goes. Everything
// is on the io_context's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/answers.hpp"
#include "api/feed.hpp"
#include "api/handlers.hpp"
#include "api/http_routes.hpp"
#include "api/http_writes.hpp"
#include "api/queries.hpp"
#include "api/services.hpp"
#include "api/socketio/server.hpp"
#include "domain/ports/store.hpp"

namespace flow::api {

class Api {
public:
    Api(socketio::Server& server, domain::Store& store, Services services, Config config);
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;

    /// An event that is not kept (`image_pull_progress`, `communication_error` …) to all who want
    /// it. `container_id` or `container_ids` of the payload are what subscriptions look at.
    void broadcast(std::string name, Json payload);
    /// `container_status_update` of each running container; called every stats_interval.
    void publish_status_updates();
    /// From now on every request is refused; connections stay until the server is closed.
    void close_gate() {
        handlers_.close_gate();
        writes_.close_gate();
    }

    std::size_t session_count() const { return feed_.sessions().size(); }

private:
    socketio::Handlers socket_handlers();
    void connected(const std::shared_ptr<socketio::Socket>& socket);
    void committed(const domain::Commit& commit);
    void publish_bulk(const std::vector<Json>& all);

    domain::Store& store_;
    Services services_;
    Config config_;
    Queries queries_;
    Feed feed_;
    Answers answers_;
    Apply apply_;
    Handlers handlers_;
    HttpRoutes routes_;
    HttpWrites writes_;
};

/// `auth.since` of a CONNECT. An error when it is there but no seq.
domain::Result<std::optional<Seq>> since_of(const Json& auth);

}  // namespace flow::api
