// Retention: old rows of the log, old requests, specs of containers that are long gone. In small
// parts, since each is a transaction that others wait for.
#include <algorithm>
#include <utility>

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <spdlog/spdlog.h>

#include "store/store.hpp"

namespace flow::store {
namespace {

constexpr std::int64_t kRowsAtOnce = 2'000;
constexpr std::size_t kRequestsAtOnce = 2'000;

/// The first row, in order of seq, that must stay because it is not older than `until`; all before
/// it may go.
domain::Seq prunable(SQLite::Database& reader, const EventLog& log, domain::Time until,
                     bool& more) {
    SQLite::Statement query{reader,
                            "SELECT seq, time_ns FROM events WHERE seq >= ? AND seq <= ? "
                            "ORDER BY seq LIMIT ?"};
    query.bind(1, log.first());
    query.bind(2, log.last());
    query.bind(3, kRowsAtOnce);
    domain::Seq first = log.first();
    std::int64_t rows = 0;
    while (query.executeStep()) {
        if (query.getColumn(1).getInt64() >= domain::to_nanos(until)) {
            return first;
        }
        first = query.getColumn(0).getInt64() + 1;
        ++rows;
    }
    more = rows == kRowsAtOnce;
    return first;
}

/// Pages that hold something; those that deletions freed are used again.
std::int64_t bytes_used(SQLite::Database& reader) {
    const std::int64_t pages = reader.execAndGet("PRAGMA page_count").getInt64();
    const std::int64_t unused = reader.execAndGet("PRAGMA freelist_count").getInt64();
    return (pages - unused) * reader.execAndGet("PRAGMA page_size").getInt64();
}

}  // namespace

void Store::prune(domain::Time now) {
    if (stale_) {
        reload();
    }
    if (!writable()) {
        return;
    }
    if (!healthy()) {
        // Healthy again if this can be written.
        set_meta("probed_at", domain::to_rfc3339(now), {});
    }
    prune_requests(now);
    try {
        prune_messages(now);
        prune_log(now);
    } catch (const SQLite::Exception& failure) {
        spdlog::error("log not pruned file={} cause=\"{}\"", config_.file, failure.what());
    }
}

/// Of messages that are over, the oldest, as many as one transaction may hold up the others for.
void Store::prune_messages(domain::Time now) {
    const bool too_large = bytes_used(*files_.reader) > config_.log_bytes;
    const domain::Time until = now - (too_large ? config_.horizon : std::max(config_.log_age, config_.horizon));
    const int old = [&] {
        SQLite::Statement query{*files_.reader, "SELECT count(*) FROM (SELECT 1 FROM message_rows WHERE changed_at < ? "
                                                "AND status <> 'queued' LIMIT ?)"};
        query.bind(1, domain::to_nanos(until));
        query.bind(2, kRowsAtOnce);
        query.executeStep();
        return query.getColumn(0).getInt();
    }();
    if (old == 0) {
        return;
    }
    Transaction transaction = begin();
    transaction.statements.push_back(
        Statement{Sql::delete_messages, {number(domain::to_nanos(until)), number(kRowsAtOnce)}});
    submit(std::move(transaction));
}

void Store::prune_log(domain::Time now) {
    const domain::Time horizon = now - config_.horizon;
    const domain::Time by_age = now - std::max(config_.log_age, config_.horizon);
    const bool too_large = bytes_used(*files_.reader) > config_.log_bytes;
    bool more = false;
    const domain::Seq first = prunable(*files_.reader, events_, too_large ? horizon : by_age, more);
    log_too_large_ = too_large && first <= events_.first();
    if (first <= events_.first()) {
        return;
    }
    Transaction transaction = begin();
    transaction.statements.push_back(Statement{Sql::delete_events, {number(first)}});
    transaction.statements.push_back(
        Statement{Sql::delete_specs, {number(domain::to_nanos(by_age))}});
    transaction.pending.first_seq = first;
    transaction.pending.done = [this, now, more](std::optional<domain::Error> error) {
        if (more && !error) {
            prune(now);
        }
    };
    submit(std::move(transaction));
}

void Store::prune_requests(domain::Time now) {
    const std::vector<RequestKey> gone =
        copy_.requests.purge(now - config_.request_age, config_.max_requests, kRequestsAtOnce);
    if (gone.empty()) {
        return;
    }
    Transaction transaction = begin();
    for (const RequestKey& key : gone) {
        transaction.statements.push_back(
            Statement{Sql::delete_request, {key.first, key.second}});
    }
    submit(std::move(transaction));
}

}  // namespace flow::store
