// Forgiving reads of the engine's JSON: an absent field, null, or another type is zero or empty
// (API versions differ). Pure functions on values; nothing here throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace flow::docker {

using EngineJson = nlohmann::json;

/// Never throws; broken text gives a value that `is_discarded()`.
inline EngineJson parse_engine_json(std::string_view text) {
    return EngineJson::parse(text, nullptr, false);
}

/// The member, or a shared null.
const EngineJson& member(const EngineJson& object, const char* key);
/// The member of a member: `member(object, "State", "Pid")`.
const EngineJson& member(const EngineJson& object, const char* key, const char* inner);

std::string text_of(const EngineJson& object, const char* key);
/// Also reads numbers written as text ("137").
std::int64_t integer_of(const EngineJson& object, const char* key);
bool flag_of(const EngineJson& object, const char* key);

}  // namespace flow::docker
