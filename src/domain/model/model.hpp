// The model as pure functions on a Record: requests, facts, results of steps, verdicts, states (docs/model.md has the
// rules by number). No I/O, no clock: the moment is an argument. Every transaction of the store ends with settle().
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/change.hpp"
#include "domain/observed.hpp"
#include "domain/record.hpp"
#include "domain/request.hpp"

namespace flow::domain::model {

/// Within this time after an exit, a `stop` or `destroy` event says that it was somebody else's doing (model 3).
inline constexpr Duration kExitWindow = std::chrono::milliseconds{250};

// -- requests (model 1, 2) -------------------------------------------------------------------------------

/// A new row for a create or a manifest's new name. `container_id` was made by the store.
Record create_record(const Request& request, std::string container_id, const Moment& moment);

/// The transaction of an accepted request on its row: desired state, generation, target, audit row.
/// Refused on a marked row (conflict_error; a second delete joins the first) and when expected_generation differs.
Result<Accepted> accept(Record& record, const Request& request, Changes& out, const Moment& moment);

// -- the end of every transaction ------------------------------------------------------------------------

/// Tells state changes and lifecycle events, ends the requests whose target is reached or overtaken, and drops specs that
/// nothing needs any more.
void settle(Record& record, Changes& out, const Moment& moment);

/// The state and its reason as they are now (model 9), also for answers between transactions.
State state_of(const Record& record, const Moment& moment);
std::string reason_of(const Record& record, State state);

// -- dependencies and jobs (contract 2, model 8) ---------------------------------------------------------

/// Is this what a container that depends on it waits for?
bool meets(const Record& record, DependencyCondition condition);

/// Its wanted run ended by itself with code 0.
bool completed(const Record& record);

/// What becomes due for a job by time alone.
struct JobTimer {
    enum class What { deadline, expiry };
    What what = What::deadline;
    Time due;
};
std::optional<JobTimer> job_timer(const Record& record);
/// A job whose wanted run has begun and is not over: counts for --max-running-jobs.
bool holds_slot(const Record& record);

/// Desired running, not marked, and the wanted run has not ended.
bool should_run(const Record& record);
/// The payload every event about this container starts with (contract 3).
Json event_base(const Record& record);
/// The fields of contract 3's `container_status`, without resource_usage and what only the connection knows.
Json status_json(const Record& record, const Moment& moment);
/// A `container_list` entry.
Json list_entry(const Record& record, const Moment& moment);

}  // namespace flow::domain::model
