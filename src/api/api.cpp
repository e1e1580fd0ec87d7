#include "api/api.hpp"

#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

namespace flow::api {

namespace {

/// What belongs to one connected client; kept by its socket.
struct Attached {
    std::shared_ptr<Session> session;
};

std::shared_ptr<Session> session_of(const socketio::Socket& socket) {
    const auto attached = std::static_pointer_cast<Attached>(socket.user_data);
    return attached ? attached->session : nullptr;
}

}  // namespace

domain::Result<std::optional<Seq>> since_of(const Json& auth) {
    const auto found = auth.is_object() ? auth.find("since") : auth.end();
    if (!auth.is_object() || found == auth.end() || found->is_null()) {
        return std::optional<Seq>{};
    }
    Payload payload(auth);
    const auto since = payload.integer("since");
    if (!since) {
        return about(domain::validation_failed(payload.errors()), {"connect", "", ""});
    }
    return since;
}

Api::Api(socketio::Server& server, domain::Store& store, Services services, Config config)
    : store_(store),
      services_(std::move(services)),
      config_(std::move(config)),
      queries_(store_, services_, config_),
      feed_(store_, config_.feed, [this] { return queries_.snapshot(); }),
      answers_(services_.call_later),
      apply_(store_, services_),
      handlers_(Parts{store_, services_, config_, feed_, answers_, queries_, apply_}),
      routes_(store_, services_, queries_),
      writes_(Parts{store_, services_, config_, feed_, answers_, queries_, apply_}) {
    server.set_namespace("/", socket_handlers());
    server.set_http_handler([this](const socketio::Server::HttpRequest& request) {
        return std::optional(routes_.answer(request));
    });
    server.set_later_handler([this](const socketio::Server::HttpRequest& request,
                                    const socketio::Server::HttpDone& done) {
        return writes_.answer(request, [done, request](const HttpReply& reply) {
            done(to_response(request, reply));
        });
    });
    server.set_access_check([this](const socketio::AccessRequest& request) {
        const AccessHeaders headers{request.host, request.origin, request.local_unix};
        return check_access(headers, config_.access);
    });
    store_.observe([this](const domain::Commit& commit) { committed(commit); });
}

socketio::Handlers Api::socket_handlers() {
    socketio::Handlers handlers;
    handlers.middleware.emplace_back([](const std::shared_ptr<socketio::Socket>& socket,
                                        const socketio::Next& next) {
        const auto since = since_of(socket->auth());
        if (since) {
            next(std::nullopt);
        } else {
            next(socketio::ConnectError{since.error().message, since.error().to_json()});
        }
    });
    handlers.on_connect = [this](std::shared_ptr<socketio::Socket> socket) { connected(socket); };
    handlers.on_event = [this](std::shared_ptr<socketio::Socket> socket, std::string event,
                               Json args, socketio::Ack ack) {
        if (auto session = session_of(*socket)) {
            handlers_.handle(std::move(session), event, args, std::move(ack));
        }
    };
    handlers.on_disconnect = [this](std::shared_ptr<socketio::Socket> socket, std::string reason) {
        spdlog::debug("client left client={} reason=\"{}\"", socket->remote(), reason);
        if (const auto session = session_of(*socket)) {
            feed_.remove(session);
            socket->user_data.reset();
        }
    };
    return handlers;
}

void Api::connected(const std::shared_ptr<socketio::Socket>& socket) {
    const auto since = since_of(socket->auth());
    auto attached = std::make_shared<Attached>();
    const auto session =
        feed_.add(std::make_shared<SocketPeer>(socket), since ? *since : std::nullopt);
    attached->session = session;
    socket->user_data = attached;
    spdlog::debug("client connected client={} cursor={}", socket->remote(), session->cursor());

    Json welcome;
    welcome["message"] = "Connected to Flow Manager";
    welcome["server_version"] = config_.server_version;
    welcome["instance_id"] = store_.meta("instance_id");
    // Where this client's events begin, so that the newest seq a client has seen is always the one
    // to come back with.
    welcome["seq"] = std::min(session->cursor(), store_.last_seq());
    session->emit("connected", welcome);
    feed_.pump(*session);
}

void Api::committed(const domain::Commit& commit) {
    feed_.wake();
    const Seq seq = store_.last_seq();
    for (const domain::RequestEnd& end : commit.ends) {
        answers_.ended(end, seq);
        apply_.ended(end);
    }
}

void Api::broadcast(std::string name, Json payload) {
    std::vector<std::string> ids;
    if (const auto found = payload.find("container_ids"); found != payload.end()) {
        ids = found->get<std::vector<std::string>>();
    }
    if (ids.empty()) {
        ids.push_back(payload.value("container_id", ""));
    }
    const std::string task_id = payload.value("task_id", "");
    const SharedEvent event(std::move(name), std::move(payload));
    std::vector<EventFacts> facts;
    for (const std::string& id : ids) {
        const domain::Record* record = store_.find(id);
        facts.push_back({event.name(), id, task_id, record ? &record->spec().labels : nullptr});
    }
    feed_.broadcast(event, facts);
}

void Api::publish_status_updates() {
    if (feed_.sessions().empty()) {
        return;
    }
    std::vector<Json> all = queries_.running();
    publish_bulk(all);
    for (Json& status : all) {
        broadcast("container_status_update", std::move(status));
    }
}

/// The bulk form goes, instead of the single ones, to those who subscribed to it by name.
void Api::publish_bulk(const std::vector<Json>& all) {
    Json payload;
    payload["containers"] = all;
    const SharedEvent event("container_status_updates", std::move(payload));
    const auto sessions = feed_.sessions();
    for (const auto& session : sessions) {
        if (!session->gone() && session->filters().asks_by_name(event.name())) {
            session->peer().send(event, Delivery::droppable);
        }
    }
}

}  // namespace flow::api
