// What is asked about requests and documents beside accepting them: previews, old specs, and what came from which set
// of documents.
#include <utility>

#include <SQLiteCpp/Statement.h>

#include "store/database.hpp"
#include "store/json_fields.hpp"
#include "store/request_draft.hpp"
#include "store/spec_json.hpp"
#include "store/store.hpp"

namespace flow::store {

using domain::AppliedDocument;
using domain::Error;
using domain::Record;
using domain::Result;
using domain::Revision;

Result<domain::Preview> Store::preview(domain::Request request) const {
    Transaction transaction = begin();
    const DraftContext context{*this, copy_.manifests, *files_.reader, config_, next_seq_ - 1};
    auto drafted = draft_request(context, request, transaction.changes, transaction.moment);
    if (!drafted) {
        return drafted.error();
    }
    domain::Preview preview{std::move(drafted->record), std::move(drafted->accepted)};
    if (drafted->unchanged_document) {
        const Record* holder = find(preview.accepted.container_id);
        preview.record = holder ? *holder : Record{};
    }
    return preview;
}

namespace {

Revision read_revision(SQLite::Statement& query) {
    Revision revision;
    revision.generation = static_cast<domain::Generation>(query.getColumn(0).getInt64());
    revision.spec = spec_from_json(parse(query.getColumn(1).getString()));
    revision.actor = query.getColumn(2).getString();
    revision.request_id = query.getColumn(3).getString();
    revision.seq = query.getColumn(4).getInt64();
    revision.at = domain::from_nanos(query.getColumn(5).getInt64());
    return revision;
}

/// The newest generation may not be in the file yet.
void add_latest(const Record& record, std::vector<Revision>& found) {
    if (!found.empty() && found.back().generation >= record.generation) {
        return;
    }
    Revision latest;
    latest.generation = record.generation;
    latest.spec = record.spec();
    latest.actor = record.status.changed_by;
    latest.request_id = record.request_id;
    latest.seq = record.generation_seq;
    found.push_back(std::move(latest));
}

}  // namespace

Result<std::vector<Revision>> Store::revisions(std::string_view container_id) const {
    const Record* record = find(container_id);
    if (!record) {
        Error error;
        error.type = domain::ErrorType::container_not_found;
        error.message = "no container has the id " + std::string{container_id};
        return error;
    }
    std::vector<Revision> found;
    try {
        SQLite::Statement query{*files_.reader,
                                "SELECT generation, spec, actor, request_id, seq, created_at FROM "
                                "spec_revisions WHERE container_id = ? ORDER BY generation"};
        query.bind(1, record->container_id);
        while (query.executeStep()) {
            found.push_back(read_revision(query));
        }
    } catch (const std::exception& failure) {
        return sqlite_error("the revisions of " + record->container_id + " cannot be read",
                            failure.what());
    }
    add_latest(*record, found);
    return found;
}

std::vector<AppliedDocument> Store::applied(std::string_view document_set) const {
    std::vector<AppliedDocument> found;
    const std::string set{document_set};
    for (auto at = copy_.manifests.lower_bound({set, ""});
         at != copy_.manifests.end() && at->first.first == set; ++at) {
        found.push_back({at->first.second, at->second.digest, at->second.container_id});
    }
    return found;
}

namespace {

Statement applied_row(const ManifestKey& key, const Applied& applied, domain::Time now) {
    Statement statement{Sql::put_manifest, {}};
    statement.values = {key.first, key.second, applied.digest, number(domain::to_nanos(now)),
                        applied.container_id};
    return statement;
}

}  // namespace

/// Whose row they made is still known while it lives, so that it can be deleted later.
void Store::forget_applied(std::string document_set, std::vector<std::string> names, Done done) {
    const auto finished = when_durable(std::move(done));
    if (auto ready = writable(); !ready) {
        return later([finished, error = ready.error()] { finished(error); });
    }
    Transaction transaction = begin();
    transaction.pending.done = finished;
    for (const std::string& name : names) {
        const auto found = copy_.manifests.find({document_set, lower(name)});
        if (found == copy_.manifests.end()) {
            continue;
        }
        const Record* made = find(found->second.container_id);
        if (made && !made->deleted) {
            found->second.digest.clear();
            transaction.statements.push_back(
                applied_row(found->first, found->second, transaction.moment.now));
        } else {
            copy_.manifests.erase(found);
            transaction.statements.push_back(
                Statement{Sql::delete_manifest, {document_set, lower(name)}});
        }
    }
    submit(std::move(transaction));
}

namespace {

/// The row belongs to the document when the document made it, now or when it was applied before.
std::string made_by(const AppliedMap& manifests, const domain::Request& request,
                    const domain::Accepted& accepted, const Record* record) {
    if (accepted.created) {
        return accepted.container_id;
    }
    const auto entry = manifests.find(manifest_key(request));
    if (entry != manifests.end()) {
        return entry->second.container_id == accepted.container_id ? accepted.container_id : "";
    }
    // Applied before there were sets: by its file.
    const bool of_the_file = record && record->source == request.source &&
                             find_applied(manifests, request) != nullptr;
    return of_the_file ? accepted.container_id : "";
}

}  // namespace

void Store::note_applied(const domain::Request& request, const domain::Accepted& accepted,
                         Transaction& transaction) {
    const ManifestKey key = manifest_key(request);
    const Applied applied{request.document_digest,
                          made_by(copy_.manifests, request, accepted,
                                  find(accepted.container_id))};
    const auto [entry, is_new] = copy_.manifests.try_emplace(key, applied);
    Applied& kept = entry->second;
    if (!is_new && !accepted.changed && kept.digest == applied.digest &&
        kept.container_id == applied.container_id) {
        return;
    }
    kept = applied;
    transaction.statements.push_back(applied_row(key, kept, transaction.moment.now));
}

}  // namespace flow::store
