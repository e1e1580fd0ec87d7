// The parts of parse_spec: each reads one field of the payload into the draft of a Spec, and
// reports what is wrong with it. Lives for one parse. What depends on several fields is settled at
// the end (`settle_…`).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "domain/spec.hpp"
#include "domain/spec/field.hpp"
#include "domain/spec_parse.hpp"

namespace flow::domain {

struct SpecDraft {
    Spec spec;
    std::optional<DesiredState> desired_state;
    const ParseOptions& options;
    bool networks_given = false;
    std::optional<SecurityProfile> profile;
    std::optional<int> backoff_limit;
    std::vector<std::string> job_fields;    ///< those given: errors where the kind is no job
};

inline constexpr std::size_t kMaxPorts = 1000;
inline constexpr std::size_t kMaxMounts = 100;
inline constexpr std::size_t kMaxPairs = 1000;      ///< entries of environment or labels
inline constexpr std::size_t kMaxWords = 1000;      ///< arguments of a command
inline constexpr std::size_t kMaxNetworks = 20;
inline constexpr std::size_t kMaxDependencies = 100;

/// Set by us in every container: FLOW_SOCKET and its like.
bool is_daemons_variable(const std::string& name);
inline constexpr std::size_t kMaxVariableName = 256;
inline constexpr std::size_t kMaxAllValues = 512 * 1024;    ///< bytes of environment or labels in all

void read_environment(const Field& field, SpecDraft& draft);
/// After the environment, which it must not override.
void read_env_file(const Field& field, SpecDraft& draft);
void read_labels(const Field& field, SpecDraft& draft);
void read_command(const Field& field, SpecDraft& draft);
void read_entrypoint(const Field& field, SpecDraft& draft);
void read_volumes(const Field& field, SpecDraft& draft);
void read_tmpfs(const Field& field, SpecDraft& draft);
void read_ports(const Field& field, SpecDraft& draft);
void read_networks(const Field& field, SpecDraft& draft);
void read_network_mode(const Field& field, SpecDraft& draft);
void read_resources(const Field& field, SpecDraft& draft);
void read_security(const Field& field, SpecDraft& draft);
void read_restart(const Field& field, SpecDraft& draft);
void read_stop_signal(const Field& field, SpecDraft& draft);
void read_stop_grace_period(const Field& field, SpecDraft& draft);
void read_depends_on(const Field& field, SpecDraft& draft);
void read_desired_state(const Field& field, SpecDraft& draft);
void read_healthcheck(const Field& field, SpecDraft& draft);
void read_update(const Field& field, SpecDraft& draft);
void read_pull_policy(const Field& field, SpecDraft& draft);
void read_registry_auth(const Field& field, SpecDraft& draft);
void read_logging(const Field& field, SpecDraft& draft);
void read_code(const Field& field, SpecDraft& draft);
/// After code, with which it must not be given.
void read_code_path(const Field& field, SpecDraft& draft);
void read_workspace(const Field& field, SpecDraft& draft);
void read_messaging(const Field& field, SpecDraft& draft);
void read_backoff_limit(const Field& field, SpecDraft& draft);
void read_active_deadline(const Field& field, SpecDraft& draft);
void read_ttl_after_finished(const Field& field, SpecDraft& draft);
void read_keep_failed(const Field& field, SpecDraft& draft);

void settle_mounts(SpecDraft& draft, FieldErrors& errors);
void settle_networking(SpecDraft& draft, FieldErrors& errors);
void settle_security(SpecDraft& draft, FieldErrors& errors);
/// After the kind is known: what jobs alone have, and their restart rule.
void settle_job(SpecDraft& draft, FieldErrors& errors);

/// Compose's and our later fields at the top level, with what to write instead.
std::span<const ForeignField> foreign_spec_fields();
std::span<const ForeignField> foreign_resource_fields();
std::span<const ForeignField> foreign_security_fields();

}  // namespace flow::domain
