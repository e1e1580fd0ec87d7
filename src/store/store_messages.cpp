// Durable messages (contract 6): rows of their own, written with what is told of them.
#include <utility>

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include "store/database.hpp"
#include "store/store.hpp"

namespace flow::store {
namespace {

constexpr const char* kColumns =
    "SELECT container_id, name, message_id, direction, status, actor, request_id, reply_to, created_at, "
    "changed_at, until, bytes, payload FROM message_rows WHERE ";
constexpr const char* kQueued = "status = 'queued' ORDER BY created_at, id";
/// With the words of the index, which is used then.
constexpr const char* kSentAs =
    "request_id = ? AND actor = ? AND direction = 'out' AND request_id <> '' ORDER BY changed_at DESC, id DESC LIMIT 1";

Statement put(domain::MessageRow row) {
    return Statement{Sql::put_message,
                     {std::move(row.container_id), std::move(row.name), std::move(row.message_id),
                      std::move(row.direction), std::move(row.status), std::move(row.actor),
                      std::move(row.request_id), std::move(row.reply_to),
                      number(domain::to_nanos(row.created)), number(domain::to_nanos(row.changed)),
                      optional_time(row.until), number(row.bytes), std::move(row.payload)}};
}

domain::MessageRow row_of(SQLite::Statement& query) {
    domain::MessageRow row;
    row.container_id = query.getColumn(0).getString();
    row.name = query.getColumn(1).getString();
    row.message_id = query.getColumn(2).getString();
    row.direction = query.getColumn(3).getString();
    row.status = query.getColumn(4).getString();
    row.actor = query.getColumn(5).getString();
    row.request_id = query.getColumn(6).getString();
    row.reply_to = query.getColumn(7).getString();
    row.created = domain::from_nanos(query.getColumn(8).getInt64());
    row.changed = domain::from_nanos(query.getColumn(9).getInt64());
    row.until = domain::from_nanos(query.getColumn(10).getInt64());
    row.bytes = query.getColumn(11).getInt64();
    row.payload = query.getColumn(12).getString();
    return row;
}

}  // namespace

void Store::put_messages(std::vector<domain::MessageRow> rows, std::vector<domain::EventDraft> drafts,
                         Done done) {
    const auto finished = when_durable(std::move(done));
    if (auto ready = writable(); !ready) {
        return later([finished, error = ready.error()] { finished(error); });
    }
    Transaction transaction = begin();
    transaction.pending.done = finished;
    for (domain::MessageRow& row : rows) {
        transaction.statements.push_back(put(std::move(row)));
    }
    for (domain::EventDraft& draft : drafts) {
        transaction.changes.add(std::move(draft));
    }
    finish(std::move(transaction), nullptr);
}

domain::Result<std::vector<domain::MessageRow>> Store::queued_messages() const {
    std::vector<domain::MessageRow> rows;
    try {
        SQLite::Statement query{*files_.reader, std::string{kColumns} + kQueued};
        while (query.executeStep()) {
            rows.push_back(row_of(query));
        }
    } catch (const SQLite::Exception& failure) {
        return sqlite_error("cannot read the messages that wait", failure.what());
    }
    return rows;
}

domain::Result<std::optional<domain::MessageRow>> Store::message_sent_as(const std::string& actor,
                                                                         const std::string& request_id) const {
    std::optional<domain::MessageRow> row;
    try {
        SQLite::Statement query{*files_.reader, std::string{kColumns} + kSentAs};
        query.bind(1, request_id);
        query.bind(2, actor);
        if (query.executeStep()) {
            row = row_of(query);
        }
    } catch (const SQLite::Exception& failure) {
        return sqlite_error("cannot read whether a message was sent before", failure.what());
    }
    return row;
}

}  // namespace flow::store
