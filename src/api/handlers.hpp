// The handler table (contract 3): one row a request. A handler parses strictly, writes desired
// state through the store or answers from memory, and never calls the engine. Failures go to the
// requester alone, as `error` event and acknowledgement. Borrows everything it is given; on the
// io_context's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/answers.hpp"
#include "api/apply.hpp"
#include "api/controls.hpp"
#include "api/feed.hpp"
#include "api/payload.hpp"
#include "api/queries.hpp"
#include "api/repeats.hpp"
#include "api/services.hpp"
#include "domain/ports/store.hpp"
#include "domain/request.hpp"

namespace flow::api {

/// The parts that handlers work with. All outlive the handlers.
struct Parts {
    domain::Store& store;
    const Services& services;
    const Config& config;
    Feed& feed;
    Answers& answers;
    const Queries& queries;
    Apply& apply;
};

/// One request as it came. `payload` is an object.
struct Incoming {
    std::shared_ptr<Session> session;
    std::string operation;
    Json payload;
    Ack ack;
    std::string container_id;       ///< once it is known, for errors
    std::string request_id;         ///< the client's own, once it was read
};

class Handlers {
public:
    explicit Handlers(Parts parts) : parts_(parts) {}

    /// One event of a client. `args` is an array.
    void handle(std::shared_ptr<Session> session, const std::string& event, const Json& args,
                Ack ack);
    /// From now on every request is refused: the daemon is going down.
    void close_gate() { closed_ = true; }

    static std::vector<std::string> known_events();

private:
    struct Row {
        std::string_view event;
        void (Handlers::*run)(Incoming&);
        bool payload_needed = true;
    };
    static const std::vector<Row>& table();
    static const Row* find_row(std::string_view event);

    void run(const Row& row, Incoming& incoming);
    void refuse(const Incoming& incoming, Error error);
    void tell(const Incoming& incoming, const Error& error);
    void audit(const Incoming& incoming, const Error& error);
    Controls read_controls(Payload& payload, Incoming& incoming) const;
    std::string read_reference(Payload& payload) const;

    // -- writes
    void create(Incoming& incoming);
    void start(Incoming& incoming);
    void stop(Incoming& incoming);
    void restart(Incoming& incoming);
    void update(Incoming& incoming);
    void remove(Incoming& incoming);
    void rollback(Incoming& incoming);
    void apply(Incoming& incoming);
    void try_out(Incoming& incoming, domain::Request request);
    void applied(const Incoming& incoming, const domain::Result<Json>& result);
    static void answer_once(const Incoming& incoming, const Json& told);
    void simple(Incoming& incoming, domain::Operation operation);
    static void read_spec(Payload& payload, const Json& fields, domain::Request& request);
    static void read_patch(Payload& payload, const Json& patch, const domain::Record& record,
                           domain::Request& request);
    std::optional<Error> too_many(const Session& session) const;
    std::optional<Error> allow(Payload& payload, domain::Request& request, bool dry_run);
    void submit_allowed(Incoming& incoming, const Controls& controls, domain::Request request,
                        const std::optional<Error>& error);
    void submit(Incoming& incoming, const Controls& controls, domain::Request request,
                std::optional<Error> not_found = std::nullopt);

    // -- messages
    void send_message(Incoming& incoming);
    void carry(Incoming incoming, domain::SendCall call, Repeats::Answer done);
    void sent_message(const Incoming& incoming, const Repeats::Result& sent);

    // -- reads
    void status(Incoming& incoming);
    void list(Incoming& incoming);
    void subscribe(Incoming& incoming);
    void unsubscribe(Incoming& incoming);
    void answer(const Incoming& incoming, std::string_view event, Json payload);
    std::optional<Filter> read_filter(Payload& payload, Incoming& incoming);

    Parts parts_;
    Repeats repeats_;
    bool closed_ = false;
};

}  // namespace flow::api
