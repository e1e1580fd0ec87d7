#include "store/statements.hpp"

namespace flow::store {

// Upserts where others refer to the row: REPLACE would delete it first, and those with it.
const char* text_of(Sql sql) {
    switch (sql) {
        case Sql::put_meta:
            return "INSERT INTO meta (key, value) VALUES (?, ?) "
                   "ON CONFLICT DO UPDATE SET value = excluded.value";
        case Sql::put_container:
            return "INSERT INTO containers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                   "ON CONFLICT (container_id) DO UPDATE SET name = excluded.name, "
                   "generation = excluded.generation, desired_state = excluded.desired_state, "
                   "run_wanted = excluded.run_wanted, deleted = excluded.deleted, "
                   "source = excluded.source, created_at = excluded.created_at, "
                   "actor = excluded.actor, request_id = excluded.request_id, doc = excluded.doc";
        case Sql::delete_container:
            return "DELETE FROM containers WHERE container_id = ?";
        case Sql::put_spec:
            return "INSERT INTO spec_revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                   "ON CONFLICT DO NOTHING";
        case Sql::put_status:
            return "INSERT INTO status VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                   "ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason, "
                   "docker_id = excluded.docker_id, "
                   "observed_generation = excluded.observed_generation, "
                   "active_generation = excluded.active_generation, "
                   "run_started = excluded.run_started, run_ended = excluded.run_ended, "
                   "started_at = excluded.started_at, restart_count = excluded.restart_count, "
                   "next_retry_at = excluded.next_retry_at, doc = excluded.doc";
        case Sql::put_fact:
            return "INSERT INTO facts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        case Sql::delete_fact:
            return "DELETE FROM facts WHERE container_id = ? AND docker_id = ? AND time_ns = ? AND type = ?";
        case Sql::put_request:
            return "INSERT OR REPLACE INTO requests VALUES "
                   "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        case Sql::put_open:
            return "INSERT INTO requests VALUES "
                   "(?, ?, ?, ?, 0, '', ?, ?, ?, '{}', NULL, NULL, NULL) "
                   "ON CONFLICT DO UPDATE SET operation = excluded.operation, "
                   "container_id = excluded.container_id, target = excluded.target, "
                   "seq = excluded.seq, at = excluded.at";
        case Sql::end_request:
            return "UPDATE requests SET outcome = ?, ended_at = ?, \"end\" = ? "
                   "WHERE actor = ? AND request_id = ?";
        case Sql::delete_request:
            return "DELETE FROM requests WHERE actor = ? AND request_id = ?";
        case Sql::put_manifest:
            return "INSERT INTO manifests (source, name, digest, applied_at, container_id) "
                   "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET digest = excluded.digest, "
                   "applied_at = excluded.applied_at, container_id = excluded.container_id";
        case Sql::delete_manifest:
            return "DELETE FROM manifests WHERE source = ? AND name = ?";
        case Sql::put_event:
            return "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        case Sql::delete_events:
            return "DELETE FROM events WHERE seq < ?";
        case Sql::delete_specs:
            return "DELETE FROM spec_revisions WHERE created_at < ? AND container_id NOT IN "
                   "(SELECT container_id FROM containers)";
        case Sql::put_message:
            return "INSERT INTO message_rows (container_id, name, message_id, direction, status, actor, request_id, "
                   "reply_to, created_at, changed_at, until, bytes, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                   "ON CONFLICT (container_id, direction, message_id) DO UPDATE SET "
                   "status = excluded.status, changed_at = excluded.changed_at, until = excluded.until, "
                   "payload = excluded.payload, actor = excluded.actor, request_id = excluded.request_id, bytes = "
                   "excluded.bytes, created_at = excluded.created_at, reply_to = excluded.reply_to";
        case Sql::delete_messages:
            return "DELETE FROM message_rows WHERE id IN (SELECT id FROM message_rows WHERE changed_at < ? "
                   "AND status <> 'queued' ORDER BY changed_at LIMIT ?)";
    }
    return "";
}

}  // namespace flow::store
