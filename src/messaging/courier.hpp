// Messages between clients and containers (contract 6): what a message may do, where it waits, what is told of it. One
// place in the Hub for each row whose folder is there. Delivery is in order per container; a message is live, or
// durable (in the log and in the store's table), or queued there until its container comes (queue_ttl).
// Borrows store and services, which outlive it. On the io_context's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "domain/ports/messages.hpp"
#include "messaging/awaited.hpp"
#include "messaging/courier_services.hpp"
#include "messaging/deadline.hpp"
#include "messaging/hub.hpp"
#include "messaging/intake.hpp"

namespace flow::messaging {

class Courier final : public domain::Messages, private HubOwner, private IntakeOwner {
public:
    Courier(CourierServices services, CourierConfig config);
    ~Courier() override { stop(); }

    /// Opens the sockets of all rows, and takes up what waits in the store.
    void start();
    void stop();
    /// A row has changed: its socket is opened, or closed where it is gone.
    void look(const std::string& container_id);

    void send(domain::SendCall call, SendDone done) override;
    bool connected(const std::string& container_id) const override { return hub_.connected(container_id); }
    domain::Time last_communication(const std::string& container_id) const override {
        return hub_.last_communication(container_id);
    }

private:
    /// A message on its way.
    struct Letter {
        domain::MessageRow row;
        domain::Json message;
        std::string text;               ///< as it goes out
        bool named = false;             ///< its message_id is the client's own
        bool durable = false;
        bool queued = false;            ///< in the store
        bool record_payload = false;
        Deadline until;                 ///< for the container
        SendDone done;                  ///< none: answered, or sent before the daemon started
    };
    using Ticket = std::uint64_t;

    domain::Result<Letter> write_letter(const domain::Record& record, domain::SendCall& call) const;
    std::optional<domain::Error> refusal_of(const domain::Record& record, const Letter& letter) const;
    bool answer_repeated(const Letter& letter, const domain::SendCall& call, const SendDone& done);
    bool is_same(const domain::MessageRow& row, const Letter& letter, const domain::SendCall& call) const;
    void send_when_written(domain::SendCall call, SendDone done);
    void await_reply(const Letter& letter, domain::Duration timeout, SendDone done);
    std::optional<domain::Duration> patience_for(const domain::Record& record) const;
    void hand_over(Ticket ticket);
    void answer_queued(Ticket ticket);
    void sent(Letter letter);
    void failed(Letter letter, domain::Error error);
    void gone(const std::string& container_id, const std::string& why);
    void take_up_queued();
    void wait_for_replies();

    void on_message(const std::string& id, domain::Json message) override;
    void on_malformed(const std::string& id, const Frame& wrong) override;
    void on_sent(const std::string& id, Outgoing message) override;
    void on_expired(const std::string& id, Outgoing message) override;
    void on_socket_trouble(const std::string& id, const std::string& what) override;

    void on_full(const std::string& id, bool full) override { hub_.pause(id, full); }
    void on_unwritten(const std::string& id, const domain::Error& error) override;
    void tell_unread(const std::string& id, const std::string& why);

    std::optional<Letter> take(Ticket ticket);
    domain::Json payload_of(const Letter& letter, std::string_view status) const;
    void tell(const domain::MessageRow& row, std::string_view event, domain::Json payload, bool durable,
              std::function<void(domain::Result<void>)> done);
    domain::EventDraft draft_of(const domain::MessageRow& row, std::string_view event, domain::Json whole) const;
    domain::Json event_of(const domain::MessageRow& row, const domain::Json& payload) const;
    void log_unwritten(const std::string& id, const domain::Error& error);
    bool is_due(const std::string& id, const char* what);
    void report(const std::string& id, const char* event, domain::Error error);

    CourierServices services_;
    CourierConfig config_;
    Hub hub_;
    Intake intake_;
    Awaited awaited_;
    std::unordered_map<Ticket, Letter> letters_;
    std::set<std::pair<std::string, std::string>> in_flight_;       ///< container, message id: on their way, or awaited
    std::map<std::pair<std::string, std::string>, Steady> reported_;
    boost::asio::steady_timer reply_timer_;
    bool reply_timer_waits_ = false;
    std::map<std::string, std::size_t> unkept_;         ///< bytes for a container on their way into the store
    bool stopped_ = false;
    Ticket last_ticket_ = 0;
    Steady started_;
};

}  // namespace flow::messaging
