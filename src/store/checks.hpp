// What a new spec must fulfil among the other rows: its name is free, its dependencies go round in
// no circle. Pure functions on the store's reads.
#pragma once

#include <string>

#include "domain/error.hpp"
#include "domain/ports/store.hpp"
#include "domain/spec.hpp"

namespace flow::store {

/// `container_id` is the row that the spec is for. name_conflict (details: name, container_id of
/// the holder) or validation_error at `depends_on`.
domain::Result<void> check_spec(const domain::Store& store, const std::string& container_id,
                                const domain::Spec& spec);

}  // namespace flow::store
