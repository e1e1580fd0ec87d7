#include "api/socketio/engine_site.hpp"

#include <random>
#include <utility>

#include "api/socketio/log.hpp"

namespace flow::socketio {

std::string make_id() {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    constexpr std::size_t kLength = 20;
    std::random_device device;
    std::string id;
    while (id.size() < kLength) {
        auto bits = device();
        for (int i = 0; i < 5 && id.size() < kLength; ++i) {
            id.push_back(kLetters[bits & 63U]);
            bits >>= 6U;
        }
    }
    return id;
}

EngineSite::EngineSite(boost::asio::any_io_executor executor, std::shared_ptr<const Config> config,
                       std::string path, UserFactory make_user)
    : executor_(std::move(executor)),
      config_(std::move(config)),
      path_(std::move(path)),
      make_user_(std::move(make_user)) {}

std::shared_ptr<EngineSession> EngineSite::open(TransportKind transport,
                                                std::shared_ptr<const Handshake> handshake) {
    if (sessions_.size() >= config_->max_sessions) {
        log_of(*config_).warn("session refused client={} limit={}", handshake->remote,
                              config_->max_sessions);
        return nullptr;
    }
    SessionInit init;
    init.sid = make_id();
    init.transport = transport;
    init.handshake = std::move(handshake);
    init.on_gone = [weak = weak_from_this()](const std::string& sid) {
        if (const auto self = weak.lock()) {
            self->sessions_.erase(sid);
            if (self->gone_) {
                self->gone_();
            }
        }
    };
    auto session = std::make_shared<EngineSession>(executor_, config_, std::move(init));
    sessions_[session->sid()] = session;
    session->start(make_user_(session));
    return session;
}

std::shared_ptr<EngineSession> EngineSite::find(const std::string& sid) const {
    const auto found = sessions_.find(sid);
    return found == sessions_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<EngineSession>> EngineSite::all() const {
    std::vector<std::shared_ptr<EngineSession>> sessions;
    sessions.reserve(sessions_.size());
    for (const auto& [sid, session] : sessions_) {
        sessions.push_back(session);
    }
    return sessions;
}

void EngineSite::finish_all(const std::string& reason) {
    for (const auto& session : all()) {
        session->finish(reason);
        if (!session->in_use()) {
            session->fail(reason);
        }
    }
}

void EngineSite::fail_all(const std::string& reason) {
    for (const auto& session : all()) {
        session->fail(reason);
    }
}

}  // namespace flow::socketio
