// What the store can be told: where its file is, how it writes, how long it keeps things. Plain
// values, copied into the Store when it is opened. The hooks at the end are for tests and the
// simulation; the clock, the ids and the fail point run on whichever thread is named beside them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "domain/change.hpp"
#include "domain/time.hpp"

namespace SQLite {
class Database;
}

namespace flow::store {

struct Config {
    /// Holds flow.db, lock and run/. Made with mode 0700; absolute, at most 60 bytes. "": no folder
    /// and no lock, which goes only with a database in memory or a given connection.
    std::string data_dir;
    /// "": DATA_DIR/flow.db. ":memory:" needs inline_writer.
    std::string file;
    /// Where the folders of the sockets are. "": DATA_DIR/run.
    std::string run_dir;

    /// How long a commit waits for somebody else's lock on the file (a sqlite3 shell in a
    /// transaction).
    std::chrono::milliseconds busy_timeout{5000};
    /// Transactions that may wait for the writer; beyond it changes are refused. At least 1.
    std::size_t max_waiting = 65'536;
    /// Transactions that are committed together at most.
    std::size_t max_group = 1'024;

    /// Public events kept in memory.
    std::size_t ring_size = 4'096;
    /// What they take there, about: those of durable messages are as large as these.
    std::size_t ring_bytes = 8u << 20;
    /// Rows of the log older than this are pruned.
    std::chrono::hours log_age{24 * 30};
    /// Above this size of the file, rows of the log older than `horizon` are pruned too. Bytes.
    std::int64_t log_bytes = std::int64_t{1} << 30;
    /// Nothing younger is ever pruned.
    std::chrono::hours horizon{24};
    /// Ended requests are forgotten after this.
    std::chrono::hours request_age{24};
    /// Ended requests kept at most; the oldest go first.
    std::size_t max_requests = 200'000;
    /// Facts (starts, exits) kept for each container; the oldest go first.
    std::size_t max_facts = 512;

    /// Handed to the model with each Moment.
    domain::RestartTimes restart;

    /// Commits on the calling thread, one transaction a change; callbacks are posted all the same.
    bool inline_writer = false;
    /// With inline_writer: used instead of opening `file`, so that a second Store finds what the
    /// first one left.
    std::shared_ptr<SQLite::Database> connection;
    /// Asked at "before_commit" and "after_commit", on the writer's thread. True: the store is dead
    /// from here on, as if the process had been killed: nothing is written any more, and no
    /// callback or observer is called again.
    std::function<bool(std::string_view)> fail_point;
    /// io_context's thread. Default: the system's clock.
    std::function<domain::Time()> clock;
    /// 12 lower-case hex characters, io_context's thread. Default: random ones.
    std::function<std::string()> make_id;
};

}  // namespace flow::store
