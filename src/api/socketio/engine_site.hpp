// One path that speaks Engine.IO: its table of sessions and what is put on top of each. Owned by
// the server's core; sessions take themselves out of the table when they end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>

#include "api/socketio/config.hpp"
#include "api/socketio/engine_session.hpp"

namespace flow::socketio {

class EngineSite : public std::enable_shared_from_this<EngineSite> {
public:
    using UserFactory =
        std::function<std::shared_ptr<SessionUser>(const std::shared_ptr<EngineSession>&)>;

    EngineSite(boost::asio::any_io_executor executor, std::shared_ptr<const Config> config,
               std::string path, UserFactory make_user);

    /// Does this target (with its query) belong here?
    bool serves(std::string_view target) const { return target.starts_with(path_); }
    /// A new session, started; null when there are too many.
    std::shared_ptr<EngineSession> open(TransportKind transport,
                                        std::shared_ptr<const Handshake> handshake);
    std::shared_ptr<EngineSession> find(const std::string& sid) const;
    std::size_t size() const { return sessions_.size(); }
    /// Those that nothing waits for are gone at once.
    void finish_all(const std::string& reason);
    void fail_all(const std::string& reason);
    /// Called whenever a session has gone.
    void on_gone(std::function<void()> gone) { gone_ = std::move(gone); }

private:
    std::vector<std::shared_ptr<EngineSession>> all() const;

    boost::asio::any_io_executor executor_;
    std::shared_ptr<const Config> config_;
    std::string path_;
    UserFactory make_user_;
    std::function<void()> gone_;
    std::unordered_map<std::string, std::shared_ptr<EngineSession>> sessions_;
};

/// 20 characters that nobody can guess, fit for URLs.
std::string make_id();

}  // namespace flow::socketio
