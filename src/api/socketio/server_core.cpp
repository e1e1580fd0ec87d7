#include "api/socketio/server_core.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "api/socketio/bounded_log.hpp"
#include "api/socketio/http_connection.hpp"
#include "api/socketio/log.hpp"

namespace flow::socketio {

Connection::Connection(std::shared_ptr<ServerCore> core) : core_(std::move(core)) {
    core_->track(*this);
}

Connection::~Connection() {
    core_->forget(*this);
}

namespace {

/// Of what clients do wrong.
constexpr std::size_t kLogLinesASecond = 100;

Config with_bounded_log(Config config) {
    config.logger = bounded_log(std::move(config.logger), kLogLinesASecond);
    return config;
}

/// Bare Engine.IO: hands each message on.
class RawUser : public SessionUser {
public:
    RawUser(std::weak_ptr<EngineSession> session, std::shared_ptr<Server::RawHandler> handler)
        : session_(std::move(session)), handler_(std::move(handler)) {}

    bool on_message(std::string_view data, bool binary) override {
        const auto session = session_.lock();
        if (session && *handler_) {
            (*handler_)(*session, std::string(data), binary);
        }
        return true;
    }
    void on_closed(const std::string&) override {}
    void on_drained() override {}

private:
    std::weak_ptr<EngineSession> session_;
    std::shared_ptr<Server::RawHandler> handler_;
};

}  // namespace

ServerCore::ServerCore(boost::asio::io_context& io, Config config)
    : io_(io),
      config_(std::make_shared<const Config>(with_bounded_log(std::move(config)))),
      flusher_(std::make_shared<Flusher>(io.get_executor())),
      close_limit_(io),
      forget_timer_(io) {}

void ServerCore::start() {
    add_site(config_->path, [executor = boost::asio::any_io_executor(io_.get_executor()),
                             config = config_, namespaces = namespaces_](
                                const std::shared_ptr<EngineSession>& session) {
        auto client = std::make_shared<Client>(executor, config, namespaces, session);
        client->start();
        return client;
    });
    if (config_->recovery) {
        forget_lost_sessions();
    }
}

/// What is kept for sessions that were lost goes when its time is over (or half of it later), also when nothing else
/// happens.
void ServerCore::forget_lost_sessions() {
    forget_timer_.expires_after(config_->recovery_keep / 2 + std::chrono::milliseconds(1));
    forget_timer_.async_wait([weak = weak_from_this()](ErrorCode error) {
        const auto self = weak.lock();
        if (!self || error) {
            return;
        }
        for (const auto& [name, nsp] : *self->namespaces_) {
            nsp->recovery().forget(std::chrono::steady_clock::now());
        }
        self->forget_lost_sessions();
    });
}

void ServerCore::set_namespace(std::string name, Handlers handlers) {
    const auto known = namespaces_->find(name);
    if (known != namespaces_->end()) {
        known->second->set_handlers(std::move(handlers));
        return;
    }
    RecoveryLimits limits;
    limits.keep = config_->recovery_keep;
    limits.max_bytes = config_->recovery_max_bytes;
    limits.max_parked = config_->max_sessions;
    (*namespaces_)[name] = std::make_shared<Namespace>(name, std::move(handlers), limits);
}

std::shared_ptr<Namespace> ServerCore::find_namespace(std::string_view name) const {
    const auto found = namespaces_->find(name);
    return found == namespaces_->end() ? nullptr : found->second;
}

void ServerCore::add_raw_site(std::string path, Server::RawHandler handler) {
    add_site(std::move(path),
             [shared = std::make_shared<Server::RawHandler>(std::move(handler))](
                 const std::shared_ptr<EngineSession>& session) {
                 return std::make_shared<RawUser>(session, shared);
             });
}

void ServerCore::add_site(std::string path, EngineSite::UserFactory factory) {
    auto site = std::make_shared<EngineSite>(io_.get_executor(), config_, std::move(path),
                                             std::move(factory));
    site->on_gone([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->on_session_gone();
        }
    });
    sites_.push_back(std::move(site));
}

