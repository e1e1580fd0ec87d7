// Inside of the model: the small rules that its parts share. Nothing outside domain/model and the planner includes this.
// Pure functions on a Record; see model.hpp.
#pragma once

#include <string>
#include <string_view>

#include "domain/change.hpp"
#include "domain/record.hpp"

namespace flow::domain::model {

/// The period of a docker id; made empty when there is none.
Period& period(Record& record, const std::string& docker_id);
/// The same for reading; nullptr when there is none.
const Period* find_period(const Record& record, const std::string& docker_id);
/// The engine container that counts has a process, as far as the facts say.
bool runs(const Record& record);

/// A newer spec waits for, or is in, the replace of the engine container (model 5).
bool replacing(const Record& record);
/// The run of the active generation goes on: a replace has a window and a way back (model 5).
bool has_way_back(const Record& record);
/// A newer spec asks for other code in the same engine container, and it is not tried yet (model 6).
bool code_changes(const Record& record);
/// Whose code the engine container that counts is to have: the one that is tried, else the active one.
Generation code_generation(const Record& record);
/// What is tried, with a way back and without a verdict: the new engine container, or the new code in the same one.
bool in_window(const Record& record, const std::string& docker_id);
/// Nothing is tried any more.
void end_trial(Record& record);
/// A restart_container asks for a pull first (contract 2, pull_policy always).
bool restart_pulls(const Record& record);
/// The generation to be made: the latest, or the one that counts while that has failed.
Generation wanted_generation(const Record& record);
/// The reason while an engine container of the row cannot be inspected.
inline constexpr const char* kInspectFailed = "InspectFailed";
/// Grace for a stop: that of the last stop or restart request, else the spec's.
Duration stop_grace(const Record& record);

/// "waits for db to be healthy".
std::string waiting_text(const Record& record);

/// Raises run_wanted and clears every backoff: what a start and a restart do (model 1).
void raise_run(Record& record);

/// Ends the open requests that a failed step stands in the way of (model 2). What the failed step was about:
struct Failure {
    enum class Part { away, pull, create, change, verdict, start, stop, other };
    Part part = Part::other;
    Generation generation = 0;
    Run run = 0;
};
void fail_requests(Record& record, const Failure& failure, const Error& error, Changes& out);
/// Ends all open requests with that error.
void fail_all_requests(Record& record, const Error& error, Changes& out);
bool reached(const Record& record, const Target& target, const Moment& moment);
/// Ends what is reached (done) or overtaken (superseded).
void end_requests(Record& record, Changes& out, const Moment& moment);
/// Ends everything of a row that is going: done or superseded.
void end_requests_of_gone(Record& record, Changes& out);

/// Its last process was ended by somebody else: never an error of its own, also where it does not run again (contract 3).
bool ended_from_outside(const Record& record);

/// The new generation becomes the one that counts; without a window the backoffs go and a run that ended in
/// error is wanted again (model 1).
void activate(Record& record, Generation generation);
void commit_keep(Record& record, Changes& out);
/// container_updated: what differs between the generation that was active and the one that is.
void tell_updated(Record& record, Generation before, bool recreated, Changes& out);
/// container_updated alone tells the start of what runs (model 10), unless a restart was asked for.
void tell_start_by_update(Record& record);
/// The new one failed in its window: back to the old one, or left as it is (`update.on_failure: pause`).
void commit_failed_update(Record& record, const Error& error, Changes& out);
/// Of the process that runs and counts; "none" while none does.
std::string health_of(const Record& record);
/// That process is being stopped because it is unhealthy, and it is to run on: counts as a failure of its own.
bool unhealthy_end(const Record& record, const std::string& docker_id);
/// A job that has run out of its time, or whose time to be kept has begun (model 8); called by settle().
void settle_job(Record& record, State state, const Moment& moment);
void tell_created(Record& record, Changes& out);

/// A public event about the container: base fields and `further`; remembers its seq as a result.
void tell(Record& record, std::string type, const Json& further, Changes& out);
/// An activity_log about the container, by us; `details` are the caller's to add.
EventDraft activity_of(const Record& record, std::string type, std::string message);
/// A row for the audit alone.
void note(Record& record, LogKind kind, std::string type, std::string summary, Changes& out);
/// The fields of the newest container_updated, for the event and for answers that name it.
void add_updated_fields(const Record& record, Json& payload);
/// What the cleaning has come to so far; a part whose turn has not come is not there.
Json cleanup_json(const Cleanup& cleanup);
Json ports_json(const std::vector<BoundPort>& ports);
/// "SIGKILL" for 9; "signal 77" for what has no name.
std::string signal_name(int signal);

}  // namespace flow::domain::model
