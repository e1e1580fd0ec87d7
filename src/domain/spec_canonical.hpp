// The text forms of a Spec and what is computed from them: the canonical form that the store keeps,
// the masked one that people see, merge patches, and the list of changed fields. spec_hash and
// change_between (spec.hpp) are defined beside it. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/spec.hpp"
#include "domain/spec_parse.hpp"

namespace flow::domain {

/// Always the same fields in the same order; parse_spec of it gives the same Spec again. Holds
/// secrets.
Json to_canonical(const Spec& spec);

/// The canonical form with secret environment values masked: for answers, logs, events and audit.
Json to_public(const Spec& spec);

/// A JSON merge patch (RFC 7386) on the canonical form of `current`: null removes, objects merge by
/// field, lists are replaced whole (also `volumes`, `ports`, `networks` and `depends_on` in their
/// map forms). A masked environment value keeps the present one. `kind` and `desired_state` cannot
/// be changed here. The result has no desired_state.
Result<ParsedSpec> apply_patch(const Spec& current, const Json& patch, ParseOptions options = {});

/// Names of the top-level fields that differ, in canonical order: `changed_fields` of
/// `container_updated`.
std::vector<std::string> changed_fields(const Spec& from, const Spec& to);

/// Each changed field with both values, masked: `[{"field", "from", "to"}]`, null where there is
/// none.
Json spec_diff(const Spec& from, const Spec& to);
/// The same for a spec that is new: all that it says, from null.
Json spec_diff(const Spec& to);

std::string_view to_string(Kind kind);
std::string_view to_string(SecurityProfile profile);
std::string_view to_string(DependencyCondition condition);
std::string_view to_string(PullPolicy policy);
std::string_view to_string(Framing framing);
std::string to_string(const Restart& restart);
/// "1m30s": exact to the nanosecond, read again by parse_spec.
std::string to_text(Duration duration);

/// Names are told apart without regard to case (contract 1): the form that is compared.
std::string name_key(std::string_view name);

/// SHA-256 as 64 lower-case hex characters.
std::string sha256_hex(std::string_view bytes);

}  // namespace flow::domain
