// What a transaction brings about besides the changed Record: rows for the log, ends of requests.
// The store gives each event its seq and timestamp; nothing here does I/O.
#pragma once

#include <string>
#include <vector>

#include "domain/error.hpp"
#include "domain/record.hpp"

namespace flow::domain {

/// Kinds of rows in the one log (column `kind`). Clients get `event` rows only.
enum class LogKind {
    event,      ///< a contract 3 event, sent to clients; activity_log too
    refusal,    ///< a request that was refused
    end,        ///< how a request ended
    action,     ///< an engine call that was decided, with its cause
    outcome,    ///< how that call ended, when it failed
    fact,       ///< a start or an exit
};
std::string_view to_string(LogKind kind);

/// A row of the log before it has a seq. `payload` of an `event` row is what clients get; the store adds
/// `seq` and `timestamp` to it.
struct EventDraft {
    LogKind kind = LogKind::event;
    std::string type;               ///< "container_started", "start_container", "StopContainer" …
    std::string container_id;       ///< "" when it is about no container
    std::string name;
    std::string request_id;
    std::string actor;              ///< who asked; "flow-manager" for what the loop does
    Generation generation = 0;
    std::string reconcile_id;       ///< of the pass that did it
    std::string summary;            ///< one sentence for the audit
    Json payload = Json::object();
};

enum class Outcome { done, failed, superseded };
std::string_view to_string(Outcome outcome);

/// The one end of a request. `answer` is the payload of the event named like the request (done), `error`
/// that of the `error` event (failed, superseded; details.by_seq names the newer wish).
struct RequestEnd {
    std::string actor;
    std::string request_id;
    std::string operation;
    std::string container_id;
    Outcome outcome = Outcome::done;
    Json answer = Json::object();
    Error error;
};

/// Collects what one transaction brings about.
struct Changes {
    Seq first_seq = 1;              ///< the seq that the first event will get
    std::vector<EventDraft> events;
    std::vector<RequestEnd> ends;
    bool remove_record = false;     ///< the row goes with this transaction
    std::string retell;             ///< its state is told though it stays as it is: why

    Seq next_seq() const { return first_seq + static_cast<Seq>(events.size()); }
    Seq add(EventDraft draft) {
        events.push_back(std::move(draft));
        return next_seq() - 1;
    }
};

/// When a run that ended by itself is started again: at once, then after `first` doubling to `max`; a run that was up
/// for `forget_after` starts the count anew (options --restart-backoff-*).
struct RestartTimes {
    Duration first = std::chrono::seconds{10};
    Duration max = std::chrono::seconds{300};
    Duration forget_after = std::chrono::seconds{600};
};

/// The moment of a transaction, as far as decisions need it.
struct Moment {
    Time now;
    bool contact = false;   ///< the engine answers
    bool unknown = false;   ///< contact is lost for so long that the state `unknown` is told (15 s)
    RestartTimes restart;
};

}  // namespace flow::domain
