// Manifests (contract 7): documents of a file to specs, every problem with file, line and field. A
// file with a problem is applied as a whole or not at all: the caller looks at `problems` first.
// Pure functions; no file is read here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/spec_parse.hpp"
#include "domain/yaml.hpp"

namespace flow::domain {

struct ManifestProblem {
    std::string file;
    int line = 0;
    std::string field;      ///< "" when it is about the whole text
    std::string message;

    /// "web.yaml:12: spec.ports[0]: must be …"
    std::string to_text() const;
};

struct ManifestDocument {
    std::string kind;       ///< "Container"
    std::string name;       ///< metadata.name
    Json labels = Json::object();        ///< metadata.labels, also merged into spec.labels
    Json annotations = Json::object();
    Json spec;              ///< ready for parse_manifest_spec: with name and labels
    int line = 1;
    std::string digest;  ///< SHA-256 of the content: comments, order and white space do not count
    YamlDocument source;    ///< for the lines
};

struct ManifestFile {
    std::vector<ManifestDocument> documents;
    std::vector<ManifestProblem> problems;
};

/// `file` is only quoted in problems.
ManifestFile read_manifest(std::string_view text, const std::string& file);
/// The same for documents that were read already.
ManifestFile read_manifest(std::vector<YamlDocument> documents, const std::string& file);

/// The document's spec; errors have paths as "spec.image". Without desired_state it is `running`.
Result<ParsedSpec> parse_manifest_spec(const ManifestDocument& document, ParseOptions options = {});

/// An error of parse_manifest_spec, of the policy or of the store as problems with their lines.
std::vector<ManifestProblem> to_problems(const ManifestDocument& document, const std::string& file,
                                         const Error& error);

}  // namespace flow::domain
