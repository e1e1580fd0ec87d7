#include "store/persist.hpp"

#include <algorithm>

#include "domain/spec_canonical.hpp"
#include "store/json_fields.hpp"
#include "store/record_json.hpp"
#include "store/spec_json.hpp"

namespace flow::store {
namespace {

using domain::EventDraft;
using domain::FactKey;
using domain::Generation;
using domain::Record;
using domain::Status;
using domain::StoredEvent;

std::vector<Value> container_values(const Record& record) {
    return {record.container_id,
            record.spec().name,
            number(record.generation),
            std::string{desired_word(record.desired)},
            number(record.run_wanted),
            number(record.deleted),
            record.source,
            number(domain::to_nanos(record.created)),
            record.actor,
            record.request_id,
            dump(desired_to_json(record))};
}

domain::Time next_retry(const Status& status) {
    domain::Time latest;
    for (const auto& [kind, backoff] : status.backoff) {
        latest = std::max(latest, backoff.next);
    }
    return latest;
}

std::vector<Value> status_values(const Record& record) {
    const Status& status = record.status;
    return {record.container_id,
            std::string{state_word(status.state)},
            status.reason,
            status.docker_id,
            number(status.observed_generation),
            number(status.active_generation),
            number(status.run_started),
            number(status.run_ended),
            optional_time(status.started_at),
            number(status.restart_count),
            optional_time(next_retry(status)),
            dump(status_to_json(status))};
}

/// 60 bits of SHA-256 over the values with their kinds and lengths: what fits into a string without memory of its own.
std::string digest_of(const std::vector<Value>& values) {
    constexpr std::size_t kHexDigits = 15;
    std::string bytes;
    for (const Value& value : values) {
        if (const auto* text = std::get_if<std::string>(&value)) {
            bytes += "s" + std::to_string(text->size()) + ":" + *text;
        } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
            bytes += "i" + std::to_string(*whole) + ";";
        } else {
            bytes += "n";
        }
    }
    return domain::sha256_hex(bytes).substr(0, kHexDigits);
}

/// The statement, unless the row has these values already.
void put_if_changed(Sql sql, std::vector<Value> values, std::string& written, std::vector<Statement>& out) {
    std::string digest = digest_of(values);
    if (digest != written) {
        out.push_back(Statement{sql, std::move(values)});
        written = std::move(digest);
    }
}

std::set<Generation> generations(const Record& record) {
    std::set<Generation> held;
    for (const auto& [generation, spec] : record.specs) {
        held.insert(generation);
    }
    return held;
}

void write_specs(Row& row, const Author& author, std::vector<Statement>& out) {
    const Record& record = row.record;
    for (const auto& [generation, spec] : record.specs) {
        if (row.written.specs.contains(generation)) {
            continue;
        }
        Statement statement{Sql::put_spec, {}};
        statement.values = {record.container_id,
                            number(generation),
                            spec.name,
                            spec.image,
                            dump(spec_to_json(spec)),
                            domain::spec_hash(spec),
                            author.actor,
                            author.request_id,
                            number(record.generation_seq),
                            number(domain::to_nanos(author.at))};
        out.push_back(std::move(statement));
    }
    row.written.specs = generations(record);
}

/// Forgets the oldest facts beyond `most`.
void trim(domain::Facts& facts, std::size_t most) {
    if (facts.size() <= most) {
        return;
    }
    std::vector<FactKey> by_age{facts.begin(), facts.end()};
    std::sort(by_age.begin(), by_age.end(), [](const FactKey& one, const FactKey& other) {
        return std::get<1>(one) < std::get<1>(other);
    });
    by_age.resize(by_age.size() - most);
    for (const FactKey& fact : by_age) {
        facts.erase(fact);
    }
}

Statement fact_row(Sql sql, const std::string& container_id, const FactKey& fact) {
    Statement statement{sql, {}};
    statement.values = {container_id, std::get<0>(fact), number(std::get<1>(fact)),
                        number(std::get<2>(fact))};
    return statement;
}

void write_facts(Row& row, std::size_t max_facts, std::vector<Statement>& out) {
    domain::Facts& seen = row.record.seen;
    trim(seen, max_facts);
    if (seen == row.written.facts) {
        return;
    }
    for (const FactKey& fact : seen) {
        if (!row.written.facts.contains(fact)) {
            out.push_back(fact_row(Sql::put_fact, row.record.container_id, fact));
        }
    }
    for (const FactKey& fact : row.written.facts) {
        if (!seen.contains(fact)) {
            out.push_back(fact_row(Sql::delete_fact, row.record.container_id, fact));
        }
    }
    row.written.facts = seen;
}

void write_open(Row& row, std::vector<Statement>& out) {
    for (const domain::OpenRequest& open : row.record.open) {
        if (std::ranges::find(row.written.open, open) != row.written.open.end()) {
            continue;
        }
        Statement statement{Sql::put_open, {}};
        statement.values = {open.actor,
                            open.request_id,
                            open.operation,
                            row.record.container_id,
                            dump(target_to_json(open.target)),
                            number(open.seq),
                            number(domain::to_nanos(open.at))};
        out.push_back(std::move(statement));
    }
    row.written.open = row.record.open;
}

Statement log_row(const StoredEvent& event, const std::string& reconcile_id) {
    Statement statement{Sql::put_event, {}};
    statement.values = {number(event.seq),
                        number(domain::to_nanos(event.time)),
                        std::string{kind_word(event.kind)},
                        event.type,
                        event.container_id,
                        event.name,
                        event.request_id,
                        event.actor,
                        number(event.generation),
                        reconcile_id,
                        event.summary,
                        dump(event.payload)};
    return statement;
}

}  // namespace

