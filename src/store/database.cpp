#include "store/database.hpp"

#include <sqlite3.h>

#include "store/schema.hpp"

namespace flow::store {
namespace {

using domain::Error;
using domain::Result;
using Connection = std::shared_ptr<SQLite::Database>;

Error damaged(const std::string& file, const std::string& said) {
    Error error;
    error.message = "the database " + file + " is damaged: " + said +
                    ". Keep a copy of it and of its -wal file, then put a backup in its place, or "
                    "rescue what is readable: sqlite3 " + file + " .recover | sqlite3 rescued.db";
    return error;
}

bool is_damage(const SQLite::Exception& failure) {
    return failure.getErrorCode() == SQLITE_CORRUPT || failure.getErrorCode() == SQLITE_NOTADB;
}

void set_up(SQLite::Database& database) {
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
    database.exec("PRAGMA temp_store = MEMORY");
    database.exec("PRAGMA cache_size = -4000");
}

int busy_ms(const Config& config) { return static_cast<int>(config.busy_timeout.count()); }

}  // namespace

Error sqlite_error(const std::string& tried, const std::string& said) {
    Error error;
    error.type = domain::ErrorType::system_error;
    error.message = tried + ": " + said;
    error.details["cause"] = said;
    return error;
}

Result<Connection> open_database(const std::string& file, const Config& config) {
    try {
        Connection database = config.connection;
        if (!database) {
            const int flags = SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
            database = std::make_shared<SQLite::Database>(file, flags, busy_ms(config));
        }
        set_up(*database);
        const std::string check = database->execAndGet("PRAGMA quick_check(1)").getString();
        if (check != "ok") {
            return damaged(file, check);
        }
        database->exec("PRAGMA shrink_memory");     // all of the file went through its cache
        if (auto migrated = migrate(*database); !migrated) {
            Error error = migrated.error();
            error.message = file + ": " + error.message;
            return error;
        }
        return database;
    } catch (const SQLite::Exception& failure) {
        if (is_damage(failure)) {
            return damaged(file, failure.what());
        }
        return sqlite_error("cannot open the database " + file, failure.what());
    }
}

Result<Connection> open_reader(const std::string& file, const Config& config) {
    try {
        return std::make_shared<SQLite::Database>(file, SQLite::OPEN_READONLY, busy_ms(config));
    } catch (const SQLite::Exception& failure) {
        return sqlite_error("cannot open the database " + file + " for reading", failure.what());
    }
}

}  // namespace flow::store
