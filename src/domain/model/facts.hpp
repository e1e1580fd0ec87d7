// Starts and exits: facts that are gone when they are read late, recorded once each (model 3).
// Pure functions on a Record; the store calls settle() after them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/change.hpp"
#include "domain/observed.hpp"
#include "domain/record.hpp"

namespace flow::domain::model {

/// An event of the stream or of the ring. One that was recorded before does nothing.
void record_event(Record& record, const EngineEvent& event, Changes& out, const Moment& moment);

/// What a list and inspect showed after a gap, once the ring has been read: starts and exits whose events
/// nobody saw, and containers that are gone. `stayed`: the engine itself was not restarted, so an exit is the container's own.
struct Snapshot {
    std::vector<Observed> containers;   ///< of this row
    Time observed_at;                   ///< facts newer than this are not touched
    bool stayed = true;
};
void record_snapshot(Record& record, const Snapshot& snapshot, Changes& out, const Moment& moment);
/// Some container of ours ran through the gap: it has the same process as before.
bool ran_through(const Record& record, const std::vector<Observed>& containers);

/// An inspect after a start call shows a start that no event has told yet.
void record_start_seen(Record& record, const std::string& docker_id, Time started_at, Changes& out,
                       const Moment& moment);
/// Its container is gone without a `destroy`: as good as one, for exits that still wait.
void record_vanished(Record& record, const std::string& docker_id, Changes& out,
                     const Moment& moment);

/// Last log lines of exits, by docker id and time of the exit: what has arrived. Two exits of one container may wait.
using ExitKey = std::pair<std::string, Time>;
using CrashLogs = std::map<ExitKey, std::vector<std::string>>;
/// Tells the crashes whose 250 ms are over (all: whatever their age).
void tell_crashes(Record& record, const CrashLogs& logs, bool all, Changes& out,
                  const Moment& moment);
/// When the next of them is due; Time{} when none waits.
Time crash_due(const Record& record);
/// A crash by KILL is told only when the container still exists: whether that look is needed.
bool killed(const Record& record, const std::string& docker_id, Time exit_at);

/// The engine's probes say so of the process that runs; `unhealthy` within the window ends an update (model 5).
/// What an event told, or an inspect that was asked for at `at`: a newer one stands.
struct HealthSeen {
    std::string docker_id;
    std::string health;
    Time at;
};
void record_health(Record& record, const HealthSeen& seen, Changes& out);
/// What the failed probe said: told once each time it becomes unhealthy.
void record_health_warning(Record& record, const Observed& seen, Changes& out);

}  // namespace flow::domain::model
