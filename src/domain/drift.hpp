// What somebody changed on an engine container by hand (design 4, model 11): the watched part of its inspect as one line
// of text, what that text should be, and where two of them differ. Pure functions on plain values; the model counts the
// repairs (model/drift.hpp), the planner chooses them, and the adapter writes the text (docker/settings.hpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "domain/shared_text.hpp"
#include "domain/spec.hpp"

namespace flow::domain {

/// Flat: "HostConfig.Memory" to its value. What is null, empty, zero or false is left out, and keys are sorted, so that
/// equal settings are equal text.
using Settings = nlohmann::json;

/// Prefixes of what is one entry each, not one list.
inline constexpr const char* kNetworksPrefix = "Networks.";
inline constexpr const char* kUlimitsPrefix = "HostConfig.Ulimits.";
inline constexpr const char* kConnected = "connected";
/// The container's name is not among the settings: what it should be is a matter of the row.
inline constexpr const char* kNameField = "Name";

/// Null, "", [], {}, 0 and false are one, at every depth: null for what is nothing.
Settings normalised(const Settings& value);
/// One line of text; long values are told by their digest, so that it stays small and holds no secret.
std::string settings_text(const Settings& fields);

/// What an engine container was when it was made, as far as drift looks: of one docker id.
struct Baseline {
    SharedText settings;        ///< as settings_text() writes it
    std::string engine;         ///< version of the engine that told it
    std::string name;           ///< the last that we gave it
    bool operator==(const Baseline&) const = default;
};

/// One difference, with both values as people read them.
struct Difference {
    std::string field;
    std::string is;
    std::string should;
    bool operator==(const Difference&) const = default;
};

/// `seen` with what the spec itself decides put in place: limits, networks, no restart policy of the engine's. A limit that
/// the engine did not take over when it was asked to (no such cgroup) is not asked for again.
std::string baseline_of(std::string_view seen, const Spec& spec);

std::vector<Difference> differences(std::string_view baseline, std::string_view seen);

enum class Remedy { update, connect, disconnect, recreate };
Remedy remedy_of(const Difference& difference);
/// No `docker` command changes it: after an upgrade of the engine it is only told in another shape.
bool is_fixed(const Difference& difference);

/// "HostConfig.Memory is 268435456, should be 134217728", joined by "; ".
std::string to_text(const std::vector<Difference>& differences);

}  // namespace flow::domain
