// The structures inside a Status as JSON, and back: for record_json only. Pure functions.
#pragma once

#include <vector>

#include "domain/record.hpp"
#include "store/json_fields.hpp"

namespace flow::store {

Json backoffs_to_json(const domain::Backoffs& backoffs);
void read_backoffs(const Json& json, const char* key, domain::Backoffs& out);
Json intention_to_json(const domain::Intention& intention);
domain::Intention intention_from_json(const Json& json);
Json pending_to_json(const domain::PendingExit& exit);
domain::PendingExit pending_from_json(const Json& json);
Json period_to_json(const domain::Period& period);
domain::Period period_from_json(const Json& json);
Json last_exit_to_json(const domain::LastExit& exit);
domain::LastExit last_exit_from_json(const Json& json);
Json ports_to_json(const std::vector<domain::BoundPort>& ports);
domain::BoundPort port_from_json(const Json& json);

}  // namespace flow::store
