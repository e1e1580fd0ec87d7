// An accepted request before anything is written: everything that can refuse it (unknown
// container, name, dependencies, the model's rules) works on a copy of the row, so that a refusal
// leaves nothing behind. Pure functions on the store's reads; io_context's thread.
#pragma once

#include <map>
#include <string>

#include <SQLiteCpp/Database.h>

#include "domain/error.hpp"
#include "domain/ports/store.hpp"
#include "store/config.hpp"
#include "store/load.hpp"
#include "store/transaction.hpp"

namespace flow::store {

struct DraftContext {
    const domain::Store& store;
    const AppliedMap& manifests;
    SQLite::Database& reader;
    const Config& config;
    domain::Seq last_seq = 0;       ///< the newest that was given to anything
};

/// The entry of the document's set, or that of its file from before there were sets; nullptr when it was never applied.
const Applied* find_applied(const AppliedMap& manifests, const domain::Request& request);
/// Where its entry belongs.
ManifestKey manifest_key(const domain::Request& request);

/// Completes `request`: a manifest's container id, a name made from the id. The row in the answer
/// is settled already; `changes` has its events and ends. An unchanged manifest document drafts
/// nothing (`unchanged_document`).
domain::Result<RequestDraft> draft_request(const DraftContext& context, domain::Request& request,
                                           domain::Changes& changes, const domain::Moment& moment);

}  // namespace flow::store
