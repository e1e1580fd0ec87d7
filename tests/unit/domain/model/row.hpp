// One row for the tests of the model: declares it, asks requests of it, plays what the engine does, all through the
// model's own functions and with a clock of its own. Each call is one transaction, settled as the store does.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/change.hpp"
#include "domain/model/facts.hpp"
#include "domain/model/model.hpp"
#include "domain/model/steps.hpp"
#include "domain/record.hpp"
#include "domain/request.hpp"

namespace flow::domain::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// busybox, named web, restart on-failure without a limit.
Spec plain_spec();
Spec spec_with_restart(Restart::Policy policy, int max_retries = -1);
Error engine_error(EngineFailure failure, const std::string& message = "the engine said no");

class Row {
public:
    explicit Row(DesiredState desired, Spec spec = plain_spec());

    // -- the clock -------------------------------------------------------------------------------------------
    void pass(Duration duration) { moment.now += duration; }

    // -- requests: ids are "r1" (the create), "r2" … in order --------------------------------------------
    Result<Accepted> ask(Operation operation, const std::function<void(Request&)>& adjust = {});
    Result<Accepted> update(const std::function<void(Spec&)>& change);

    // -- steps of ours -----------------------------------------------------------------------------------
    void create(const std::string& docker_id, Role role = Role::main);
    void intend(Step step, const std::string& docker_id, Purpose purpose = Purpose::none);
    void refuse_start(const std::string& docker_id, const Error& error);
    void fail(Step step, const Error& error);
    /// Intends to start it; its `start` event comes.
    void start(const std::string& docker_id);
    /// Intends to stop it; kill, die and stop events come.
    void stop(const std::string& docker_id, Purpose purpose, int code = 0);
    void done(const std::string& removed = "");
    void change(const std::function<void(Record&, Changes&, const Moment&)>& verb);

    // -- facts: each a millisecond after what came before ------------------------------------------------
    void event(EngineEvent::Type type, const std::string& docker_id);
    void kill(const std::string& docker_id, int signal);
    void die(const std::string& docker_id, int code);
    void snapshot(const std::vector<Observed>& containers, bool stayed);
    /// The 250 ms of the exits that still wait pass, and they are told.
    void tell_crashes();

    // -- looks -------------------------------------------------------------------------------------------
    State state() const { return model::state_of(record, moment); }
    std::string reason() const { return model::reason_of(record, state()); }
    const Status& status() const { return record.status; }
    /// Types of the public events since the last look, the audit rows of requests left out.
    std::vector<std::string> told();
    /// Payloads of all events of that type so far.
    std::vector<Json> all(const std::string& type) const;
    /// How the request ended; nothing while it is open.
    std::optional<RequestEnd> end(const std::string& request_id) const;
    std::optional<Outcome> outcome(const std::string& request_id) const;
    /// How often any request ended.
    std::size_t ends() const { return out.ends.size(); }

    Record record;
    Changes out;
    Moment moment;

private:
    void settle();
    EngineEvent make_event(EngineEvent::Type type, const std::string& docker_id);

    int asked_ = 0;
    std::size_t looked_ = 0;
};

/// A row whose engine container d1 exists, or runs.
Row created_row(Spec spec = plain_spec());
Row running_row(Spec spec = plain_spec());

/// What inspect shows of d1.
Observed seen_running(const std::string& docker_id, Time started_at);
Observed seen_exited(const std::string& docker_id, Time started_at, Time finished_at, int code);

}  // namespace flow::domain::test
