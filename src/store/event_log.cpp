#include "store/event_log.hpp"

#include <algorithm>

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include "domain/json_bytes.hpp"
#include "store/database.hpp"
#include "store/json_fields.hpp"
#include "store/record_json.hpp"

namespace flow::store {
namespace {

using domain::Seq;
using domain::StoredEvent;

constexpr const char* kColumns =
    "SELECT seq, time_ns, kind, type, container_id, name, request_id, actor, generation, summary, "
    "payload FROM events WHERE kind = 'event' AND ";

StoredEvent read_event(SQLite::Statement& query) {
    StoredEvent event;
    event.seq = query.getColumn(0).getInt64();
    event.time = domain::from_nanos(query.getColumn(1).getInt64());
    event.kind = kind_of(query.getColumn(2).getString());
    event.type = query.getColumn(3).getString();
    event.container_id = query.getColumn(4).getString();
    event.name = query.getColumn(5).getString();
    event.request_id = query.getColumn(6).getString();
    event.actor = query.getColumn(7).getString();
    event.generation = static_cast<domain::Generation>(query.getColumn(8).getInt64());
    event.summary = query.getColumn(9).getString();
    event.payload = parse(query.getColumn(10).getString());
    return event;
}

std::size_t bytes_of(const StoredEvent& event) {
    return sizeof event + event.summary.capacity() + domain::json_bytes(event.payload);
}

}  // namespace

EventLog::EventLog(std::shared_ptr<SQLite::Database> reader, Limits limits)
    : reader_{std::move(reader)}, limits_{limits} {
    SQLite::Statement used{*reader_, "SELECT seq FROM sqlite_sequence WHERE name = 'events'"};
    if (used.executeStep()) {
        last_ = used.getColumn(0).getInt64();
    }
    SQLite::Statement oldest{*reader_, "SELECT min(seq) FROM events"};
    oldest.executeStep();
    first_ = oldest.isColumnNull(0) ? last_ + 1 : oldest.getColumn(0).getInt64();

    SQLite::Statement newest{*reader_,
                             std::string{kColumns} + "seq <= ? ORDER BY seq DESC LIMIT ?"};
    newest.bind(1, last_);
    newest.bind(2, static_cast<std::int64_t>(limits_.events) + 1);
    while (!is_full() && newest.executeStep()) {
        StoredEvent event = read_event(newest);
        const std::size_t bytes = bytes_of(event);
        bytes_ += bytes;
        ring_.push_front(Kept{std::move(event), bytes});
    }
    while (is_full()) {
        drop_oldest();
    }
}

void EventLog::append(const std::vector<StoredEvent>& events, Seq last) {
    for (const StoredEvent& event : events) {
        const std::size_t bytes = bytes_of(event);
        bytes_ += bytes;
        ring_.push_back(Kept{event, bytes});
        while (is_full()) {
            drop_oldest();
        }
    }
    last_ = std::max(last_, last);
}

/// From then on the file tells it.
void EventLog::drop_oldest() {
    floor_ = ring_.front().event.seq;
    bytes_ -= ring_.front().bytes;
    ring_.pop_front();
}

void EventLog::set_first(Seq first) {
    first_ = std::max(first_, first);
    while (!ring_.empty() && ring_.front().event.seq < first_) {
        drop_oldest();
    }
}

domain::Result<std::vector<StoredEvent>> EventLog::after(Seq after, std::size_t limit) const {
    const std::size_t most = std::min(limit, kMostAtOnce);
    try {
        if (after < floor_) {
            return from_file(after, most);
        }
    } catch (const SQLite::Exception& failure) {
        return sqlite_error("cannot read the events after " + std::to_string(after),
                            failure.what());
    }
    std::vector<StoredEvent> found;
    const auto newer = [](Seq seq, const Kept& kept) { return seq < kept.event.seq; };
    auto kept = std::upper_bound(ring_.begin(), ring_.end(), after, newer);
    for (; kept != ring_.end() && found.size() < most; ++kept) {
        found.push_back(kept->event);
    }
    return found;
}

/// Never beyond last(): the file may hold what no callback has told yet.
std::vector<StoredEvent> EventLog::from_file(Seq after, std::size_t limit) const {
    SQLite::Statement query{*reader_, std::string{kColumns} +
                                          "seq > ? AND seq <= ? ORDER BY seq LIMIT ?"};
    query.bind(1, after);
    query.bind(2, last_);
    query.bind(3, static_cast<std::int64_t>(limit));
    std::vector<StoredEvent> found;
    std::size_t bytes = 0;
    while (bytes < kMostBytesAtOnce && query.executeStep()) {
        found.push_back(read_event(query));
        bytes += bytes_of(found.back());
    }
    return found;
}

}  // namespace flow::store
