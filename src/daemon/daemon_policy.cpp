// What a spec may ask for on this host: the policy of the configuration, its registries, and files that a spec names.
#include "daemon/daemon.hpp"
#include "domain/host_paths.hpp"

namespace flow::daemon {

/// With the engine's own data root, once it has said where that is; checked again before each start for this reason too.
domain::Policy Daemon::effective_policy() const {
    domain::Policy policy = options_.policy;
    if (!loop_.engine_info().root_dir.empty()) {
        policy.engine_root = loop_.engine_info().root_dir;
    }
    return policy;
}

namespace {

/// A password goes to the registry that it is for, and to no other.
domain::Result<void> check_registry(const domain::Spec& spec,
                                    const std::map<std::string, docker::Registry>& registries) {
    if (spec.registry_auth.empty()) {
        return {};
    }
    const auto found = registries.find(spec.registry_auth);
    if (found == registries.end()) {
        return domain::validation_failed(
            {{"registry_auth", "is not among the registries of the configuration; add it there "
                               "with server, username and password_file"}});
    }
    const std::string host{domain::image_registry(spec.image)};
    if (host != found->second.server) {
        return domain::validation_failed(
            {{"registry_auth", "is for images of " + found->second.server +
                               ", and this one is of " + host}});
    }
    return {};
}

}  // namespace

domain::Result<void> Daemon::check_policy(domain::Spec& spec, bool dry_run) {
    if (auto known = check_registry(spec, options_.registries); !known) {
        return known.error();
    }
    const domain::Policy policy = effective_policy();
    if (auto allowed = domain::check_policy(spec, policy, domain::resolve_host_path); !allowed) {
        return allowed.error();
    }
    auto read = domain::read_env_files(spec, policy, domain::resolve_host_path, domain::read_host_file);
    if (!read) {
        return read;
    }
    // Last: nothing is copied for a spec that is refused.
    return code_.capture(spec, dry_run ? code::Shelf::Copy::no : code::Shelf::Copy::yes);
}

}  // namespace flow::daemon
