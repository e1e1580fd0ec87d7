// Who waits for the end of which request: each accepted request ends once, and each session that
// asked for it gets its acknowledgement and the answer event (contract 3). A client attaches before
// the store accepts, so that no end can be missed; whatever comes first, the acknowledgement is
// sent before the answer. Sessions are held weakly: a client that went away is forgotten.
// Everything is on the io_context's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/errors.hpp"
#include "api/session.hpp"
#include "api/socketio/server.hpp"
#include "domain/change.hpp"
#include "domain/request.hpp"
#include "domain/time.hpp"

namespace flow::api {

using socketio::Ack;

/// Calls a function once after a time. It cannot be called off: what it finds no longer there is
/// left alone.
using CallLater = std::function<void(std::chrono::milliseconds, std::function<void()>)>;

/// A request as its requester waits for it.
struct Waiter {
    std::weak_ptr<Session> session;
    Ack ack;                                    ///< empty: none asked for
    std::optional<domain::Duration> wait;       ///< acknowledge at the end, or after this time
    std::string operation;
    std::string actor;
    std::string request_id;
};

class Answers {
public:
    using Token = std::uint64_t;

    explicit Answers(CallLater call_later) : call_later_(std::move(call_later)) {}

    Token attach(Waiter waiter);
    /// The store took it: acknowledges, or begins to wait.
    void accepted(Token token, const domain::Accepted& answer);
    /// The store did not take it: nobody waits any more. The caller tells the client.
    void refused(Token token);
    /// The request ended; `seq`: the last event of that commit, which the client must hear first.
    void ended(const domain::RequestEnd& end, Seq seq);

    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        Waiter waiter;
        std::optional<domain::Accepted> accepted;
        std::optional<std::pair<domain::RequestEnd, Seq>> end;
    };
    using Key = std::pair<std::string, std::string>;    // actor, request id

    void start_waiting(Token token, const Entry& entry);
    void timed_out(Token token);
    void finish(Token token);
    Entry take(Token token);
    static void deliver(Session& session, Entry& entry, const domain::RequestEnd& end);

    CallLater call_later_;
    std::map<Token, Entry> entries_;
    std::multimap<Key, Token> by_request_;
    Token last_ = 0;
};

}  // namespace flow::api
