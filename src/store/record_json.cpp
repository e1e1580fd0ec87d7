#include "store/record_json.hpp"

#include "store/enum_text.hpp"
#include "store/json_fields.hpp"
#include "store/words.hpp"

namespace flow::store {
namespace {

using domain::Accepted;
using domain::Error;
using domain::ErrorType;
using domain::Record;
using domain::RequestEnd;
using domain::Target;

constexpr Word<ErrorType> kErrorTypes[] = {
    {ErrorType::system_error, "system_error"},
    {ErrorType::validation_error, "validation_error"},
    {ErrorType::container_not_found, "container_not_found"},
    {ErrorType::image_not_found, "image_not_found"},
    {ErrorType::docker_api_error, "docker_api_error"},
    {ErrorType::socket_error, "socket_error"},
    {ErrorType::socket_timeout_error, "socket_timeout_error"},
    {ErrorType::socket_connection_error, "socket_connection_error"},
    {ErrorType::conflict_error, "conflict_error"},
    {ErrorType::name_conflict, "name_conflict"},
    {ErrorType::unauthorized, "unauthorized"},
    {ErrorType::forbidden, "forbidden"},
    {ErrorType::rate_limited, "rate_limited"},
    {ErrorType::superseded, "superseded"},
    {ErrorType::timeout, "timeout"}};

}  // namespace

Json desired_to_json(const Record& record) {
    Json json = Json::object();
    json["specs"] = Json::array();
    for (const auto& [generation, spec] : record.specs) {
        json["specs"].push_back(generation);
    }
    put(json, "restart_run", record.restart_run);
    put(json, "force", record.force);
    put(json, "remove_volumes", record.remove_volumes, true);
    put(json, "stop_timeout", record.stop_timeout);
    put(json, "desired_seq", record.desired_seq);
    put(json, "generation_seq", record.generation_seq);
    put(json, "delete_seq", record.delete_seq);
    return json;
}

void desired_from_json(const Json& json, Record& record) {
    if (const Json* specs = field(json, "specs")) {
        for (const Json& generation : *specs) {
            record.specs[generation.get<domain::Generation>()] = domain::Spec{};
        }
    }
    read(json, "restart_run", record.restart_run);
    read(json, "force", record.force);
    read(json, "remove_volumes", record.remove_volumes);
    read(json, "stop_timeout", record.stop_timeout);
    read(json, "desired_seq", record.desired_seq);
    read(json, "generation_seq", record.generation_seq);
    read(json, "delete_seq", record.delete_seq);
}

Json target_to_json(const Target& target) {
    Json json = Json::object();
    json["kind"] = word_of(kTargetKinds, target.kind);
    put(json, "run", target.run);
    put(json, "generation", target.generation);
    return json;
}

Target target_from_json(const Json& json) {
    Target target;
    read_word(json, "kind", kTargetKinds, target.kind);
    read(json, "run", target.run);
    read(json, "generation", target.generation);
    return target;
}

Json accepted_to_json(const Accepted& accepted) {
    Json json = Json::object();
    json["container_id"] = accepted.container_id;
    json["name"] = accepted.name;
    json["generation"] = accepted.generation;
    json["seq"] = accepted.seq;
    json["changed"] = accepted.changed;
    put(json, "created", accepted.created);
    if (!accepted.diff.empty()) {
        json["diff"] = accepted.diff;
    }
    json["request_id"] = accepted.request_id;
    return json;
}

Accepted accepted_from_json(const Json& json) {
    Accepted accepted;
    read(json, "container_id", accepted.container_id);
    read(json, "name", accepted.name);
    read(json, "generation", accepted.generation);
    read(json, "seq", accepted.seq);
    read(json, "changed", accepted.changed);
    read(json, "created", accepted.created);
    if (const Json* diff = field(json, "diff")) {
        accepted.diff = *diff;
    }
    read(json, "request_id", accepted.request_id);
    return accepted;
}

Json error_to_json(const Error& error) {
    Json json = Json::object();
    json["error_type"] = word_of(kErrorTypes, error.type);
    json["message"] = error.message;
    json["details"] = error.details;
    put(json, "engine", static_cast<int>(error.engine));
    return json;
}

Error error_from_json(const Json& json) {
    Error error;
    read_word(json, "error_type", kErrorTypes, error.type);
    read(json, "message", error.message);
    if (const Json* details = field(json, "details")) {
        error.details = *details;
    }
    int engine = 0;
    read(json, "engine", engine);
    error.engine = static_cast<domain::EngineFailure>(engine);
    return error;
}

Json end_to_json(const RequestEnd& end) {
    Json json = Json::object();
    json["outcome"] = word_of(kOutcomes, end.outcome);
    if (end.outcome == domain::Outcome::done) {
        json["answer"] = end.answer;
    } else {
        json["error"] = error_to_json(end.error);
    }
    return json;
}

void end_from_json(const Json& json, RequestEnd& end) {
    read_word(json, "outcome", kOutcomes, end.outcome);
    if (const Json* answer = field(json, "answer")) {
        end.answer = *answer;
    }
    if (const Json* error = field(json, "error")) {
        end.error = error_from_json(*error);
    }
}

std::string_view state_word(domain::State state) { return word_of(kStates, state); }
std::string_view desired_word(domain::DesiredState desired) {
    return word_of(kDesiredStates, desired);
}
domain::DesiredState desired_of(std::string_view word) { return value_of(kDesiredStates, word); }
std::string_view kind_word(domain::LogKind kind) { return word_of(kLogKinds, kind); }
domain::LogKind kind_of(std::string_view word) { return value_of(kLogKinds, word); }
std::string_view outcome_word(domain::Outcome outcome) { return word_of(kOutcomes, outcome); }

}  // namespace flow::store
