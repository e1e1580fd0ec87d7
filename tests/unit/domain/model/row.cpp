#include "unit/domain/model/row.hpp"

namespace flow::domain::test {

Spec plain_spec() {
    Spec spec;
    spec.image = "busybox";
    spec.name = "web";
    return spec;
}

Spec spec_with_restart(Restart::Policy policy, int max_retries) {
    Spec spec = plain_spec();
    spec.restart.policy = policy;
    spec.restart.max_retries = max_retries;
    return spec;
}

Error engine_error(EngineFailure failure, const std::string& message) {
    Error error;
    error.type = ErrorType::docker_api_error;
    error.message = message;
    error.engine = failure;
    return error;
}

Row::Row(DesiredState desired, Spec spec) {
    moment.now = Time{seconds{1'000'000}};
    moment.contact = true;
    Request request;
    request.operation = Operation::create;
    request.request_id = "r" + std::to_string(++asked_);
    request.desired = desired;
    request.spec = std::move(spec);
    record = model::create_record(request, "c0ffee", moment);
    record.socket_folder = "/run/flow/c0ffee";
    (void)model::accept(record, request, out, moment);
    settle();
}

void Row::settle() {
    if (!out.remove_record) {
        model::settle(record, out, moment);
    }
}

Result<Accepted> Row::ask(Operation operation, const std::function<void(Request&)>& adjust) {
    pass(milliseconds{1});
    Request request;
    request.operation = operation;
    request.container_id = record.container_id;
    request.request_id = "r" + std::to_string(++asked_);
    if (adjust) {
        adjust(request);
    }
    Result<Accepted> accepted = model::accept(record, request, out, moment);
    settle();
    return accepted;
}

Result<Accepted> Row::update(const std::function<void(Spec&)>& change) {
    Spec spec = record.spec();
    change(spec);
    return ask(Operation::update, [&](Request& request) { request.spec = spec; });
}

void Row::change(const std::function<void(Record&, Changes&, const Moment&)>& verb) {
    pass(milliseconds{1});
    verb(record, out, moment);
    settle();
}

void Row::intend(Step step, const std::string& docker_id, Purpose purpose) {
    Intention intention;
    intention.step = step;
    intention.purpose = purpose;
    intention.cause = "a test";
    intention.docker_id = docker_id;
    intention.generation = record.generation;
    if (step == Step::start) {
        const auto facts = record.status.periods.find(docker_id);
        intention.started_seen = facts == record.status.periods.end() ? Time{} : facts->second.start;
        intention.run = record.run_wanted;
    }
    change([&](Record& row, Changes& changes, const Moment& at) {
        model::intend(row, intention, changes, at);
    });
}

void Row::create(const std::string& docker_id, Role role) {
    Intention intention;
    intention.step = Step::create;
    intention.generation = record.generation;
    intention.role = role;
    intention.hash = spec_hash(record.spec());
    change([&](Record& row, Changes& changes, const Moment& at) {
        model::intend(row, intention, changes, at);
    });
    Observed made;
    made.docker_id = docker_id;
    made.container_id = record.container_id;
    made.generation = record.generation;
    made.spec_hash = intention.hash;
    change([&](Record& row, Changes& changes, const Moment& at) {
        model::record_created(row, made, changes, at);
    });
}

void Row::refuse_start(const std::string& docker_id, const Error& error) {
    intend(Step::start, docker_id);
    const Intention start = *record.status.intention;
    change([&](Record& row, Changes& changes, const Moment& at) {
        model::record_start_failed(row, start, error, changes, at);
    });
}

void Row::fail(Step step, const Error& error) {
    change([&](Record& row, Changes& changes, const Moment& at) {
        model::record_step_failed(row, step, error, changes, at);
    });
}

void Row::start(const std::string& docker_id) {
    intend(Step::start, docker_id);
    event(EngineEvent::Type::start, docker_id);
}

void Row::stop(const std::string& docker_id, Purpose purpose, int code) {
    intend(Step::stop, docker_id, purpose);
    kill(docker_id, 15);
    die(docker_id, code);
    event(EngineEvent::Type::stop, docker_id);
    change([](Record& row, Changes&, const Moment&) { model::clear_intention(row); });
}

void Row::done(const std::string& removed) {
    change([&](Record& row, Changes& changes, const Moment& at) {
        model::record_step_done(row, removed, changes, at);
    });
}

EngineEvent Row::make_event(EngineEvent::Type type, const std::string& docker_id) {
    pass(milliseconds{1});
    EngineEvent event;
    event.type = type;
    event.docker_id = docker_id;
    event.container_id = record.container_id;
    event.time = moment.now;
    return event;
}

void Row::event(EngineEvent::Type type, const std::string& docker_id) {
    model::record_event(record, make_event(type, docker_id), out, moment);
    settle();
}

void Row::kill(const std::string& docker_id, int signal) {
    EngineEvent event = make_event(EngineEvent::Type::kill, docker_id);
    event.signal = signal;
    model::record_event(record, event, out, moment);
    settle();
}

void Row::die(const std::string& docker_id, int code) {
    EngineEvent event = make_event(EngineEvent::Type::die, docker_id);
    event.exit_code = code;
    model::record_event(record, event, out, moment);
    settle();
}

void Row::snapshot(const std::vector<Observed>& containers, bool stayed) {
    pass(milliseconds{1});
    model::Snapshot snapshot;
    snapshot.containers = containers;
    snapshot.observed_at = moment.now;
    snapshot.stayed = stayed;
    model::record_snapshot(record, snapshot, out, moment);
    settle();
}

void Row::tell_crashes() {
    pass(milliseconds{252});
    model::tell_crashes(record, {}, false, out, moment);
    settle();
}

std::vector<std::string> Row::told() {
    std::vector<std::string> types;
    for (; looked_ < out.events.size(); ++looked_) {
        const EventDraft& event = out.events[looked_];
        if (event.kind == LogKind::event && event.type != "activity_log") {
            types.push_back(event.type);
        }
    }
    return types;
}

std::vector<Json> Row::all(const std::string& type) const {
    std::vector<Json> payloads;
    for (const EventDraft& event : out.events) {
        if (event.kind == LogKind::event && event.type == type) {
            payloads.push_back(event.payload);
        }
    }
    return payloads;
}

std::optional<RequestEnd> Row::end(const std::string& request_id) const {
    for (const RequestEnd& ended : out.ends) {
        if (ended.request_id == request_id) {
            return ended;
        }
    }
    return std::nullopt;
}

std::optional<Outcome> Row::outcome(const std::string& request_id) const {
    const auto ended = end(request_id);
    return ended ? std::optional{ended->outcome} : std::nullopt;
}

Row created_row(Spec spec) {
    Row row{DesiredState::created, std::move(spec)};
    row.create("d1");
    return row;
}

Row running_row(Spec spec) {
    Row row{DesiredState::running, std::move(spec)};
    row.create("d1");
    row.start("d1");
    return row;
}

Observed seen_running(const std::string& docker_id, Time started_at) {
    Observed seen;
    seen.docker_id = docker_id;
    seen.container_id = "c0ffee";
    seen.running = true;
    seen.started_at = started_at;
    return seen;
}

Observed seen_exited(const std::string& docker_id, Time started_at, Time finished_at, int code) {
    Observed seen = seen_running(docker_id, started_at);
    seen.running = false;
    seen.finished_at = finished_at;
    seen.exit_code = code;
    return seen;
}

}  // namespace flow::domain::test