std::shared_ptr<EngineSite> ServerCore::site_for(std::string_view target) const {
    for (const auto& site : sites_) {
        if (site->serves(target)) {
            return site;
        }
    }
    return nullptr;
}

std::size_t ServerCore::session_count() const {
    std::size_t count = 0;
    for (const auto& site : sites_) {
        count += site->size();
    }
    return count;
}

void ServerCore::adopt(HttpStream stream, ConnectionNames names) {
    if (closing_ || connections_.size() >= config_->max_connections) {
        log_of(*config_).warn("connection refused client={} open={} limit={}", names.remote,
                              connections_.size(), config_->max_connections);
        return;
    }
    auto connection =
        std::make_shared<HttpConnection>(std::move(stream), std::move(names), shared_from_this());
    auto ended = [self = shared_from_this(), connection](std::exception_ptr failure) {
        if (!failure) {
            return;
        }
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            log_of(*self->config_).error("connection failed what=\"{}\"", error.what());
        }
    };
    boost::asio::co_spawn(io_, connection->run(), std::move(ended));
}

void ServerCore::forget(Connection& connection) {
    connections_.erase(&connection);
    if (closing_ && closed_) {
        // It is being destroyed: the application is not called from inside of that.
        boost::asio::post(io_, [self = shared_from_this()] { self->finish_close_if_empty(); });
    }
}

std::vector<std::shared_ptr<Connection>> ServerCore::connections() const {
    std::vector<std::shared_ptr<Connection>> all;
    for (Connection* const connection : connections_) {
        if (auto alive = connection->weak_from_this().lock()) {
            all.push_back(std::move(alive));
        }
    }
    return all;
}

void ServerCore::stop_listening() {
    for (const auto& stop : std::exchange(stop_listeners_, {})) {
        stop();
    }
}

void ServerCore::close(std::function<void()> closed) {
    closed_ = std::move(closed);
    closing_ = true;
    stop_listening();
    close_limit_.expires_after(config_->close_timeout);
    close_limit_.async_wait([weak = weak_from_this()](ErrorCode error) {
        const auto self = weak.lock();
        if (self && !error) {
            self->finish_close();
        }
    });
    // From inside of a callback the server may be destroyed: what is gone through is a copy.
    const auto sites = sites_;
    for (const auto& site : sites) {
        site->finish_all("server shutting down");
    }
    boost::asio::post(io_, [self = shared_from_this()] { self->on_session_gone(); });
}

/// A client between two polls may fetch what is left for it over the connection that it has.
void ServerCore::on_session_gone() {
    if (takes_requests()) {
        return;
    }
    for (const auto& connection : connections()) {
        connection->close_if_idle();
    }
    finish_close_if_empty();
}

void ServerCore::finish_close_if_empty() {
    // Nobody is accepted any more: what a session without a connection has left, nobody can fetch.
    if (closing_ && closed_ && connections_.empty()) {
        finish_close();
    }
}

void ServerCore::finish_close() {
    close_limit_.cancel();
    forget_timer_.cancel();
    const auto closed = std::exchange(closed_, nullptr);
    const auto sites = sites_;
    for (const auto& site : sites) {
        site->fail_all("server shutting down");
    }
    for (const auto& connection : connections()) {
        connection->kill();
    }
    const bool abandoned = sites_.empty();      // by a client that was told
    if (closed && !abandoned) {
        closed();
    }
}

void ServerCore::abandon() {
    closing_ = true;
    closed_ = nullptr;
    http_handler = nullptr;
    later_handler = nullptr;
    access_check = nullptr;
    for (const auto& [name, nsp] : *namespaces_) {
        nsp->set_handlers({});
    }
    namespaces_->clear();
    stop_listening();
    finish_close();
    sites_.clear();
}

}  // namespace flow::socketio
