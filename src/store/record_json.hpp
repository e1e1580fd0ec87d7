// The parts of a Record, of answers and of ends as JSON for the `doc` columns, and back, without
// loss. Fields that have their default are left out. The store's own forms: none of them goes to a
// client. Pure functions.
#pragma once

#include <string_view>

#include "domain/change.hpp"
#include "domain/error.hpp"
#include "domain/record.hpp"
#include "domain/request.hpp"

namespace flow::store {

domain::Json status_to_json(const domain::Status& status);
domain::Status status_from_json(const domain::Json& json);

/// The desired part of a Record that has no column of its own, and which generations' specs it
/// holds.
domain::Json desired_to_json(const domain::Record& record);
/// Fills `record`; `specs` gets an empty Spec for each generation held, to be read from
/// spec_revisions.
void desired_from_json(const domain::Json& json, domain::Record& record);

domain::Json target_to_json(const domain::Target& target);
domain::Target target_from_json(const domain::Json& json);

domain::Json accepted_to_json(const domain::Accepted& accepted);
domain::Accepted accepted_from_json(const domain::Json& json);

domain::Json error_to_json(const domain::Error& error);
domain::Error error_from_json(const domain::Json& json);

/// Outcome, answer and error; who and what are columns.
domain::Json end_to_json(const domain::RequestEnd& end);
void end_from_json(const domain::Json& json, domain::RequestEnd& end);

std::string_view state_word(domain::State state);
std::string_view desired_word(domain::DesiredState desired);
domain::DesiredState desired_of(std::string_view word);
std::string_view kind_word(domain::LogKind kind);
domain::LogKind kind_of(std::string_view word);
std::string_view outcome_word(domain::Outcome outcome);

}  // namespace flow::store
