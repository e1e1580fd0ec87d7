// One Engine.IO session: what survives the change of transports. Joins the pure states of
// session_state.hpp with one exact timer and wakes whoever writes: the open poll or the websocket.
// Lives on the io_context's thread, kept by its site's table and by the transports that serve it.
// The layer above is told of the end once, and never from inside a call of its own to send.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/socketio/config.hpp"
#include "api/socketio/session_parts.hpp"
#include "api/socketio/session_state.hpp"

namespace flow::socketio {

class EngineSession : public std::enable_shared_from_this<EngineSession> {
public:
    EngineSession(boost::asio::any_io_executor executor, std::shared_ptr<const Config> config,
                  SessionInit init);

    void start(std::shared_ptr<SessionUser> user);
    const std::string& sid() const { return init_.sid; }
    const std::shared_ptr<const Handshake>& handshake() const { return init_.handshake; }
    TransportState& transport() { return transport_; }
    bool open() const { return life_ == Life::open; }
    /// The first packet: '0' and its JSON.
    std::string open_packet() const;

    /// Does nothing once the session ends. Above the bound the session ends with "send queue full".
    void send(Message message);
    /// A message of bare Engine.IO.
    void send_raw(std::string_view data, bool binary);
    std::size_t pending_bytes() const { return queue_.bytes() + in_flight_; }
    /// Without those that may still be dropped.
    std::size_t owed_bytes() const { return pending_bytes() - queue_.droppable_bytes(); }
    /// Ends for the layer above now; what is queued still goes out, for a short while.
    void finish(const std::string& reason);
    /// Ends at once. `farewell` is what an open poll gets.
    void fail(const std::string& reason, PacketType farewell = PacketType::close);

    /// Waits until there is something for the client. The caller writes it and then calls
    /// written().
    boost::asio::awaitable<PollAnswer> poll();
    /// The next message for the websocket; nothing while there is none or the session is over.
    std::optional<Message> take();
    void written(std::size_t cost, bool ok);
    /// False when the packet was malformed, which has ended the session.
    bool receive(const PacketView& packet);

    /// A websocket tries for this session; false when it has one or is tried by another.
    bool attach_candidate(std::shared_ptr<TransportLink> link);
    /// What the candidate's packet means; after take_over it is the transport.
    TransportState::Step on_candidate_packet(const PacketView& packet);
    void abandon_candidate();
    /// The websocket of a session that began with it.
    void attach(std::shared_ptr<TransportLink> link) { link_ = std::move(link); }
    /// Closing, and everything has been taken: the websocket may say goodbye.
    bool finished() const { return life_ != Life::open && queue_.empty(); }
    /// A transport carries it, or something waits to be fetched by polling.
    bool in_use() const {
        return transport_.kind() == TransportKind::websocket || transport_.poll_open() || !queue_.empty();
    }

private:
    enum class Life { open, doomed, closing, closed };

    void arm(TimePoint when);
    void on_timer();
    void wake_writer();
    void wake_poll();
    void trim_queue();
    bool poll_is_due(bool waited) const;
    PollAnswer make_poll_answer();
    void tell_user(const std::string& reason);
    static void append_packets(std::string& payload, const Message& message);

    std::shared_ptr<const Config> config_;
    SessionInit init_;
    TransportState transport_;
    Heartbeat heartbeat_;
    SendQueue queue_;
    std::size_t in_flight_ = 0;
    bool told_of_drops_ = false;
    Life life_ = Life::open;
    PacketType farewell_ = PacketType::close;
    TimePoint armed_;
    boost::asio::steady_timer timer_;
    std::unique_ptr<boost::asio::steady_timer> poll_wake_;  ///< while a poll waits
    std::shared_ptr<SessionUser> user_;
    std::shared_ptr<TransportLink> link_;
    std::shared_ptr<TransportLink> candidate_;
};

}  // namespace flow::socketio
