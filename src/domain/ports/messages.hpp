// The ports of messaging (contract 6): what the API asks of it, and what it asks of the store. Both speak callbacks, as
// the store's port does, and run on the io_context's thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/change.hpp"
#include "domain/error.hpp"
#include "domain/time.hpp"

namespace flow::domain {

/// A message of a client, validated as far as its row need not be known for it.
struct SendCall {
    std::string container_id;           ///< resolved; may be gone by now
    std::string actor;
    std::string request_id;
    Json message;                       ///< an object
    bool expect_reply = false;
    Duration timeout = std::chrono::seconds{30};    ///< for the reply
};

/// What became of it: `sent`, `queued`, or `delivered` with the reply that was asked for.
struct Sent {
    std::string message_id;
    std::string status;
    std::optional<Json> reply;
};

class Messages {
public:
    using SendDone = std::function<void(Result<Sent>)>;

    virtual ~Messages() = default;
    /// `done` is called once: when the message has left or waits in the store or in memory, or with its reply.
    /// validation_error, conflict_error (its message_id is in flight), rate_limited (too many wait),
    /// socket_connection_error (nobody there), socket_timeout_error (no reply), container_not_found, system_error.
    virtual void send(SendCall call, SendDone done) = 0;
    virtual bool connected(const std::string& container_id) const = 0;
    /// Of the last message in either direction, or of the connection; Time{} for none.
    virtual Time last_communication(const std::string& container_id) const = 0;
};

/// A durable message as the store keeps it, in table and view `messages`.
struct MessageRow {
    std::string container_id;
    std::string name;
    std::string message_id;
    std::string direction;              ///< "out": to the container; "in": from it
    std::string status;                 ///< queued, sent, expired; of one that came: received
    std::string actor;                  ///< who sent it
    std::string request_id;
    std::string reply_to;
    Time created;
    Time changed;
    Time until;                         ///< queued: not sent after it
    std::int64_t bytes = 0;
    std::string payload;                ///< while it is queued; then only where record_payload says so, masked
};

class MessageStore {
public:
    virtual ~MessageStore() = default;
    /// One transaction: rows that are new, or whose status has changed, and what is told of them.
    virtual void put_messages(std::vector<MessageRow> rows, std::vector<EventDraft> drafts,
                              std::function<void(Result<void>)> done) = 0;
    /// Those that still wait for their container, oldest first. Reads the file.
    virtual Result<std::vector<MessageRow>> queued_messages() const = 0;
};

}  // namespace flow::domain
