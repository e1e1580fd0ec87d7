// The one end of each request: reached, overtaken, or failed by a step that its target needs (model 2).
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {
namespace {

/// The event that fulfils each request.
std::string_view result_event(std::string_view operation) {
    if (operation == "create_container") return "container_created";
    if (operation == "start_container") return "container_started";
    if (operation == "stop_container") return "container_stopped";
    if (operation == "restart_container") return "container_restarted";
    if (operation == "delete_container") return "container_deleted";
    return "container_updated";
}

Json answer_of(const Record& record, const OpenRequest& request) {
    const Status& status = record.status;
    Json answer = event_base(record);
    answer["request_id"] = request.request_id;
    const auto result = status.result_seq.find(std::string{result_event(request.operation)});
    answer["result_seq"] = nullptr;
    if (result != status.result_seq.end()) {
        answer["result_seq"] = result->second;
    }
    answer["status"] = request.target.kind == Target::Kind::gone ? "deleted"
                                                                  : to_string(status.state);
    if (request.operation == "create_container") {
        answer["image"] = record.spec().image;
        answer["status"] = "created";
        answer["socket_path"] =
            record.socket_folder + "/" + record.container_id + ".sock";
    }
    if (request.operation == "update_container" || request.operation == "rollback_container") {
        add_updated_fields(record, answer);     // of the event that result_seq names
    }
    if (request.target.kind == Target::Kind::gone) {
        answer["cleanup"] = cleanup_json(*status.cleanup);
        return answer;
    }
    answer["ports"] = ports_json(status.ports);
    if (runs(record)) {
        answer["started_at"] = to_rfc3339(status.started_at);
    } else if (status.last_exit) {
        answer["exit_code"] = status.last_exit->code;
    }
    return answer;
}

void end(Record& record, const OpenRequest& request, Outcome outcome, Error error, Changes& out) {
    RequestEnd ended;
    ended.actor = request.actor;
    ended.request_id = request.request_id;
    ended.operation = request.operation;
    ended.container_id = record.container_id;
    ended.outcome = outcome;
    if (outcome == Outcome::done) {
        ended.answer = answer_of(record, request);
    } else {
        error.details["operation"] = request.operation;
        error.details["container_id"] = record.container_id;
        error.details["name"] = record.spec().name;
        error.details["request_id"] = request.request_id;
        ended.error = std::move(error);
    }
    out.ends.push_back(std::move(ended));
}

/// Ends every open request for which `judge` gives an outcome.
template <class Judge>
void end_where(Record& record, Changes& out, Judge judge) {
    std::vector<OpenRequest> left;
    std::vector<OpenRequest> open = std::move(record.open);
    for (OpenRequest& request : open) {
        Error error;
        const std::optional<Outcome> outcome = judge(request, error);
        if (outcome) {
            end(record, request, *outcome, std::move(error), out);
        } else {
            left.push_back(std::move(request));
        }
    }
    record.open = std::move(left);
}

bool process_left(const Record& record, Run run) {
    for (const auto& [id, period] : record.status.periods) {
        if (period.open && period.run <= run) {
            return true;
        }
    }
    return false;
}

/// The seq of the newer wish that makes the target unreachable; 0 when it can still be reached.
Seq overtaken_by(const Record& record, const Target& target) {
    const Status& status = record.status;
    if (target.kind == Target::Kind::gone) {
        return 0;
    }
    if (record.deleted) {
        return target.kind == Target::Kind::stopped ? 0 : record.delete_seq;
    }
    if (target.kind != Target::Kind::run_started || record.desired == DesiredState::running ||
        status.run_started >= target.run) {
        return 0;
    }
    const bool start_in_hand = status.intention && status.intention->step == Step::start &&
                               status.intention->run >= target.run;
    return start_in_hand ? 0 : record.desired_seq;
}

Error superseded(const Record& record, Seq by) {
    Error error;
    error.type = ErrorType::superseded;
    error.message = "a newer request for " + record.spec().name + " (seq " + std::to_string(by) +
                    ") made this one unreachable";
    error.details["by_seq"] = by;
    return error;
}

/// The failed step stands in the way of the target (model 2).
bool needs(const Record& record, const Target& target, const Failure& failure) {
    using Part = Failure::Part;
    using Kind = Target::Kind;
    switch (failure.part) {
        case Part::away: return true;
        case Part::pull:
        case Part::create:
            if (target.kind == Kind::active) {
                return failure.generation >= target.generation;
            }
            if (target.kind == Kind::run_started && target.run <= failure.run) {
                return true;    // a restart that pulls first
            }
            // Beside an engine container that counts, it is a replace that waits: the old one lives on (model 5).
            return record.status.docker_id.empty() &&
                   (target.kind == Kind::exists || target.kind == Kind::run_started);
        case Part::change:
            return target.kind == Kind::active && target.generation <= failure.generation;
        case Part::verdict:
            return target.kind == Kind::active && target.generation <= failure.generation;
        case Part::start:
            return (target.kind == Kind::run_started && target.run <= failure.run) ||
                   target.kind == Kind::active;
        case Part::stop:
            return target.kind == Kind::stopped || target.kind == Kind::gone ||
                   (target.kind == Kind::run_started && runs(record));
        case Part::other: return target.kind != Kind::exists && target.kind != Kind::stopped;
    }
    return false;
}

}  // namespace

bool reached(const Record& record, const Target& target, const Moment& moment) {
    const Status& status = record.status;
    switch (target.kind) {
        case Target::Kind::exists: return !status.docker_id.empty();
        case Target::Kind::run_started:
            return status.run_started >= target.run && !status.ports_pending;
        case Target::Kind::active:
            return status.active_generation >= target.generation && status.next_id.empty() &&
                   (status.run_started >= record.run_wanted || !should_run(record));
        case Target::Kind::stopped: {
            const bool start_in_hand = status.intention &&
                                       status.intention->step == Step::start &&
                                       status.intention->run <= target.run;
            return moment.contact && !start_in_hand && !process_left(record, target.run);
        }
        case Target::Kind::gone: return false;
    }
    return false;
}

void end_requests(Record& record, Changes& out, const Moment& moment) {
    end_where(record, out, [&](const OpenRequest& request, Error& error) -> std::optional<Outcome> {
        if (reached(record, request.target, moment)) {
            return Outcome::done;
        }
        const Seq by = overtaken_by(record, request.target);
        if (by == 0) {
            return std::nullopt;
        }
        error = superseded(record, by);
        return Outcome::superseded;
    });
}

void end_requests_of_gone(Record& record, Changes& out) {
    end_where(record, out, [&](const OpenRequest& request, Error& error) -> std::optional<Outcome> {
        const auto kind = request.target.kind;
        if (kind == Target::Kind::gone || kind == Target::Kind::stopped) {
            return Outcome::done;
        }
        error = superseded(record, record.delete_seq);
        return Outcome::superseded;
    });
}

void fail_requests(Record& record, const Failure& failure, const Error& why, Changes& out) {
    Moment with_contact;
    with_contact.contact = failure.part != Failure::Part::away;
    end_where(record, out, [&](const OpenRequest& request, Error& error) -> std::optional<Outcome> {
        if (reached(record, request.target, with_contact) ||
            !needs(record, request.target, failure)) {
            return std::nullopt;
        }
        error = why;
        return Outcome::failed;
    });
}

void fail_all_requests(Record& record, const Error& why, Changes& out) {
    end_where(record, out, [&](const OpenRequest&, Error& error) -> std::optional<Outcome> {
        error = why;
        return Outcome::failed;
    });
}

}  // namespace flow::domain::model
