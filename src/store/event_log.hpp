// The newest public events in memory, bounded by number and bytes (some hold a whole message), filled as they become
// durable, and older ones from the file.
// Keeps the first and last seq of the log. io_context's thread only; shares the read-only
// connection.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include <SQLiteCpp/Database.h>

#include "domain/error.hpp"
#include "domain/ports/store.hpp"

namespace flow::store {

class EventLog {
public:
    /// Answers of events_after are never longer than this.
    static constexpr std::size_t kMostAtOnce = 4'096;

    /// Of one answer, beyond its first event: about, in memory.
    static constexpr std::size_t kMostBytesAtOnce = 16u << 20;

    struct Limits {
        std::size_t events = 4'096;
        std::size_t bytes = 8u << 20;
    };

    /// Reads the newest public events, as many as are kept. Throws SQLite::Exception.
    EventLog(std::shared_ptr<SQLite::Database> reader, Limits limits);

    /// A transaction became durable; `last` is the newest seq of any kind so far.
    void append(const std::vector<domain::StoredEvent>& events, domain::Seq last);
    /// Rows before `first` were pruned.
    void set_first(domain::Seq first);

    domain::Result<std::vector<domain::StoredEvent>> after(domain::Seq after,
                                                           std::size_t limit) const;
    domain::Seq last() const { return last_; }
    /// One more than last() when nothing is kept.
    domain::Seq first() const { return first_; }
    /// Of what is kept in memory.
    std::size_t bytes() const { return bytes_; }

private:
    struct Kept {
        domain::StoredEvent event;
        std::size_t bytes = 0;
    };
    bool is_full() const { return ring_.size() > limits_.events || bytes_ > limits_.bytes; }
    void drop_oldest();
    std::vector<domain::StoredEvent> from_file(domain::Seq after, std::size_t limit) const;

    std::shared_ptr<SQLite::Database> reader_;
    Limits limits_;
    std::deque<Kept> ring_;
    std::size_t bytes_ = 0;
    domain::Seq floor_ = 0;     ///< every public event after this one is in the ring
    domain::Seq last_ = 0;
    domain::Seq first_ = 1;
};

}  // namespace flow::store
