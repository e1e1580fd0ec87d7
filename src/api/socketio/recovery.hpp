// Connection state recovery: what a namespace keeps so that a client that lost its connection gets its
// id, its rooms and the events it missed. Pure: no I/O, `now` is an argument. Only sessions that asked
// for it cost anything: without one, nothing is recorded. An offset is the decimal number of an event.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/socketio/socket.hpp"

namespace flow::socketio {

struct RecoveryLimits {
    /// A session is given up, and an event forgotten, this long after.
    std::chrono::milliseconds keep{120'000};
    /// Memory of the events kept for all sessions of a namespace, about; the oldest go first.
    std::size_t max_bytes = 16 * 1024 * 1024;
    /// Sessions waiting for their client; the oldest go first.
    std::size_t max_parked = 10'000;
};

class Recovery {
public:
    using Offset = std::uint64_t;
    using TimePoint = std::chrono::steady_clock::time_point;

    /// What is left of a session whose connection was lost.
    struct Parked {
        std::string id;
        std::vector<std::string> rooms;
        Offset joined = 0;          ///< the newest event when it joined
        TimePoint since;
        std::shared_ptr<void> user_data;
    };
    struct Restored {
        Parked session;
        Offset seen = 0;            ///< the last event that the client has
        std::vector<std::pair<Offset, EncodedEvent>> missed;
    };

    explicit Recovery(RecoveryLimits limits) : limits_(limits) {}

    /// A session that asked has joined, or left for good; while there is none, nothing is recorded.
    void enter() { ++live_; }
    void leave() { --live_; }
    bool wanted() const { return live_ > 0 || !parked_.empty(); }
    Offset newest() const { return newest_; }

    /// Returns the event's offset.
    Offset record(TimePoint now, const EncodedEvent& event, const Audience& audience);
    void park(TimePoint now, std::string pid, Parked session);
    /// Nothing when the session is unknown or given up, or when events that it may have missed are not
    /// kept any more. `offset` is the last one the client has seen; empty: none yet.
    std::optional<Restored> restore(TimePoint now, const std::string& pid, std::string_view offset);

    /// Gives up what is kept for too long. To be called now and then, so that nothing stays when no event comes; the
    /// others here do it by themselves.
    void forget(TimePoint now);

    std::size_t kept_events() const { return events_.size(); }
    std::size_t kept_bytes() const { return bytes_; }

private:
    struct Kept {
        Offset offset = 0;
        TimePoint at;
        EncodedEvent event;
        Audience audience;
        std::size_t cost = 0;
    };
    bool is_parked(const std::pair<TimePoint, std::string>& entry) const;
    /// True when it was a session that is parked still.
    bool forget_front();
    void forget_oldest_session();
    static bool concerns(const Parked& session, const Audience& audience);

    RecoveryLimits limits_;
    std::size_t live_ = 0;
    Offset newest_ = 0;
    Offset forgotten_ = 0;          ///< events up to this one are not kept any more
    std::size_t bytes_ = 0;
    std::deque<Kept> events_;
    std::unordered_map<std::string, Parked> parked_;
    std::deque<std::pair<TimePoint, std::string>> order_;   ///< of parking; ids that are gone are skipped
};

}  // namespace flow::socketio
