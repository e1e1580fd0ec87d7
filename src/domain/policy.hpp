// What a spec may ask of the host (contract 2, "The policy"): which host paths, capabilities and
// other ways out of the container. Pure: how a path is resolved is handed in (host_paths.hpp has
// the real way). Checked when a spec is accepted; the host paths again before each start, because
// links may have changed since.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/spec.hpp"

namespace flow::domain {

/// The path with all links followed. The error's message says why there is none, as the end of a
/// sentence: "does not exist".
using PathResolver = std::function<Result<std::string>(const std::string& path)>;

/// A host path, and what lies below it, that containers may mount.
struct HostPathRule {
    std::string path;
    bool read_only = false;   ///< only read-only
};

/// "PATH" or "PATH:ro" of the configuration; the error's message names what is wrong.
Result<HostPathRule> parse_host_path_rule(std::string_view text);

struct Policy {
    /// Nothing: all but the default refusals. Else only these may be mounted; one at or below a
    /// default refusal is allowed in spite of it.
    std::vector<HostPathRule> host_paths;
    /// Where `code.path` may be copied from, like host_paths for reading; nothing: what host_paths say.
    std::vector<HostPathRule> code_roots;
    /// Capabilities that cap_add may name beyond Docker's own set; "ALL" for any.
    std::vector<std::string> capabilities;
    bool privileged = false;
    bool host_network = false;
    bool unconfined = false;      ///< seccomp or apparmor unconfined, userns: host
    std::string data_dir;         ///< the daemon's own, absolute; "" where there is none
    std::string engine_socket;    ///< an absolute path, not a URL
    std::string engine_root = "/var/lib/docker";
};

/// Replaces bind sources, and a `code.path` that is still to be copied, by their resolved paths, or reports all that is wrong: `validation_error`
/// when sources are missing, `forbidden` as soon as something is refused. details.field_errors
/// names the fields, details.rules the rules of the policy.
Result<void> check_policy(Spec& spec, const Policy& policy, const PathResolver& resolve);

/// The text of a host file. The error's message says why there is none, as the end of a sentence.
using FileReader = std::function<Result<std::string>(const std::string& path)>;

/// Reads `env_file` into the environment, under the rules for a read-only mount. Failures as check_policy's; the files'
/// text is never quoted.
Result<void> read_env_files(Spec& spec, const Policy& policy, const PathResolver& resolve,
                            const FileReader& read);

/// Before a start: do the stored sources still exist, lead to where they led, and are they allowed?
Result<void> check_host_paths_again(const Spec& spec, const Policy& policy,
                                    const PathResolver& resolve);

}  // namespace flow::domain
