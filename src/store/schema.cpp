#include "store/schema.hpp"

#include <array>
#include <string>

#include <SQLiteCpp/Transaction.h>

#include "store/views.hpp"

namespace flow::store {
namespace {

// Times are nanoseconds since 1970. `doc` columns hold JSON of the fields that have no column of
// their own.
constexpr const char* kFirst = R"sql(
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
-- What is wanted, one row a container. A name is taken by one live row only.
CREATE TABLE containers (
    container_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    desired_state TEXT NOT NULL,
    run_wanted INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    source TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    doc TEXT NOT NULL
);
CREATE UNIQUE INDEX containers_live_name ON containers (name COLLATE NOCASE) WHERE deleted = 0;
-- Each generation's spec, with its secrets; kept when the container is deleted.
CREATE TABLE spec_revisions (
    container_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    name TEXT NOT NULL,
    image TEXT NOT NULL,
    spec TEXT NOT NULL,
    spec_hash TEXT NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (container_id, generation)
);
CREATE TABLE status (
    container_id TEXT PRIMARY KEY REFERENCES containers ON DELETE CASCADE,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    docker_id TEXT NOT NULL,
    observed_generation INTEGER NOT NULL,
    active_generation INTEGER NOT NULL,
    run_started INTEGER NOT NULL,
    run_ended INTEGER NOT NULL,
    started_at INTEGER,
    restart_count INTEGER NOT NULL,
    next_retry_at INTEGER,
    doc TEXT NOT NULL
);
-- Starts and exits that were recorded, so that none is recorded twice.
CREATE TABLE facts (
    container_id TEXT NOT NULL REFERENCES containers ON DELETE CASCADE,
    docker_id TEXT NOT NULL,
    time_ns INTEGER NOT NULL,
    type INTEGER NOT NULL,
    PRIMARY KEY (container_id, docker_id, time_ns, type)
) WITHOUT ROWID;
-- outcome: NULL while open; done, failed, superseded; refused (never accepted).
CREATE TABLE requests (
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    container_id TEXT NOT NULL,
    by_client INTEGER NOT NULL,
    payload_digest TEXT NOT NULL,
    target TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT NOT NULL,
    outcome TEXT,
    ended_at INTEGER,
    "end" TEXT,
    PRIMARY KEY (actor, request_id)
);
CREATE INDEX requests_open ON requests (container_id) WHERE outcome IS NULL;
CREATE TABLE manifests (
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    applied_at INTEGER NOT NULL,
    PRIMARY KEY (source, name)
);
-- The one log. AUTOINCREMENT: a seq is never used again, not even when the newest rows are gone.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    container_id TEXT NOT NULL,
    name TEXT NOT NULL,
    request_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    generation INTEGER NOT NULL,
    reconcile_id TEXT NOT NULL,
    summary TEXT NOT NULL,
    payload TEXT NOT NULL
);
CREATE INDEX events_container ON events (container_id);
CREATE INDEX events_kind ON events (kind);
)sql";

// `source` is the set that a document belongs to (a folder, "apply"); before, it was the file. `container_id` is the row
// that the document made, '' when somebody else had made it: what --prune may delete.
constexpr const char* kApplied = R"sql(
ALTER TABLE manifests ADD COLUMN container_id TEXT NOT NULL DEFAULT '';
)sql";

// Durable messages in both directions. `payload`: what is still to be sent; of one that is done only what
// messaging.record_payload keeps. Named apart from the view that is promised. `id` is the order in which they were taken.
constexpr const char* kMessages = R"sql(
CREATE TABLE message_rows (
    id INTEGER PRIMARY KEY,
    container_id TEXT NOT NULL,
    name TEXT NOT NULL,
    message_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    reply_to TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    until INTEGER,
    bytes INTEGER NOT NULL,
    payload TEXT NOT NULL,
    UNIQUE (container_id, direction, message_id)
);
CREATE INDEX message_rows_queued ON message_rows (id) WHERE status = 'queued';
CREATE INDEX message_rows_changed ON message_rows (changed_at);
)sql";

// As a FactKey has them.
constexpr const char* kShortFacts = R"sql(
UPDATE OR REPLACE facts SET docker_id = substr(docker_id, 1, 12);
)sql";

// A client asks again under its request_id: a daemon that does not know it, after a kill.
constexpr const char* kMessageRequests = R"sql(
CREATE INDEX message_rows_request ON message_rows (request_id) WHERE direction = 'out' AND request_id <> '';
)sql";

constexpr std::array kSteps{kFirst, kApplied, kMessages, kMessageRequests, kShortFacts};

}  // namespace

int schema_version() { return static_cast<int>(kSteps.size()); }

domain::Result<void> migrate(SQLite::Database& database) {
    const int found = database.execAndGet("PRAGMA user_version").getInt();
    if (found > schema_version()) {
        domain::Error error;
        error.message = "the database has version " + std::to_string(found) +
                        ", this program knows versions up to " +
                        std::to_string(schema_version()) +
                        ": it was written by a newer one; use that one";
        return error;
    }
    for (int version = found; version < schema_version(); ++version) {
        SQLite::Transaction transaction{database};
        database.exec(kSteps[static_cast<std::size_t>(version)]);
        database.exec("PRAGMA user_version = " + std::to_string(version + 1));
        transaction.commit();
    }
    SQLite::Transaction transaction{database};
    make_views(database);
    transaction.commit();
    return {};
}

}  // namespace flow::store
