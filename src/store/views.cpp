#include "store/views.hpp"

#include <string>

namespace flow::store {
namespace {

/// RFC 3339 in UTC with milliseconds of a column in nanoseconds; NULL stays NULL.
std::string time_of(const std::string& column) {
    return "CASE WHEN " + column + " IS NULL THEN NULL ELSE strftime('%Y-%m-%dT%H:%M:%S', " +
           column + " / 1000000000, 'unixepoch') || printf('.%03dZ', " + column +
           " / 1000000 % 1000) END";
}

/// The log as people read it: who asked for what, what was done and why.
std::string audit_log() {
    return "SELECT seq, " + time_of("time_ns") +
           " AS time, actor, kind, type, container_id, name, generation, request_id, reconcile_id, "
           "summary, payload FROM events ORDER BY seq";
}

std::string current_containers() {
    return "SELECT c.container_id, c.name, s.state, s.reason, c.desired_state, c.deleted, r.image, "
           "s.docker_id, c.generation, s.active_generation, s.restart_count, " +
           time_of("s.started_at") + " AS started_at, " + time_of("s.next_retry_at") +
           " AS next_retry_at, " + time_of("c.created_at") +
           " AS created_at, c.source FROM containers c "
           "LEFT JOIN status s ON s.container_id = c.container_id "
           "LEFT JOIN spec_revisions r ON r.container_id = c.container_id AND "
           "r.generation = c.generation ORDER BY c.name";
}

/// State by state, also of containers that are gone.
std::string container_history() {
    return "SELECT seq, " + time_of("time_ns") +
           " AS time, container_id, name, generation, type, "
           "json_extract(payload, '$.old_state') AS old_state, "
           "json_extract(payload, '$.new_state') AS new_state, "
           "json_extract(payload, '$.reason') AS reason, "
           "json_extract(payload, '$.exit_code') AS exit_code, request_id, summary FROM events "
           "WHERE container_id <> '' AND kind = 'event' AND (type = 'status_changed' OR type LIKE "
           "'container\\_%' ESCAPE '\\') ORDER BY seq";
}

/// Environment values whose key looks secret are masked, by the rule of the answers (contract 2).
std::string masked_spec() {
    return "json_set(spec, '$.environment', json((SELECT json_group_object(key, CASE WHEN "
           "upper(key) LIKE '%\\_TOKEN' ESCAPE '\\' OR upper(key) LIKE '%PASSWORD%' OR "
           "upper(key) LIKE '%SECRET%' OR upper(key) LIKE '%\\_KEY' ESCAPE '\\' "
           "THEN '********' ELSE value END) FROM json_each(spec, '$.environment'))))";
}

std::string revisions() {
    return "SELECT container_id, generation, name, image, " + masked_spec() +
           " AS spec, spec_hash, actor, request_id, seq, " + time_of("created_at") +
           " AS created_at FROM spec_revisions ORDER BY container_id, generation";
}

/// Of a message that waits the payload is what is still to be sent: not for the view.
std::string messages() {
    return "SELECT message_id, container_id, name, direction, status, actor, request_id, reply_to, " +
           time_of("created_at") + " AS created_at, " + time_of("changed_at") + " AS changed_at, " +
           time_of("until") + " AS until, bytes, CASE WHEN status = 'queued' OR payload = '' THEN NULL "
           "ELSE payload END AS payload FROM message_rows ORDER BY id";
}

void make_view(SQLite::Database& database, const std::string& name, const std::string& select) {
    database.exec("DROP VIEW IF EXISTS " + name);
    database.exec("CREATE VIEW " + name + " AS " + select);
}

}  // namespace

void make_views(SQLite::Database& database) {
    make_view(database, "audit_log", audit_log());
    make_view(database, "current_containers", current_containers());
    make_view(database, "container_history", container_history());
    make_view(database, "revisions", revisions());
    make_view(database, "messages", messages());
}

}  // namespace flow::store
