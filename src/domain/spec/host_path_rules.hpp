// Which host paths may be mounted: the default refusals of contract 2 and the configuration's list,
// each as it is written and with its links followed. Built for one check, because links change;
// borrows policy and resolver.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/policy.hpp"

namespace flow::domain {

struct Refusal {
    std::string rule;
    std::string message;
};

class HostPathRules {
public:
    HostPathRules(const Policy& policy, const PathResolver& resolve);

    Result<std::string> resolve(const std::string& path) const { return resolve_(path); }

    /// For a resolved path: all rules.
    std::optional<Refusal> why_refused(const std::string& path, bool read_only) const;
    /// For a path that may still be a link: the default refusals only.
    std::optional<Refusal> why_refused_as_written(const std::string& path, bool read_only) const;

private:
    struct Place {
        std::string path;
        std::string what;   ///< "the engine's socket"
    };

    void add_place(const std::string& path, const std::string& what);
    void add_allowed(const HostPathRule& rule);
    const HostPathRule* allowed_for(const std::string& path) const;
    bool is_listed(const std::string& path) const;
    std::optional<Refusal> why_beside_list(const std::string& path, bool read_only) const;
    std::optional<Refusal> why_place(const std::string& path, const Place& place,
                                     bool read_only) const;
    std::optional<Refusal> why_system(const std::string& path, bool read_only) const;

    const PathResolver& resolve_;
    std::vector<Place> refused_;
    std::vector<HostPathRule> allowed_;
};

}  // namespace flow::domain
