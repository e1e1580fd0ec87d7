// The port to the store: rows in memory, each change one transaction. Both the loop and the API use it, so it lives in
// the domain (docs/decisions.md), and it speaks callbacks so that the domain needs no Asio.
// All methods and callbacks run on the io_context's thread. Records and pointers to them stay valid until control
// returns to the event loop. A change is seen by later reads at once; its callback runs when it is durable, in the
// order of the changes. What leaves the process (answers, engine calls, events) waits for that.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/applied.hpp"
#include "domain/change.hpp"
#include "domain/record.hpp"
#include "domain/request.hpp"

namespace flow::domain {

/// A row of the log as it is kept. `payload` holds seq and timestamp already.
struct StoredEvent {
    Seq seq = 0;
    Time time;
    LogKind kind = LogKind::event;
    std::string type;
    std::string container_id;
    std::string name;
    std::string request_id;
    std::string actor;
    Generation generation = 0;
    std::string summary;
    Json payload;
};

/// What observers are told after a commit.
struct Commit {
    std::vector<std::string> container_ids;     ///< rows that changed
    std::vector<StoredEvent> events;            ///< those of kind `event` only, in order of seq
    std::vector<RequestEnd> ends;
};

class Store {
public:
    using Done = std::function<void(Result<void>)>;
    using AcceptDone = std::function<void(Result<Accepted>)>;
    using Change = std::function<void(Record&, Changes&, const Moment&)>;
    using Observer = std::function<void(const Commit&)>;

    virtual ~Store() = default;

    // -- reads, from memory ------------------------------------------------------------------------------
    virtual const Record* find(std::string_view container_id) const = 0;
    /// By container id, else by name (live rows, without regard to case), else by a docker id's prefix of at
    /// least 12 characters (contract 1).
    virtual const Record* resolve(std::string_view reference) const = 0;
    /// The live row (not marked for deletion) with that name.
    virtual const Record* find_name(std::string_view name) const = 0;
    virtual void for_each(const std::function<void(const Record&)>& visit) const = 0;
    virtual std::size_t size() const = 0;
    /// A value of the store's own: "instance_id", "engine_cursor" …; "" when unset.
    virtual std::string meta(std::string_view key) const = 0;
    /// A request of that actor and id was accepted or refused before: accept() answers it again.
    virtual bool remembers(std::string_view actor, std::string_view request_id) const = 0;
    /// What accept() would make of this request now, or its refusal. Writes nothing; knows no repetitions.
    virtual Result<Preview> preview(Request request) const = 0;
    /// All generations of a live row's spec, oldest first. Reads the file.
    virtual Result<std::vector<Revision>> revisions(std::string_view container_id) const = 0;
    /// The documents of that set that were applied and are not forgotten, by name.
    virtual std::vector<AppliedDocument> applied(std::string_view document_set) const = 0;

    // -- changes: one transaction each -------------------------------------------------------------------
    /// Takes a validated request: recognises a repetition, checks expected_generation and names, writes desired
    /// state, revision, audit row and target (model 2). A refusal leaves an audit row.
    virtual void accept(Request request, AcceptDone done) = 0;
    /// Changes one row through the model's functions, then settles it (state, events, ends of requests).
    /// An unknown id calls `done` with container_not_found.
    virtual void change(std::string_view container_id, Change change, Done done) = 0;
    /// Rows about no container (activity_log, refusals of what was no request), or about one without changing it.
    virtual void log(std::vector<EventDraft> drafts, Done done) = 0;
    virtual void set_meta(std::string key, std::string value, Done done) = 0;
    /// Documents of that set that are gone: the same ones are applied anew when they come back.
    virtual void forget_applied(std::string document_set, std::vector<std::string> names, Done done) = 0;

    /// Contact with the engine, for the Moment of every transaction from now on. Changes nothing by itself.
    virtual void set_contact(bool contact, bool unknown) = 0;

    // -- the log -----------------------------------------------------------------------------------------
    /// Public events (kind `event`) with seq > `after`, oldest first, durable ones only. From memory when they are
    /// recent, else from the file.
    virtual Result<std::vector<StoredEvent>> events_after(Seq after, std::size_t limit) const = 0;
    virtual Seq last_seq() const = 0;       ///< durable; 0 when the log is empty
    virtual Seq first_seq() const = 0;      ///< oldest kept
    virtual void observe(Observer observer) = 0;
};

}  // namespace flow::domain
