// From changed Records, requests and log rows to the statements that write them: only what differs
// from what was handed to the writer before. Pure functions on the Row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/change.hpp"
#include "domain/ports/store.hpp"
#include "domain/request.hpp"
#include "store/requests.hpp"
#include "store/rows.hpp"
#include "store/statements.hpp"

namespace flow::store {

/// `requests.outcome` of a request that was never accepted.
inline constexpr std::string_view kRefused = "refused";

/// Who wrote a new generation of the spec.
struct Author {
    std::string actor;
    std::string request_id;
    domain::Time at;
};

/// What the file holds when all of `record` is in it.
Written written_as(const domain::Record& record);

/// Appends what changed of `row`, and remembers it as written. A generation's spec is written once
/// and never changes. Keeps the newest `max_facts` facts. Answers whether anything changed.
bool write_row(Row& row, const Author& author, std::size_t max_facts, std::vector<Statement>& out);

/// The whole row of a request: accepted (with `target`), or refused when `request.refusal` is set.
Statement request_row(const domain::Request& request, const Remembered& remembered,
                      const domain::OpenRequest& open);
Statement end_row(const domain::RequestEnd& end, domain::Time now);

/// Gives each draft its seq and an `event` its seq and timestamp; appends the statements, answers
/// the public ones.
std::vector<domain::StoredEvent> write_log(const domain::Changes& changes, domain::Time now,
                                           std::vector<Statement>& out);

/// The log's row about the end of a request.
domain::EventDraft end_draft(const domain::RequestEnd& end, const domain::Record* record);
/// The log's row about a refusal.
domain::EventDraft refusal_draft(const domain::Request& request, const domain::Record* record,
                                 const domain::Error& error);

}  // namespace flow::store
