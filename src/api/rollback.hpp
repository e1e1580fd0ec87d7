// Going back to an old spec (contract 3, `rollback_container`), and the list of those that there are (contract 5).
// Reads the store only; on the io_context's thread.
#pragma once

#include <optional>

#include "api/errors.hpp"
#include "domain/ports/store.hpp"

namespace flow::api {

/// The spec of that generation; by default of the newest one before the active one. validation_error when it is not
/// known.
domain::Result<domain::Spec> old_spec(const domain::Store& store, const domain::Record& record,
                                      std::optional<domain::Generation> wanted);

/// `{container_id, name, generation, active_generation, revisions: […]}`, newest first, secrets masked.
domain::Result<Json> revisions_json(const domain::Store& store, const domain::Record& record);

}  // namespace flow::api