Written written_as(const Record& record) {
    return Written{digest_of(container_values(record)), digest_of(status_values(record)),
                   generations(record), record.seen, record.open};
}

bool write_row(Row& row, const Author& author, std::size_t max_facts, std::vector<Statement>& out) {
    const std::size_t before = out.size();
    put_if_changed(Sql::put_container, container_values(row.record), row.written.container, out);
    put_if_changed(Sql::put_status, status_values(row.record), row.written.status, out);
    write_specs(row, author, out);
    write_facts(row, max_facts, out);
    write_open(row, out);
    return out.size() > before;
}

Statement request_row(const domain::Request& request, const Remembered& remembered,
                      const domain::OpenRequest& open) {
    Statement statement{Sql::put_request, {}};
    const bool refused = remembered.refusal.has_value();
    statement.values = {request.actor,
                        request.request_id,
                        std::string{domain::to_string(request.operation)},
                        refused ? request.container_id : remembered.answer.container_id,
                        number(request.client_gave_id),
                        request.payload_digest,
                        refused ? "{}" : dump(target_to_json(open.target)),
                        number(open.seq),
                        number(domain::to_nanos(open.at)),
                        refused ? "{}" : dump(accepted_to_json(remembered.answer)),
                        refused ? Value{std::string{kRefused}} : Value{nullptr},
                        refused ? number(domain::to_nanos(open.at)) : Value{nullptr},
                        refused ? Value{dump(error_to_json(*remembered.refusal))} : Value{nullptr}};
    return statement;
}

Statement end_row(const domain::RequestEnd& end, domain::Time now) {
    Statement statement{Sql::end_request, {}};
    statement.values = {std::string{outcome_word(end.outcome)}, number(domain::to_nanos(now)),
                        dump(end_to_json(end)), end.actor, end.request_id};
    return statement;
}

std::vector<StoredEvent> write_log(const domain::Changes& changes, domain::Time now,
                                   std::vector<Statement>& out) {
    std::vector<StoredEvent> told;
    domain::Seq seq = changes.first_seq;
    for (const EventDraft& draft : changes.events) {
        StoredEvent event{seq++,           now,         draft.kind,       draft.type,
                          draft.container_id, draft.name,  draft.request_id, draft.actor,
                          draft.generation,   draft.summary, draft.payload};
        const bool is_public = event.kind == domain::LogKind::event;
        if (is_public) {
            event.payload["seq"] = event.seq;
            event.payload["timestamp"] = domain::to_rfc3339(now);
        }
        out.push_back(log_row(event, draft.reconcile_id));
        if (is_public) {
            told.push_back(std::move(event));
        }
    }
    return told;
}

EventDraft end_draft(const domain::RequestEnd& end, const Record* record) {
    EventDraft draft;
    draft.kind = domain::LogKind::end;
    draft.type = end.operation;
    draft.container_id = end.container_id;
    draft.request_id = end.request_id;
    draft.actor = end.actor;
    if (record) {
        draft.name = record->spec().name;
        draft.generation = record->generation;
    }
    draft.summary = end.operation + " " + std::string{outcome_word(end.outcome)};
    if (end.outcome != domain::Outcome::done) {
        draft.summary += ": " + end.error.message;
    }
    draft.payload = end_to_json(end);
    return draft;
}

EventDraft refusal_draft(const domain::Request& request, const Record* record,
                         const domain::Error& error) {
    EventDraft draft;
    draft.kind = domain::LogKind::refusal;
    draft.type = domain::to_string(request.operation);
    draft.container_id = request.container_id;
    if (record) {
        draft.name = record->spec().name;
        draft.generation = record->generation;
    } else if (request.spec) {
        draft.name = request.spec->name;
    }
    draft.request_id = request.request_id;
    draft.actor = request.actor;
    draft.summary = draft.type + " refused: " + error.message;
    draft.payload = error_to_json(error);
    return draft;
}

}  // namespace flow::store
