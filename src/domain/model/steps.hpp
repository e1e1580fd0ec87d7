// What a step of the plan leaves behind in the row: the intention before it, its result after it (model 4 to 7).
// Pure functions on a Record; the store calls settle() after them.
#pragma once

#include <string>

#include "domain/change.hpp"
#include "domain/model/facts.hpp"
#include "domain/observed.hpp"
#include "domain/record.hpp"

namespace flow::domain::model {

/// Commits what is about to be sent to the engine; leaves an action row with the cause.
void intend(Record& record, Intention intention, Changes& out, const Moment& moment);
/// Nothing is in hand any more.
void clear_intention(Record& record);
/// The same at the end of a plan: what was in hand is seen to be done.
void record_nothing_in_hand(Record& record, Changes& out, const Moment& moment);

/// The container that the create intention asked for is there (its answer, or found by its hash).
void record_created(Record& record, const Observed& made, Changes& out, const Moment& moment);
/// A start was refused (model 4 and 5: backoff, terminal, or the way back).
void record_start_failed(Record& record, const Intention& start, const Error& error, Changes& out,
                         const Moment& moment);
/// The answer to a start came; the fact may have come before it.
void record_start_answered(Record& record);
/// Any other step failed: tried again after the step backoff. A create that never can work is undone.
void record_step_failed(Record& record, Step step, const Error& error, Changes& out,
                        const Moment& moment);
/// Rename, update, unpause, repair or remove worked; `removed`: the docker id that is gone, else "".
void record_step_done(Record& record, const std::string& removed, Changes& out,
                      const Moment& moment);
/// An engine container of the row does not let itself be looked at, and nothing is planned before it does. From the
/// second time on the requests that are open fail.
void record_unseen(Record& record, const Error& error, Changes& out, const Moment& moment);
/// It does again.
void record_seen(Record& record);
/// The name is taken by another container: ours (`holder_marked`: it is being deleted) or foreign.
struct NameHolder {
    bool ours = false;
    bool marked = false;
    Generation generation = 0;      ///< of the spec that was refused
};
void record_name_conflict(Record& record, const NameHolder& holder, const Error& error, Changes& out,
                          const Moment& moment);

/// What a pull was for, and what came of it.
struct Pulled {
    Generation generation = 0;
    Run run = 0;                    ///< of the restart_container that asked for it; 0: none did
    std::string image_id;           ///< what the engine has under that name now; "" when not known
};
/// The image is here, or its pull failed.
void record_pulled(Record& record, const Pulled& pulled, const Error* error, Changes& out,
                   const Moment& moment);

/// The ports that the engine chose are known.
void record_ports(Record& record, std::vector<BoundPort> ports);

// -- jobs (model 8) --------------------------------------------------------------------------------------
/// Its active_deadline is over: it ends in error, its process is stopped next.
void record_deadline(Record& record, Changes& out);
/// It was kept long enough: marked for deletion by us, with its named volumes kept.
void record_expired(Record& record, Changes& out);
/// The same for a container that has not run for `limit` (option keep-stopped).
void record_unused(Record& record, Duration limit, Changes& out);

// -- replace (model 5) -----------------------------------------------------------------------------------
void record_keep(Record& record, Changes& out);         ///< the verdict keep
void record_kept(Record& record);                       ///< .prev is gone
void record_rolled_back(Record& record);                ///< .next is gone, the old one counts again
/// A change that needs no new container (or has none to change) is active.
/// `generation` 0: the latest.
void record_active(Record& record, Changes& out, Generation generation = 0);
/// Engine containers that were known are gone.
void record_gone_containers(Record& record, const std::vector<std::string>& docker_ids, Changes& out,
                            const Moment& moment);
void record_observed_generation(Record& record);

// -- code in the same engine container (model 6) ---------------------------------------------------------
/// The link stands for the code of `generation`: that is tried from now on where a run goes on, else active at once. It
/// may also be the code that counts anyway, before its engine container is made or started.
void record_linked(Record& record, Generation generation, Changes& out);
void record_code_kept(Record& record, Changes& out);    ///< the verdict keep
void record_code_dropped(Record& record);               ///< a newer spec came before it was started
void record_code_rolled_back(Record& record);           ///< the link stands for the old one again

// -- delete (model 7) ------------------------------------------------------------------------------------
/// One part of the cleaning is done ("removed", "kept", "none").
enum class CleanupPart { container, volumes, socket, code, workspace };
void record_cleanup(Record& record, CleanupPart part, const std::string& value);
/// The error with what the cleaning has come to: that part failed and is tried again.
Error with_cleanup(const Record& record, CleanupPart failed, Error error);
/// Everything is clean: the last events, and the row goes.
void record_gone(Record& record, const CrashLogs& logs, Changes& out, const Moment& moment);

/// No contact: requests that were accepted before the failed try (`tried_at`) fail (model 2).
void record_away(Record& record, Time tried_at, const Error& error, Changes& out);

}  // namespace flow::domain::model
