// Baselines and repairs of a Status as JSON, and back: for status_json and status_parts only. Pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/record.hpp"
#include "store/json_fields.hpp"

namespace flow::store {

void put_differences(Json& json, const char* key, const std::vector<domain::Difference>& list);
void read_differences(const Json& json, const char* key, std::vector<domain::Difference>& out);
void put_drift(Json& json, const domain::Status& status);
void read_drift(const Json& json, domain::Status& status);

}  // namespace flow::store
