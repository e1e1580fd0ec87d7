#include "store/request_draft.hpp"

#include <utility>

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include "domain/model/model.hpp"
#include "store/checks.hpp"
#include "store/database.hpp"

namespace flow::store {
namespace {

using domain::Error;
using domain::Operation;
using domain::Record;
using domain::Request;
using domain::Result;

/// Never one that was used before, as far as the history reaches.
Result<std::string> new_container_id(const DraftContext& context) {
    constexpr int kTries = 100;
    try {
        SQLite::Statement used{context.reader,
                               "SELECT 1 FROM spec_revisions WHERE container_id = ? LIMIT 1"};
        for (int i = 0; i < kTries; ++i) {
            const std::string id = context.config.make_id();
            used.reset();
            used.bind(1, id);
            if (!context.store.find(id) && !used.executeStep()) {
                return id;
            }
        }
    } catch (const SQLite::Exception& failure) {
        return sqlite_error("no container id could be made, the database cannot be read",
                            failure.what());
    }
    return sqlite_error("no container id could be made", "all that were tried are in use");
}

Result<RequestDraft> draft_new(const DraftContext& context, Request& request,
                               const domain::Moment& moment) {
    auto container_id = new_container_id(context);
    if (!container_id) {
        return container_id.error();
    }
    if (request.spec->name.empty()) {
        request.spec->name = "flow-" + *container_id;
    }
    RequestDraft draft;
    draft.record = domain::model::create_record(request, *container_id, moment);
    draft.record.socket_folder = context.config.run_dir + "/" + *container_id;
    return draft;
}

Result<RequestDraft> draft_known(const DraftContext& context, const Request& request) {
    const Record* record = context.store.find(request.container_id);
    if (!record) {
        Error error;
        error.type = domain::ErrorType::container_not_found;
        error.message = "no container has the id " + request.container_id;
        error.details["container_id"] = request.container_id;
        return error;
    }
    RequestDraft draft;
    draft.record = *record;
    return draft;
}

/// Applied with this very content. By the digest alone: a container that was deleted by hand, or a
/// finished job that was cleaned away, does not come back because the daemon was started again
/// (contract 7).
bool is_applied(const DraftContext& context, const Request& request) {
    const Applied* applied = find_applied(context.manifests, request);
    return applied && !request.document_digest.empty() &&
           applied->digest == request.document_digest;
}

RequestDraft unchanged(const DraftContext& context, const Request& request, const Record* holder) {
    RequestDraft draft;
    draft.unchanged_document = true;
    draft.accepted.name = request.spec->name;
    draft.accepted.request_id = request.request_id;
    draft.accepted.seq = context.last_seq;
    if (holder) {
        draft.accepted.container_id = holder->container_id;
        draft.accepted.name = holder->spec().name;
        draft.accepted.generation = holder->generation;
    }
    return draft;
}

/// The model's part: on the copy, to its end.
Result<void> settle_request(RequestDraft& draft, const Request& request, domain::Changes& changes,
                            const domain::Moment& moment) {
    auto accepted = domain::model::accept(draft.record, request, changes, moment);
    if (!accepted) {
        return accepted.error();
    }
    draft.accepted = std::move(*accepted);
    for (const domain::OpenRequest& open : draft.record.open) {
        if (open.actor == request.actor && open.request_id == request.request_id) {
            draft.open = open;
        }
    }
    domain::model::settle(draft.record, changes, moment);
    return {};
}

}  // namespace

ManifestKey manifest_key(const Request& request) {
    const std::string& set = request.document_set;
    return {set.empty() ? request.source : set, lower(request.spec->name)};
}

const Applied* find_applied(const AppliedMap& manifests, const Request& request) {
    for (const ManifestKey& key : {manifest_key(request),
                                   ManifestKey{request.source, request.spec->name}}) {
        if (const auto found = manifests.find(key); found != manifests.end()) {
            return &found->second;
        }
    }
    return nullptr;
}

Result<RequestDraft> draft_request(const DraftContext& context, Request& request,
                                   domain::Changes& changes, const domain::Moment& moment) {
    bool is_new = request.operation == Operation::create;
    if (request.operation == Operation::manifest) {
        const Record* holder = context.store.find_name(request.spec->name);
        if (is_applied(context, request)) {
            return unchanged(context, request, holder);
        }
        request.container_id = holder ? holder->container_id : "";
        is_new = !holder;
    }
    auto draft = is_new ? draft_new(context, request, moment) : draft_known(context, request);
    if (!draft) {
        return draft;
    }
    if (request.spec) {
        auto checked = check_spec(context.store, draft->record.container_id, *request.spec);
        if (!checked) {
            return checked.error();
        }
    }
    if (auto settled = settle_request(*draft, request, changes, moment); !settled) {
        return settled.error();
    }
    return draft;
}

}  // namespace flow::store
