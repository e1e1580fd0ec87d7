#include <sstream>

#include "daemon/option_values.hpp"
#include "daemon/options.hpp"

namespace flow::daemon {
namespace {

std::string quoted(const std::string& text) { return domain::Json(text).dump(); }

std::string list(const std::vector<std::string>& texts) {
    return domain::Json(texts).dump();
}

}  // namespace

std::string to_yaml(const Options& options) {
    std::ostringstream out;
    out << "listen: " << list(options.listen) << "\n";
    out << "data-dir: " << quoted(options.data_dir) << "\n";
    out << "manifests: " << quoted(options.manifests) << "\n";
    out << "prune: " << (options.prune ? "true" : "false") << "\n";
    out << "docker-host: " << quoted(options.docker_host) << "\n";
    out << "name-prefix: " << quoted(options.name_prefix) << "\n";
    out << "default-host-ip: " << quoted(options.default_host_ip) << "\n";
    out << "runtime: " << quoted(options.runtime) << "\n";
    out << "cors-origins: " << list(options.cors_origins) << "\n";
    out << "allowed-hosts: " << list(options.allowed_hosts) << "\n";
    out << "insecure: " << (options.insecure ? "true" : "false") << "\n";
    out << "max-payload: " << options.max_payload << "\n";
    out << "log-format: " << options.log_format << "\n";
    out << "log-level: " << options.log_level << "\n";
    out << "stats-interval: " << to_text(options.stats_interval) << "\n";
    out << "restart-backoff-first: " << to_text(options.restart_backoff_first) << "\n";
    out << "restart-backoff-max: " << to_text(options.restart_backoff_max) << "\n";
    out << "restart-backoff-reset: " << to_text(options.restart_backoff_reset) << "\n";
    out << "update-monitor: " << to_text(options.update_monitor) << "\n";
    out << "resync-interval: " << to_text(options.resync_interval) << "\n";
    out << "orphan-grace: " << to_text(options.orphan_grace) << "\n";
    out << "cleanup-interval: " << to_text(options.cleanup_interval) << "\n";
    out << "cleanup-dry-run: " << (options.cleanup_dry_run ? "true" : "false") << "\n";
    out << "keep-stopped: " << to_text(options.keep_stopped) << "\n";
    out << "max-running-jobs: " << options.max_running_jobs << "\n";
    if (!options.registries.empty()) {
        out << "registries:\n";
    }
    for (const auto& [name, registry] : options.registries) {
        out << "  " << quoted(name) << ": {server: " << quoted(registry.server)
            << ", username: " << quoted(registry.username) << ", password: \"********\"}\n";
    }
    out << "policy:\n";
    const auto texts_of = [](const std::vector<domain::HostPathRule>& rules) {
        std::vector<std::string> paths;
        for (const domain::HostPathRule& rule : rules) {
            paths.push_back(rule.path + (rule.read_only ? ":ro" : ""));
        }
        return paths;
    };
    out << "  host_paths: " << list(texts_of(options.policy.host_paths)) << "\n";
    out << "  code_roots: " << list(texts_of(options.policy.code_roots)) << "\n";
    out << "  capabilities: " << list(options.policy.capabilities) << "\n";
    out << "  privileged: " << (options.policy.privileged ? "true" : "false") << "\n";
    out << "  host_network: " << (options.policy.host_network ? "true" : "false") << "\n";
    out << "  unconfined: " << (options.policy.unconfined ? "true" : "false") << "\n";
    return out.str();
}

}  // namespace flow::daemon
