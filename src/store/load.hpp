// Reads the working copy from the file: at start, and anew after a failed commit. Pure but for the
// reading.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <SQLiteCpp/Database.h>

#include "store/requests.hpp"
#include "store/rows.hpp"

namespace flow::store {

using ManifestKey = std::pair<std::string, std::string>;    ///< set, name in lower case

/// Of a document that was applied (domain::AppliedDocument).
struct Applied {
    std::string digest;
    std::string container_id;
};
using AppliedMap = std::map<ManifestKey, Applied>;

struct Loaded {
    Rows rows;
    RequestBook requests;
    std::map<std::string, std::string, std::less<>> meta;
    AppliedMap manifests;
};

/// Throws SQLite::Exception, or std::runtime_error naming the row that cannot be read.
Loaded load(SQLite::Database& database, const std::string& run_dir);

}  // namespace flow::store
