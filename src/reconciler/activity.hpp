// An `activity_log` of the daemon's own, about no single row: to every client, and kept (contract 3).
#pragma once

#include <string>

#include "domain/ports/store.hpp"

namespace flow::reconciler {

/// `type` is its activity_type, in snake_case; `details` an object.
void tell_activity(domain::Store& store, std::string type, std::string message,
                   domain::Json details = domain::Json::object());

}  // namespace flow::reconciler
