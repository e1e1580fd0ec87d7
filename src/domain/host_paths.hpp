// Follows links on the host's file system: the PathResolver that the daemon hands to the policy.
// The one exception to "the domain does no I/O": it is kept beside the policy because the two are
// useless apart. Blocking, but short.
#pragma once

#include <string>

#include "domain/error.hpp"

namespace flow::domain {

/// The path with all links followed. Failure: validation_error whose message ends a sentence: "does
/// not exist".
Result<std::string> resolve_host_path(const std::string& path);

}  // namespace flow::domain
