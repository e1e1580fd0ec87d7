// The files of a manifest folder, read: documents that may be applied, or the problems that hinder their file.
// Functions on the file system; the store is asked for what stands behind a masked value.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/manifest.hpp"
#include "domain/ports/store.hpp"

namespace flow::daemon {

struct ReadyDocument {
    domain::ManifestDocument document;
    domain::ParsedSpec parsed;
};

struct ManifestText {
    std::string name;                               ///< of the file, without its folder
    std::vector<std::string> declares;              ///< names, also of documents with a problem
    std::vector<ReadyDocument> ready;               ///< none when there is a problem
    std::vector<domain::ManifestProblem> problems;
    bool empty = false;                             ///< not a byte in it: perhaps being written
};

/// The paths of *.yaml and *.yml without hidden ones, sorted; nothing with `why` when the folder cannot be read.
std::optional<std::vector<std::string>> manifest_files(const std::string& folder, std::string& why);

ManifestText read_manifest_file(
    const std::string& path, const domain::Store& store,
    const std::function<domain::Result<void>(domain::Spec&)>& check_policy);

}  // namespace flow::daemon
