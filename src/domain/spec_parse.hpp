// What a user wrote (JSON of a request, or the `spec:` of a manifest) to a valid Spec: contract 2's
// schema, in Compose's spellings. All field errors are collected and reported at once, each with
// its path; values of the environment are never quoted in an error. Pure functions; the parts are
// in spec/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/error.hpp"
#include "domain/spec.hpp"

namespace flow::domain {

/// What stands for a secret value in every answer, log and event. In a spec it means: keep the
/// present one.
inline constexpr std::string_view kMask = "********";

struct ParseOptions {
    /// The container's present spec, whose values a masked one stands for. Without it a mask is an
    /// error.
    const Spec* present = nullptr;
    /// Put before each path in errors, for example "spec." for a manifest.
    std::string path_prefix;
};

struct ParsedSpec {
    Spec spec;
    /// As given; nothing: the default of the request (`create_container`: created; manifests:
    /// running).
    std::optional<DesiredState> desired_state;
};

/// Validates and fills in defaults. Fields of the request itself (`request_id`, `wait` …) must have
/// been taken out before: what is not a field of the spec is an error. Failure: validation_error
/// with details.field_errors.
Result<ParsedSpec> parse_spec(const Json& payload, const ParseOptions& options = {});

/// May a container be called so? (contract 1). The sentence says why not; nothing when it may.
std::optional<std::string> why_bad_name(std::string_view name);

/// The registry that an image comes from: "docker.io" where it names none.
std::string_view image_registry(std::string_view image);

/// Is the value of an environment variable with this name masked? (`*_TOKEN`, `*PASSWORD*`,
/// `*SECRET*`, `*_KEY`)
bool is_secret_key(std::string_view key);

}  // namespace flow::domain
