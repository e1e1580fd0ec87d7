// The YAML file of --config: options by their long names, and the sections `policy` and `registries`
// (contract 2).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "docker/engine_config.hpp"
#include "domain/policy.hpp"

namespace flow::daemon {

/// Option names (with dashes; underscores are read as dashes) to their values. The policy is filled in.
using FileOptions = std::map<std::string, std::vector<std::string>>;

/// What only the file can say; filled in by read_option_file.
struct FileSections {
    domain::Policy& policy;
    std::map<std::string, docker::Registry>& registries;
};

/// A key that is neither a section nor `known` is an error with its line.
domain::Result<FileOptions> read_option_file(const std::string& path, FileSections sections,
                                             const std::function<bool(const std::string&)>& known);

}  // namespace flow::daemon
