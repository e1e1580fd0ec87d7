// All containers' sockets (contract 6): one channel and one outbox each. Knows nothing of rows and requests: who opens a
// place says what holds for it, and whether a message may wait. On the io_context's thread. Hooks may send, open and
// close. Messages are validated here: what is handed on is one JSON object.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "domain/error.hpp"
#include "domain/spec_parts.hpp"
#include "messaging/channel.hpp"
#include "messaging/outbox.hpp"

namespace flow::messaging {

struct HubConfig {
    Outbox::Limits waiting;
    std::chrono::milliseconds silence{1000};            ///< before a container that says nothing is written lines
    std::chrono::milliseconds look_interval{5000};      ///< between looks for socket files that were removed
};

class Hub {
public:
    struct Hooks {
        std::function<void(const std::string& id, domain::Json message)> received;
        /// What came and is no message: an excerpt, and what is wrong with it as the end of a sentence.
        std::function<void(const std::string& id, const Frame& wrong)> malformed;
        std::function<void(const std::string& id, bool connected)> connection;
        std::function<void(const std::string& id, Outgoing message)> delivered;
        std::function<void(const std::string& id, Outgoing message)> expired;
        std::function<void(const std::string& id, const std::string& what)> trouble;
        /// Text as JSON with the limits of outside input; nothing when it is none.
        std::function<std::optional<domain::Json>(std::string_view text)> parse;
        std::function<domain::Time()> now;
    };
    Hub(boost::asio::any_io_executor executor, HubConfig config, Hooks hooks);

    /// Listens at `path`; again with other settings when they are others. What waits stays.
    domain::Result<void> open(const std::string& id, const std::string& path,
                              const domain::Messaging& settings);
    /// Answers what still waited.
    std::vector<Outgoing> close(const std::string& id);
    void close_all();

    bool knows(const std::string& id) const { return places_.contains(id); }
    bool connected(const std::string& id) const;
    /// Of the last message in either direction, or the connection; Time{} for none.
    domain::Time last_communication(const std::string& id) const;
    bool has(const std::string& id, const std::string& message_id) const;
    /// Takes the message; it leaves at once where it can. False: too many wait, or nobody opened that place.
    bool send(const std::string& id, Outgoing message);

private:
    struct Place {
        std::string path;
        domain::Messaging settings;
        std::shared_ptr<Channel> channel;
        Outbox box;
        domain::Time last;
        bool lost_told = false;
    };
    Channel::Hooks hooks_for(const std::string& id);
    void connection(const std::string& id, bool connected);
    void received(const std::string& id, Frame frame);
    void flush(const std::string& id);
    void written(const std::string& id, std::uint64_t ticket);
    void look_at_files();
    void wait_for_expiry();
    void expire();
    Place* find(const std::string& id);

    boost::asio::any_io_executor executor_;
    HubConfig config_;
    Hooks hooks_;
    std::map<std::string, Place> places_;
    boost::asio::steady_timer look_;
    boost::asio::steady_timer expiry_;
    std::optional<domain::Time> expiry_at_;
};

}  // namespace flow::messaging
