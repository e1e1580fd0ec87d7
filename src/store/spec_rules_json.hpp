// The part of a spec's stored form that says how it is run and replaced: healthcheck, update, images, logging, jobs.
// Used by spec_json.cpp alone; pure functions.
#pragma once

#include "domain/error.hpp"
#include "domain/spec.hpp"

namespace flow::store {

void rules_to_json(const domain::Spec& spec, domain::Json& json);
void read_rules(const domain::Json& json, domain::Spec& spec);

}  // namespace flow::store
