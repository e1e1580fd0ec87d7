#include "domain/record.hpp"

#include "domain/change.hpp"
#include "domain/request.hpp"

namespace flow::domain {

std::string_view to_string(State state) {
    switch (state) {
        case State::creating: return "creating";
        case State::created: return "created";
        case State::starting: return "starting";
        case State::running: return "running";
        case State::stopping: return "stopping";
        case State::stopped: return "stopped";
        case State::updating: return "updating";
        case State::restarting: return "restarting";
        case State::removing: return "removing";
        case State::removed: return "removed";
        case State::completed: return "completed";
        case State::error: return "error";
        case State::unknown: return "unknown";
    }
    return "unknown";
}

std::string_view to_string(DesiredState desired) {
    switch (desired) {
        case DesiredState::created: return "created";
        case DesiredState::running: return "running";
        case DesiredState::stopped: return "stopped";
    }
    return "created";
}

std::string_view to_string(Step step) {
    switch (step) {
        case Step::create: return "CreateContainer";
        case Step::start: return "StartContainer";
        case Step::stop: return "StopContainer";
        case Step::remove: return "RemoveContainer";
        case Step::rename: return "RenameContainer";
        case Step::update: return "UpdateContainer";
        case Step::unpause: return "UnpauseContainer";
        case Step::link: return "SwitchCode";
        case Step::repair: return "RepairContainer";
    }
    return "Nothing";
}

std::string_view to_string(LogKind kind) {
    switch (kind) {
        case LogKind::event: return "event";
        case LogKind::refusal: return "refusal";
        case LogKind::end: return "end";
        case LogKind::action: return "action";
        case LogKind::outcome: return "outcome";
        case LogKind::fact: return "fact";
    }
    return "event";
}

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::done: return "done";
        case Outcome::failed: return "failed";
        case Outcome::superseded: return "superseded";
    }
    return "failed";
}

std::string_view to_string(Operation operation) {
    switch (operation) {
        case Operation::create: return "create_container";
        case Operation::start: return "start_container";
        case Operation::stop: return "stop_container";
        case Operation::restart: return "restart_container";
        case Operation::update: return "update_container";
        case Operation::rollback: return "rollback_container";
        case Operation::remove: return "delete_container";
        case Operation::manifest: return "apply";
    }
    return "apply";
}

Json Accepted::to_json() const {
    Json json;
    json["ok"] = true;
    json["container_id"] = container_id;
    json["name"] = name;
    json["generation"] = generation;
    json["seq"] = seq;
    json["changed"] = changed;
    return json;
}

}  // namespace flow::domain
