// Applies the folder of --manifests at start (contract 7): every document becomes a request like any other. A file with a
// problem is reported with file, line and field and changes nothing of its own; the others are applied.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "domain/manifest.hpp"
#include "domain/ports/store.hpp"

namespace flow::daemon {

struct ManifestFolder {
    std::string path;
    domain::Store& store;
    std::function<domain::Result<void>(domain::Spec&)> check_policy;
};

/// Reads and applies *.yaml and *.yml in the order of their names. `done` gets the number of problems once all that
/// was accepted is durable.
void apply_manifests(const ManifestFolder& folder, std::function<void(std::size_t problems)> done);

}  // namespace flow::daemon
