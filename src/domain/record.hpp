// The row: all that is kept about one container: what is wanted, what is believed, what is in hand (model 1).
// The numbers are explained in docs/model.md. Only the functions in domain/model change a Record; the store keeps it.
// Plain values; one Record belongs to the store, on the io_context's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <boost/container/flat_set.hpp>

#include "domain/drift.hpp"
#include "domain/error.hpp"
#include "domain/intention.hpp"
#include "domain/observed.hpp"
#include "domain/rare.hpp"
#include "domain/spec.hpp"
#include "domain/time.hpp"

namespace flow::domain {

enum class State {
    creating, created, starting, running, stopping, stopped, updating,
    restarting, removing, removed, completed, error, unknown,
};

/// `change`: an update in place, or the create of a replace; `name`: a rename back. These two hold up nothing else.
enum class BackoffKind { run, pull, step, change, name };
/// Who ended a run (model 3).
enum class ExitClass { ours, own, outside };

struct Backoff {
    int tries = 0;
    Time last;
    Time next;
    bool operator==(const Backoff&) const = default;
};
using Backoffs = std::map<BackoffKind, Backoff>;

struct KillSeen {
    Time at;
    int signal = 0;
    bool operator==(const KillSeen&) const = default;
};

/// The facts of one docker id: each start opens a period, an exit closes it (model 3).
struct Period {
    bool open = false;
    Time start;
    Time last;                      ///< of the newest start or exit recorded
    Run run = 0;
    std::optional<Time> exit_at;    ///< of the last exit
    bool stop_owed = false;         ///< a `stop` event is still to come of an exit that is known to be a stop: it takes nothing back
    std::vector<KillSeen> kills;    ///< the newest few
    Time oom_at;
    bool paused = false;
    std::string health = "none";    ///< none, starting, healthy, unhealthy; of this start
    Time health_at;                 ///< when that was told
    bool warned = false;            ///< container_health_warning was told of this health
    bool operator==(const Period&) const = default;
};

/// An exit of its own whose 250 ms are not over: told as a crash then, unless it turns out to be somebody's doing.
struct PendingExit {
    std::string docker_id;
    Time at;
    Time started_at;
    int code = 0;
    int signal = 0;                 ///< 0: none known
    bool oom = false;
    bool window = false;            ///< of the new one in its monitor window: decides the verdict
    bool counted = false;           ///< the fields below hold what to go back to
    Backoffs backoff_before;
    Run run_ended_before = 0;
    std::optional<int> ended_code_before;
    bool operator==(const PendingExit&) const = default;
};

struct LastExit {
    int code = 0;
    int signal = 0;
    bool oom = false;
    Time at;
    ExitClass by = ExitClass::own;
    bool operator==(const LastExit&) const = default;
};

/// What a delete has cleaned so far: "", removed, kept, none or failed.
struct Cleanup {
    std::string container, volumes, socket, code, workspace;
    bool operator==(const Cleanup&) const = default;
};

/// The engine's anonymous volumes that are not of the engine container that counts.
struct SpareVolumes {
    std::map<std::string, std::string> next;    ///< of the next engine container: target to name
    std::set<std::string> left;                 ///< names of those that none of ours mounts any more: they go with the row
    bool operator==(const SpareVolumes&) const = default;
};

/// How often one field was put back: somebody who changes it again and again is not fought for ever (design 4).
struct Repair {
    std::string is, should;         ///< the difference that was repaired last
    int times = 0;
    Time last;
    bool given_up = false;          ///< until a new generation, a start or a restart
    bool operator==(const Repair&) const = default;
};

/// What others do to the engine container, and what became of it.
struct Drift {
    std::map<std::string, Repair> repairs;      ///< by field
    std::vector<Difference> recreating;         ///< why the recreate in hand is made
    std::string reason;                         ///< DriftRepaired, StartedOutside: the last that was done; "" for none
    bool operator==(const Drift&) const = default;
};

struct Status {
    Generation observed_generation = 0;
    Generation active_generation = 0;       ///< the one whose engine container counts; 0: none yet
    Run run_started = 0;
    Run run_ended = 0;
    std::optional<int> ended_code;          ///< of the run that ended
    Rare<Intention> intention;
    std::string docker_id, next_id, prev_id;
    Generation next_generation = 0;
    bool way_back = false;                  ///< the replace in hand has a window and can go back
    Verdict verdict = Verdict::none;
    Generation failed_generation = 0;       ///< UpdateFailed while it is the latest
    std::string linked;                     ///< digest that the link of its code stands for; "": none, or not sure
    Generation trial = 0;                   ///< whose code is tried in the engine container that counts; 0: none
    Run trial_run = 0;                      ///< the run that it is tried in
    Generation pulled_generation = 0;       ///< pull_policy always: its image was pulled for this one
    Run pulled_run = 0;                     ///< and for this run of a restart_container
    bool renew = false;                     ///< that brought another image: a replace of the same generation
    bool pinned = false;                    ///< its name stands for one that failed: made anew by image_id
    std::string image_id, next_image_id;    ///< of docker_id and next_id
    Backoffs backoff;
    std::vector<PendingExit> pending;
    Time need_ping;                         ///< no start before a ping answered after this
    std::map<std::string, Period> periods;  ///< by docker id

