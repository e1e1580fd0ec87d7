#include "store/load.hpp"

#include <stdexcept>

#include <SQLiteCpp/Statement.h>
#include <spdlog/spdlog.h>

#include "store/json_fields.hpp"
#include "store/persist.hpp"
#include "store/record_json.hpp"
#include "store/spec_json.hpp"

namespace flow::store {
namespace {

using domain::Record;
using Records = std::map<std::string, Record, std::less<>>;

Record read_container(SQLite::Statement& query, const std::string& run_dir) {
    Record record;
    record.container_id = query.getColumn(0).getString();
    record.generation = static_cast<domain::Generation>(query.getColumn(1).getInt64());
    record.desired = desired_of(query.getColumn(2).getString());
    record.run_wanted = static_cast<domain::Run>(query.getColumn(3).getInt64());
    record.deleted = query.getColumn(4).getInt() != 0;
    record.source = query.getColumn(5).getString();
    record.created = domain::from_nanos(query.getColumn(6).getInt64());
    record.actor = query.getColumn(7).getString();
    record.request_id = query.getColumn(8).getString();
    desired_from_json(parse(query.getColumn(9).getString()), record);
    record.status = status_from_json(parse(query.getColumn(10).getString()));
    record.socket_folder = run_dir + "/" + record.container_id;
    return record;
}

Records read_containers(SQLite::Database& database, const std::string& run_dir) {
    Records records;
    SQLite::Statement query{
        database,
        "SELECT c.container_id, c.generation, c.desired_state, c.run_wanted, c.deleted, c.source, "
        "c.created_at, c.actor, c.request_id, c.doc, ifnull(s.doc, '{}') FROM containers c "
        "LEFT JOIN status s ON s.container_id = c.container_id"};
    while (query.executeStep()) {
        const std::string container_id = query.getColumn(0).getString();
        try {
            records[container_id] = read_container(query, run_dir);
        } catch (const domain::Json::exception& failure) {
            throw std::runtime_error("container " + container_id + " cannot be read: " +
                                     failure.what());
        }
    }
    return records;
}

void read_specs(SQLite::Database& database, Records& records) {
    SQLite::Statement query{database,
                            "SELECT spec FROM spec_revisions WHERE container_id = ? AND "
                            "generation = ?"};
    for (auto& [container_id, record] : records) {
        record.specs.try_emplace(record.generation);
        for (auto& [generation, spec] : record.specs) {
            query.reset();
            query.bind(1, container_id);
            query.bind(2, static_cast<std::int64_t>(generation));
            if (!query.executeStep()) {
                throw std::runtime_error("container " + container_id +
                                         " has no spec of generation " +
                                         std::to_string(generation));
            }
            spec = spec_from_json(parse(query.getColumn(0).getString()));
        }
    }
}

void read_facts(SQLite::Database& database, Records& records) {
    SQLite::Statement query{database, "SELECT container_id, docker_id, time_ns, type FROM facts"};
    while (query.executeStep()) {
        const auto found = records.find(query.getColumn(0).getString());
        if (found != records.end()) {
            found->second.seen.emplace(query.getColumn(1).getString(),
                                       query.getColumn(2).getInt64(), query.getColumn(3).getInt());
        }
    }
}

domain::OpenRequest read_open(SQLite::Statement& query) {
    domain::OpenRequest open;
    open.actor = query.getColumn(0).getString();
    open.request_id = query.getColumn(1).getString();
    open.operation = query.getColumn(2).getString();
    open.target = target_from_json(parse(query.getColumn(6).getString()));
    open.seq = query.getColumn(7).getInt64();
    open.at = domain::from_nanos(query.getColumn(8).getInt64());
    return open;
}

/// What is remembered of one request; the columns are those of the table.
Remembered read_request(SQLite::Statement& query) {
    Remembered request;
    request.client_gave_id = query.getColumn(4).getInt() != 0;
    request.payload_digest = query.getColumn(5).getString();
    request.answer = accepted_from_json(parse(query.getColumn(9).getString()));
    if (query.isColumnNull(10)) {
        return request;
    }
    const Json end = parse(query.getColumn(12).getString());
    request.ended_at = domain::from_nanos(query.getColumn(11).getInt64());
    if (query.getColumn(10).getString() == kRefused) {
        request.refusal = error_from_json(end);
        return request;
    }
    domain::RequestEnd& told = request.end.emplace();
    told.actor = query.getColumn(0).getString();
    told.request_id = query.getColumn(1).getString();
    told.operation = query.getColumn(2).getString();
    told.container_id = query.getColumn(3).getString();
    end_from_json(end, told);
    return request;
}

void read_requests(SQLite::Database& database, Records& records, RequestBook& book) {
    SQLite::Statement query{database,
                            "SELECT * FROM requests ORDER BY ifnull(ended_at, 0), seq, rowid"};
    while (query.executeStep()) {
        RequestKey key{query.getColumn(0).getString(), query.getColumn(1).getString()};
        if (query.isColumnNull(10)) {
            const auto found = records.find(query.getColumn(3).getString());
            if (found == records.end()) {
                spdlog::warn("open request without a container request_id={} container_id={}",
                             key.second, query.getColumn(3).getString());
                continue;
            }
            found->second.open.push_back(read_open(query));
        }
        book.put(key, read_request(query));
    }
}

}  // namespace

Loaded load(SQLite::Database& database, const std::string& run_dir) {
    Loaded loaded;
    Records records = read_containers(database, run_dir);
    read_specs(database, records);
    read_facts(database, records);
    read_requests(database, records, loaded.requests);
    for (auto& [container_id, record] : records) {
        Row& row = loaded.rows.add(std::move(record));
        row.written = written_as(row.record);
    }
    SQLite::Statement meta{database, "SELECT key, value FROM meta"};
    while (meta.executeStep()) {
        loaded.meta[meta.getColumn(0).getString()] = meta.getColumn(1).getString();
    }
    SQLite::Statement manifests{database,
                                "SELECT source, name, digest, container_id FROM manifests"};
    while (manifests.executeStep()) {
        ManifestKey key{manifests.getColumn(0).getString(), manifests.getColumn(1).getString()};
        loaded.manifests[std::move(key)] =
            Applied{manifests.getColumn(2).getString(), manifests.getColumn(3).getString()};
    }
    return loaded;
}

}  // namespace flow::store
