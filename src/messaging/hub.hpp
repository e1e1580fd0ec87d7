// All containers' sockets (contract 6): one channel and one outbox each. Knows nothing of rows and requests: who opens a
// place says what holds for it, and until when a message may wait. Messages are validated here: what is handed on is
// one JSON object. On the io_context's thread; its owner may send, open and close when it is told something.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "domain/error.hpp"
#include "domain/spec_parts.hpp"
#include "messaging/channel.hpp"
#include "messaging/deadline.hpp"
#include "messaging/listeners.hpp"
#include "messaging/outbox.hpp"

namespace flow::messaging {

struct HubConfig {
    Outbox::Limits waiting;
    std::chrono::milliseconds silence{1000};            ///< before a container that says nothing is written lines
    std::chrono::milliseconds look_interval{5000};      ///< between looks for socket files that were removed
    std::size_t looks_at_once = 200;                    ///< files; with more of them it takes several intervals
    std::chrono::milliseconds expiry_interval{200};     ///< between looks for messages whose time is over
    /// Text as JSON with the limits of outside input; nothing when it is none.
    std::function<std::optional<domain::Json>(std::string_view text)> parse;
    std::function<Instant()> now;
};

class HubOwner {
public:
    virtual ~HubOwner() = default;
    virtual void on_message(const std::string& id, domain::Json message) = 0;
    /// What came and is no message: an excerpt, and what is wrong with it as the end of a sentence.
    virtual void on_malformed(const std::string& id, const Frame& wrong) = 0;
    virtual void on_sent(const std::string& id, Outgoing message) = 0;
    virtual void on_expired(const std::string& id, Outgoing message) = 0;
    virtual void on_socket_trouble(const std::string& id, const std::string& what) = 0;
};

class Hub final : private ChannelOwner {
public:
    Hub(boost::asio::any_io_executor executor, HubConfig config, HubOwner& owner);
    ~Hub() override { close_all(); }

    /// Listens at `path`; again with other settings when they are others. What waits stays.
    domain::Result<void> open(const std::string& id, const std::string& path,
                              const domain::Messaging& settings);
    /// While it holds, nothing is written there: its process is about to be ended, and the next one shall get it.
    void hold(const std::string& id, bool holds);
    /// Nothing is read from there while it holds.
    void pause(const std::string& id, bool paused);
    /// It has said something that was not read yet.
    bool has_unread(const std::string& id) const;
    /// Answers what still waited.
    std::vector<Outgoing> close(const std::string& id);
    void close_all();

    bool knows(const std::string& id) const { return places_.contains(id); }
    /// Its settings; only of a place that is known.
    const domain::Messaging& settings(const std::string& id) const { return places_.at(id).settings; }
    bool connected(const std::string& id) const;
    /// It was connected before, or is.
    bool has_been_connected(const std::string& id) const;
    /// Of the last message in either direction, or the connection; Time{} for none.
    domain::Time last_communication(const std::string& id) const;
    bool has(const std::string& id, const std::string& message_id) const;
    bool has_room(const std::string& id, std::size_t bytes) const;
    /// Takes the message; it leaves at once where it can. False: too many wait, or nobody opened that place.
    bool send(const std::string& id, Outgoing message);

private:
    struct Place {
        domain::Messaging settings;
        std::shared_ptr<Channel> channel;
        std::unique_ptr<Outbox> box;        ///< while something waits
        domain::Time last;
        bool was_connected = false;
        bool held = false;
        bool lost_told = false;
    };
    void on_connection(const std::string& id, bool connected) override;
    void on_frame(const std::string& id, Frame frame) override;
    void on_written(const std::string& id, std::uint64_t ticket) override;
    void on_trouble(const std::string& id, const std::string& what) override;
    void flush(const std::string& id);
    void look_at_files();
    void look_at(const std::string& id, Place& place);
    void wait_for_expiry();
    void expire();
    Place* find(const std::string& id);
    const Place* find(const std::string& id) const;

    boost::asio::any_io_executor executor_;
    HubConfig config_;
    HubOwner& owner_;
    Listeners listeners_;
    std::map<std::string, Place> places_;
    std::set<std::string> waiting_;         ///< places where messages wait
    std::string looked_at_;                 ///< the last one whose file was looked at
    boost::asio::steady_timer look_;
    boost::asio::steady_timer expiry_;
    bool expiry_waits_ = false;
};

}  // namespace flow::messaging
