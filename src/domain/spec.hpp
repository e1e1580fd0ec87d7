// The spec: what a user declares about one container (contract 2), after validation and defaults.
// A Spec that exists is valid: nothing later checks the user's input again, except the policy on host paths,
// which is checked again before each start. Plain values; parsing is in spec_parse.hpp, text forms in spec_canonical.hpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/code.hpp"
#include "domain/rare.hpp"
#include "domain/spec_parts.hpp"

namespace flow::domain {

struct Spec {
    std::string image;
    Kind kind = Kind::container;
    std::string name;
    std::map<std::string, std::string> labels;
    std::string task_id;
    std::string runner_id;
    std::optional<std::vector<std::string>> command;      ///< nothing: the image's
    std::optional<std::vector<std::string>> entrypoint;
    std::map<std::string, std::string> environment;
    std::vector<Mount> volumes;
    std::vector<std::string> tmpfs;       ///< "/path" or "/path:options"
    bool read_only = false;
    std::string user;
    std::string working_dir;
    std::string hostname;                 ///< "" : the name, where that is a legal host name
    std::optional<bool> init;
    std::vector<Port> ports;
    Networking networking;
    Resources resources;
    Security security;
    Restart restart;
    std::string stop_signal;              ///< "": the image's, else SIGTERM
    Duration stop_grace_period = std::chrono::seconds{10};
    std::vector<Dependency> depends_on;
    Seldom<Healthcheck> healthcheck;
    Update update;
    PullPolicy pull_policy = PullPolicy::missing;
    std::string registry_auth;            ///< a name of the configuration's `registries`; "": none
    Seldom<Logging> logging;
    Seldom<Code> code;
    Messaging messaging;
    Workspace workspace;
    JobRules job;                         ///< of kind job only
    /// `env_file`: read into the environment when the spec is accepted; both are empty from then on.
    std::vector<std::string> env_files;
    std::set<std::string> env_given;      ///< variables that the request itself names: no file overrides them
    bool operator==(const Spec&) const = default;
};

/// What a change from one spec to another asks of the engine.
enum class ChangeKind {
    none,       ///< nothing: only fields that we alone read (restart, depends_on, update …)
    in_place,   ///< the engine can change a running container (cpus, cpu_shares, memory …, pids)
    code,       ///< other code in the same engine container: it follows the link at its next start
    recreate,
};
ChangeKind change_between(const Spec& from, const Spec& to);

/// "v1:" and 64 hex characters: SHA-256 over the canonical form of the fields that need a recreate.
/// The resource limits that can be changed in place are left out (design 4).
std::string spec_hash(const Spec& spec);

}  // namespace flow::domain
