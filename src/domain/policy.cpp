#include "domain/policy.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "domain/spec/field.hpp"
#include "domain/spec/host_path_rules.hpp"
#include "domain/spec/names.hpp"

namespace flow::domain {
namespace {

/// What Docker gives a container by itself: adding these gives nothing new.
constexpr std::array<std::string_view, 14> kDockersOwn{
    "AUDIT_WRITE", "CHOWN",   "DAC_OVERRIDE", "FOWNER",  "FSETID", "KILL",   "MKNOD",
    "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"};

/// Collects the two sorts of findings.
struct Findings {
    std::vector<FieldError> missing;
    std::vector<FieldError> refused;
    std::vector<std::string> rules;

    void refuse(const std::string& path, const std::string& rule, const std::string& message) {
        refused.push_back({path, message + " (policy: " + rule + ")"});
        if (std::find(rules.begin(), rules.end(), rule) == rules.end()) {
            rules.push_back(rule);
        }
    }

    Result<void> result() const {
        if (missing.empty() && refused.empty()) {
            return {};
        }
        std::vector<FieldError> all = refused;
        all.insert(all.end(), missing.begin(), missing.end());
        Error error = validation_failed(all);
        if (!refused.empty()) {
            error.type = ErrorType::forbidden;
            error.details["rules"] = rules;
        }
        return error;
    }
};

void check_bind(const std::string& path, const Mount& mount, const HostPathRules& rules,
                Findings& findings, std::string& resolved) {
    // First as written: whether something exists at a refused place is nobody's business.
    if (const auto refusal = rules.why_refused_as_written(mount.source, mount.read_only)) {
        findings.refuse(path, refusal->rule, refusal->message);
        return;
    }
    const auto real = rules.resolve(mount.source);
    if (real.has_error()) {
        findings.missing.push_back({path, "the host path " + shown(mount.source) + " " +
                                              real.error().message +
                                              "; make it first, it is never made silently"});
        return;
    }
    if (const auto bad = why_bad_text(*real, kMaxText)) {
        findings.missing.push_back(
            {path, "the host path " + shown(mount.source) + " leads to one that " + *bad});
        return;
    }
    if (auto refusal = rules.why_refused(*real, mount.read_only)) {
        const std::string led =
            *real == mount.source ? "" : shown(mount.source) + " leads to " + shown(*real) + ": ";
        findings.refuse(path, refusal->rule, led + refusal->message);
        return;
    }
    resolved = *real;
}

/// Copied by us, so that reading is all that the rules have to allow.
void check_code_path(Spec& spec, const Policy& policy, const PathResolver& resolve, Findings& findings) {
    if (spec.code->path.empty() || !spec.code->digest.empty()) {
        return;
    }
    Policy for_code = policy;
    if (!policy.code_roots.empty()) {
        for_code.host_paths = policy.code_roots;
    }
    Mount copied;
    copied.source = spec.code->path;
    copied.read_only = true;
    check_bind("code.path", copied, HostPathRules(for_code, resolve), findings, spec.code.edit().path);
}

std::string source_path(std::size_t index) {
    return "volumes[" + std::to_string(index) + "].source";
}

bool is_capability_allowed(const std::string& name, const Policy& policy) {
    const auto listed = [&](std::string_view wanted) {
        return std::any_of(policy.capabilities.begin(), policy.capabilities.end(),
                           [&](std::string own) {
                               std::transform(own.begin(), own.end(), own.begin(), [](char c) {
                                   return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
                               });
                               return own == wanted || own == "CAP_" + std::string(wanted);
                           });
    };
    const bool dockers_own =
        std::find(kDockersOwn.begin(), kDockersOwn.end(), name) != kDockersOwn.end();
    return dockers_own || listed(name) || listed("ALL");
}

void check_security(const Spec& spec, const Policy& policy, Findings& findings) {
    const Security& security = spec.security;
    if (security.privileged && !policy.privileged) {
        findings.refuse("security.privileged", "privileged",
                        "privileged containers are not allowed");
    }
    if (spec.networking.mode == "host" && !policy.host_network) {
        findings.refuse("network_mode", "host_network", "the host's network is not allowed");
    }
    for (const std::string& name : security.cap_add) {
        if (!is_capability_allowed(name, policy)) {
            findings.refuse(
                "security.cap_add", "capabilities",
                "capability " + name + " is not allowed: it is beyond Docker's own set");
        }
    }
    const auto unconfined = [&](const char* path, bool asked, const char* message) {
        if (asked && !policy.unconfined) {
            findings.refuse(path, "unconfined", message);
        }
    };
    unconfined("security.seccomp", security.seccomp == "unconfined",
               "running without seccomp is not allowed");
    unconfined("security.apparmor", security.apparmor == "unconfined",
               "running without AppArmor is not allowed");
    unconfined("security.userns", security.userns == "host",
               "the host's user namespace is not allowed");
}

}  // namespace

Result<HostPathRule> parse_host_path_rule(std::string_view text) {
    HostPathRule rule;
    std::string_view path = text;
    if (path.ends_with(":ro")) {
        rule.read_only = true;
        path.remove_suffix(3);
    }
    const auto clean = clean_path(path);
    if (!clean || why_bad_text(path, kMaxText) || path.find(':') != std::string_view::npos) {
        return validation_failed(
            {{"policy.host_paths", "must be an absolute path, or one with :ro behind it, not " +
                                       shown(std::string(text))}});
    }
    rule.path = *clean;
    return rule;
}

Result<void> check_policy(Spec& spec, const Policy& policy, const PathResolver& resolve) {
    Findings findings;
    const HostPathRules rules(policy, resolve);
    for (std::size_t i = 0; i < spec.volumes.size(); ++i) {
        Mount& mount = spec.volumes[i];
        if (mount.type == Mount::Type::bind) {
            check_bind(source_path(i), mount, rules, findings, mount.source);
        }
    }
    check_code_path(spec, policy, resolve, findings);
    check_security(spec, policy, findings);
    return findings.result();
}

Result<void> check_host_paths_again(const Spec& spec, const Policy& policy,
                                    const PathResolver& resolve) {
    Findings findings;
    const HostPathRules rules(policy, resolve);
    for (std::size_t i = 0; i < spec.volumes.size(); ++i) {
        const Mount& mount = spec.volumes[i];
        if (mount.type != Mount::Type::bind) {
            continue;
        }
        std::string resolved = mount.source;
        check_bind(source_path(i), mount, rules, findings, resolved);
        if (resolved != mount.source) {
            findings.refuse(source_path(i), "host_paths",
                            shown(mount.source) + " has become a link to " + shown(resolved) +
                                "; declare the mount anew if that is meant");
        }
    }
    return findings.result();
}

}  // namespace flow::domain
