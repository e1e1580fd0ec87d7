// Opening SQLite the way the store needs it: WAL, synchronous=FULL, foreign keys, checked and
// migrated. A connection belongs to one thread at a time: one to the writer, a read-only one to the
// io_context's thread.
#pragma once

#include <memory>
#include <string>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>

#include "domain/error.hpp"
#include "store/config.hpp"
#include "store/data_dir.hpp"

namespace flow::store {

/// What an open store holds; closed in the opposite order, the lock last.
struct Files {
    DataDir dir;
    std::shared_ptr<SQLite::Database> database;
    std::shared_ptr<SQLite::Database> reader;   ///< the same as `database` with an inline writer
};

/// A system_error: what was tried, and what SQLite said.
domain::Error sqlite_error(const std::string& tried, const std::string& said);

/// For writing. Refuses a damaged file, naming it and what to do.
domain::Result<std::shared_ptr<SQLite::Database>> open_database(const std::string& file,
                                                                const Config& config);

/// The same file for reading only.
domain::Result<std::shared_ptr<SQLite::Database>> open_reader(const std::string& file,
                                                              const Config& config);

}  // namespace flow::store
