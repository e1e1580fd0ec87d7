// Tables and views of the database, as steps from one user_version to the next. A step that was
// released is never changed; the views are made anew at each start. Runs on the calling thread,
// which owns the connection then.
#pragma once

#include <SQLiteCpp/Database.h>

#include "domain/error.hpp"

namespace flow::store {

/// The user_version that this program writes.
int schema_version();

/// Brings `database` to schema_version(), each step in a transaction. Refuses a file of a newer
/// program. Throws SQLite::Exception when SQLite fails.
domain::Result<void> migrate(SQLite::Database& database);

}  // namespace flow::store
