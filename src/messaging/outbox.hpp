// Messages for one container, in order, until they have left us (contract 6): held while it is started anew, kept for
// their time where that was asked for, and handed over again when the connection went before they were written. Free of
// I/O; `now` is an argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "messaging/deadline.hpp"

namespace flow::messaging {

struct Outgoing {
    std::uint64_t ticket = 0;           ///< rising with the order of messages
    std::string message_id;
    std::string text;                   ///< one JSON object
    Deadline until;                     ///< not delivered after it
    bool kept = false;                  ///< it comes from the store, where it was taken before
};

class Outbox {
public:
    struct Limits {
        std::size_t messages = 1000;
        std::size_t bytes = 8u << 20;   ///< one message is always taken
    };
    explicit Outbox(Limits limits) : limits_(limits) {}

    bool has_room(std::size_t bytes) const;
    /// False: too many wait. What was kept over a start of the daemon is always taken.
    bool add(Outgoing message);
    /// A message with that id waits, or is on its way.
    bool has(const std::string& message_id) const;

    /// The first that was not handed over; nullptr when there is none.
    const Outgoing* next() const;
    void handed_over() { ++handed_; }
    /// The last one that was handed over was not taken.
    void take_back() { handed_ -= handed_ > 0 ? 1 : 0; }
    /// All up to that ticket have left us: they are forgotten, and answered.
    std::vector<Outgoing> written(std::uint64_t ticket);
    /// What was handed over and not written goes to the next connection.
    void connection_lost() { handed_ = 0; }
    /// Those whose time is over, less what is handed over already.
    std::vector<Outgoing> expired(const Instant& now);
    bool empty() const { return waiting_.empty(); }
    std::size_t bytes() const { return bytes_; }

private:
    Limits limits_;
    std::deque<Outgoing> waiting_;
    std::size_t handed_ = 0;            ///< of the first ones
    std::size_t bytes_ = 0;
};

}  // namespace flow::messaging
