// The read-only views for people with the sqlite3 shell (contract 9). They are made anew at each
// start, so they may change from version to version; tables may not.
#pragma once

#include <SQLiteCpp/Database.h>

namespace flow::store {

/// Inside the caller's transaction. Throws SQLite::Exception.
void make_views(SQLite::Database& database);

}  // namespace flow::store
