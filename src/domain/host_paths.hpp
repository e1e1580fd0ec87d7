// Follows links on the host's file system and reads small files: the PathResolver and FileReader that the daemon hands to the policy.
// The one exception to "the domain does no I/O": it is kept beside the policy because the two are
// useless apart. Blocking, but short.
#pragma once

#include <string>

#include "domain/error.hpp"

namespace flow::domain {

/// The path with all links followed. Failure: validation_error whose message ends a sentence: "does
/// not exist".
Result<std::string> resolve_host_path(const std::string& path);

/// An ordinary file's text, at most 512 KiB of it. Failure: as above.
Result<std::string> read_host_file(const std::string& path);

}  // namespace flow::domain
