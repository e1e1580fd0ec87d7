// What containers have said and the log shall keep (messaging.durable), on its way into the store: in order, one
// transaction of a container at a time, and kept here until it is written. Bounded: who is full is not read from.
// Borrows the store and the owner, which outlive it. On the io_context's thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "domain/ports/messages.hpp"
#include "messaging/courier_services.hpp"

namespace flow::messaging {

class IntakeOwner {
public:
    virtual ~IntakeOwner() = default;
    /// While it is full, nothing more should be read from that container.
    virtual void on_full(const std::string& id, bool full) = 0;
    /// It could not be written now; it is kept, and tried again.
    virtual void on_unwritten(const std::string& id, const domain::Error& error) = 0;
};

class Intake {
public:
    using Done = std::function<void(const domain::Result<void>&)>;
    struct Item {
        std::optional<domain::MessageRow> row;      ///< none: only the event
        domain::EventDraft draft;
        Done answer;                    ///< at the first attempt, also one that failed
    };

    Intake(boost::asio::any_io_executor executor, domain::MessageStore& messages, IntakeLimits limits,
           IntakeOwner& owner);

    void add(const std::string& id, Item item);
    bool is_full(const std::string& id) const;
    /// Its last attempt failed. Then something of it is kept here, with this name of the container.
    bool is_blocked(const std::string& id) const { return blocked_.contains(id); }
    const std::string& name_of(const std::string& id) const { return boxes_.at(id).items.front().draft.name; }
    /// Of one that is blocked: tries it now, and tells how that went.
    void try_now(const std::string& id, Done done);
    /// The last attempt for all of it; what fails then is lost, and said in the daemon's log.
    void stop();

private:
    struct Box {
        std::deque<Item> items;
        std::size_t bytes = 0;          ///< of messages
        std::size_t writing = 0;        ///< of the first ones
        bool full = false;
        std::vector<Done> waiting;
    };
    void write(const std::string& id);
    void put(std::deque<Item>& items, std::size_t first, std::size_t count, Done done);
    void put_last(std::deque<Item>& items, std::size_t first);
    void written(std::string id, const domain::Result<void>& result);
    void succeeded(const std::string& id, std::size_t count);
    void failed(const std::string& id, std::size_t count, const domain::Error& error);
    void tell_full(const std::string& id, Box& box);
    void wait();
    void try_next();

    domain::MessageStore& messages_;
    IntakeLimits limits_;
    IntakeOwner& owner_;
    std::map<std::string, Box> boxes_;
    std::set<std::string> blocked_;
    std::string tried_;                 ///< the last one, by the timer
    boost::asio::steady_timer timer_;
    domain::Duration delay_;
    bool timer_waits_ = false;
    bool stopped_ = false;
};

}  // namespace flow::messaging
