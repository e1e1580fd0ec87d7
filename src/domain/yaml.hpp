// YAML text to JSON values, as YAML 1.2's core schema reads scalars, and the line of each value.
// What would not come back the same as a number (1.10, 0x1F, 8080:80) stays the text it is, so
// nothing is lost on the way to a string. Everything is limited; aliases count as often as they are
// used. Pure functions.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"

namespace flow::domain {

struct YamlLimits {
    std::size_t bytes = 1024 * 1024;
    std::size_t values = 50'000;       ///< of all documents together
    std::size_t keys = 2000;           ///< of one map
    int depth = 32;
};

struct YamlDocument {
    Json value;
    int line = 1;                      ///< where the document begins, counted from 1
    std::map<std::string, int> lines;  ///< by path: "spec.ports[0]"

    /// The line of the value at `path`, or of the nearest one around it.
    int line_of(std::string path) const;
};

struct YamlProblem {
    int line = 0;
    std::string field;                 ///< "" when the text is no YAML
    std::string message;
};

struct YamlStream {
    std::vector<YamlDocument> documents;   ///< without the empty ones
    std::vector<YamlProblem> problems;
};

YamlStream read_yaml(std::string_view text, const YamlLimits& limits = {});

}  // namespace flow::domain