    State state = State::creating;          ///< as last told
    std::string reason;                     ///< as last told
    std::string message;
    std::string health = "none";
    std::string trouble;                    ///< CamelCase: why the step in hand fails (NameConflict …); "" when it does not
    std::string ended_by;                   ///< CamelCase: StoppedOutside … of the last exit; "" once it runs again
    std::string waiting_for;                ///< the dependency it waits for
    bool queued = false;                    ///< a job that waits until fewer of them run
    Time first_started;                     ///< a job's active_deadline counts from it
    Time finished_at;                       ///< a job's times to be kept count from it; Time{} while it is not over
    bool recreate = false;                  ///< the engine container cannot be started any more (its network is gone)
    std::map<std::string, Baseline> baselines;  ///< by docker id: what drift is measured by
    Seldom<Drift> drift;
    bool created_told = false;
    bool running_told = false;              ///< the last lifecycle event said that it runs
    Time start_told;                        ///< the start that the last lifecycle event was about
    bool ports_pending = false;             ///< runs, but the ports that the engine chose are not known yet
    Time started_at;
    std::uint64_t restart_count = 0;
    std::optional<LastExit> last_exit;
    std::vector<BoundPort> ports;
    int stop_signal = 15;
    /// Target in the container to the name of its anonymous volume: carried over by name, so delete removes them.
    std::map<std::string, std::string> anonymous_volumes;
    Seldom<SpareVolumes> spare_volumes;
    std::set<std::string> workspaces;           ///< volumes of the engine that were made for it alone
    Seldom<Cleanup> cleanup;
    std::map<std::string, Seq> result_seq;      ///< newest seq of each result event's type
    std::vector<std::string> updated_fields;    ///< changed_fields of the newest container_updated
    bool updated_recreated = false;             ///< its `recreated`
    std::string changed_by;                     ///< actor of the newest request that changed a wish
    bool operator==(const Status&) const = default;
};

/// What a request has to reach before it is done (model 2).
struct Target {
    enum class Kind { exists, run_started, active, stopped, gone };
    Kind kind = Kind::exists;
    Run run = 0;
    Generation generation = 0;
    bool operator==(const Target&) const = default;
};

/// An accepted request that has not ended.
struct OpenRequest {
    std::string actor;
    std::string request_id;
    std::string operation;          ///< "start_container"
    Target target;
    Seq seq = 0;                    ///< of its acceptance
    Time at;
    bool operator==(const OpenRequest&) const = default;
};

/// A fact that was recorded once must not be recorded again when the ring is read: the first kFactId characters of the
/// docker id, which tell the few containers of a row apart, time, event type.
using FactKey = std::tuple<std::string, std::int64_t, int>;
using Facts = boost::container::flat_set<FactKey>;
inline constexpr std::size_t kFactId = 12;

struct Record {
    std::string container_id;
    Time created;
    std::string source;                     ///< who declared it first: "" a client, "manifest:FILE", "apply"
    std::string actor;                      ///< who declared it
    std::string request_id;                 ///< of the latest wish
    std::string socket_folder;              ///< host folder of its socket: RUN_DIR/<container_id>

    Generation generation = 0;
    std::map<Generation, Spec> specs;       ///< the latest, the active and the next one
    DesiredState desired = DesiredState::created;
    Run run_wanted = 0;
    Run restart_run = 0;                    ///< the run that a restart_container asked for and that is not told yet
    bool deleted = false;
    bool force = false;
    bool remove_volumes = true;
    std::optional<Duration> stop_timeout;   ///< of the last stop or restart, instead of the spec's grace
    Seq desired_seq = 0, generation_seq = 0, delete_seq = 0;    ///< of the last wish of each kind

    Status status;
    std::vector<OpenRequest> open;
    Facts seen;

    const Spec& spec() const { return specs.at(generation); }
    /// The spec that the engine container which counts was made from; the latest when there is none.
    const Spec& active_spec() const {
        const auto found = specs.find(status.active_generation);
        return found == specs.end() ? spec() : found->second;
    }
};

std::string_view to_string(State state);
std::string_view to_string(DesiredState desired);

}  // namespace flow::domain
