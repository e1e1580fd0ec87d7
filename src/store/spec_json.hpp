// A Spec as the store keeps it, whole and with its secrets (the file is 0600), and back.
// Independent of validation: what was accepted once is always read again, whatever the rules are by
// then. Pure functions.
#pragma once

#include "domain/error.hpp"
#include "domain/spec.hpp"

namespace flow::store {

/// All fields in a fixed order, durations in nanoseconds.
domain::Json spec_to_json(const domain::Spec& spec);

/// Absent fields get the defaults of Spec.
domain::Spec spec_from_json(const domain::Json& json);

}  // namespace flow::store
