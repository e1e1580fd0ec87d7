// The YAML file of --config: options by their long names, and the section `policy` (contract 2).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "domain/policy.hpp"

namespace flow::daemon {

/// Option names (with dashes; underscores are read as dashes) to their values. The policy is filled in.
using FileOptions = std::map<std::string, std::vector<std::string>>;
/// A key that is neither `policy` nor `known` is an error with its line.
domain::Result<FileOptions> read_option_file(const std::string& path, domain::Policy& policy,
                                             const std::function<bool(const std::string&)>& known);

}  // namespace flow::daemon
