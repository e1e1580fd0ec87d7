// The newest public events in memory, filled as they become durable, and older ones from the file.
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

    /// Reads the newest `capacity` public events. Throws SQLite::Exception.
    EventLog(std::shared_ptr<SQLite::Database> reader, std::size_t capacity);

    /// A transaction became durable; `last` is the newest seq of any kind so far.
    void append(const std::vector<domain::StoredEvent>& events, domain::Seq last);
    /// Rows before `first` were pruned.
    void set_first(domain::Seq first);

    domain::Result<std::vector<domain::StoredEvent>> after(domain::Seq after,
                                                           std::size_t limit) const;
    domain::Seq last() const { return last_; }
    /// One more than last() when nothing is kept.
    domain::Seq first() const { return first_; }

private:
    std::vector<domain::StoredEvent> from_file(domain::Seq after, std::size_t limit) const;

    std::shared_ptr<SQLite::Database> reader_;
    std::size_t capacity_;
    std::deque<domain::StoredEvent> ring_;
    domain::Seq floor_ = 0;     ///< every public event after this one is in the ring
    domain::Seq last_ = 0;
    domain::Seq first_ = 1;
};

}  // namespace flow::store
