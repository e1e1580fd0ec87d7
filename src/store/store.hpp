// The store on SQLite: Records in memory, changed at once on the io_context's thread; each change becomes one
// transaction that a writer thread commits, many together; callbacks and observers run after that, in order.
// Everything public runs on the io_context's thread and the Store is destroyed there, never from one of its callbacks.
// When a commit fails (disk full, locked), it and all behind it are dropped, their callbacks get a system_error, and
// the Records are read anew from the file: pointers to Records taken before do not survive that turn of the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "domain/ports/store.hpp"
#include "store/config.hpp"
#include "store/data_dir.hpp"
#include "store/event_log.hpp"
#include "store/load.hpp"
#include "store/persist.hpp"
#include "store/writer.hpp"

namespace flow::store {

class Store final : public domain::Store {
public:
    /// Makes the data directory, takes its lock, checks and migrates the database, reads it. The error is for the
    /// person who starts the daemon: in use (by whom), damaged (what to do), of a newer version, path too long.
    static domain::Result<std::unique_ptr<Store>> open(boost::asio::io_context& io, Config config);
    ~Store() override;

    const domain::Record* find(std::string_view container_id) const override;
    const domain::Record* resolve(std::string_view reference) const override;
    const domain::Record* find_name(std::string_view name) const override;
    void for_each(const std::function<void(const domain::Record&)>& visit) const override;
    std::size_t size() const override;
    std::string meta(std::string_view key) const override;
    std::optional<domain::RequestEnd> ended(std::string_view actor,
                                            std::string_view request_id) const override;

    void accept(domain::Request request, AcceptDone done) override;
    void change(std::string_view container_id, Change change, Done done) override;
    void log(std::vector<domain::EventDraft> drafts, Done done) override;
    void set_meta(std::string key, std::string value, Done done) override;
    void set_contact(bool contact, bool unknown) override;

    /// At most EventLog::kMostAtOnce at once; ask again until the answer is empty.
    domain::Result<std::vector<domain::StoredEvent>> events_after(domain::Seq after,
                                                                  std::size_t limit) const override;
    domain::Seq last_seq() const override;
    domain::Seq first_seq() const override;     ///< last_seq() + 1 when nothing is kept
    void observe(Observer observer) override;

    /// Commits what waits, ends the writer and runs the callbacks that are due. Later changes are refused.
    void stop();
    /// False from a failed commit until one succeeds; last_error() says why then ("" when healthy).
    bool healthy() const { return last_error_.empty(); }
    const std::string& last_error() const { return last_error_; }
    /// The file is above log_bytes although everything that may go is gone (readyz warns).
    bool log_too_large() const { return log_too_large_; }
    /// Transactions that are not durable yet.
    std::size_t waiting() const;
    /// Forgets what is older than the retention allows, a part at a time, and tries to write when the last commit
    /// failed. To be called every few minutes, from a timer.
    void prune(domain::Time now);
    bool dead() const;      ///< a fail point struck

private:
    /// What is due when a transaction is durable.
    struct Pending {
        domain::Commit commit;
        domain::Seq last_seq = 0;
        domain::Seq first_seq = 0;              ///< rows before it were pruned; 0: none
        bool wrote = false;
        std::function<void(std::optional<domain::Error>)> done;
    };
    struct Transaction {
        domain::Moment moment;
        domain::Changes changes;
        std::vector<Statement> statements;
        Author author;                          ///< of a new generation; by default who wrote the row
        Pending pending;
    };
    /// An accepted request before anything is written.
    struct Draft {
        domain::Record record;
        domain::Accepted accepted;
        domain::OpenRequest open;
        bool is_new = false;
        bool unchanged_document = false;
    };
    struct Parts {
        DataDir dir;
        std::shared_ptr<SQLite::Database> database;
        std::shared_ptr<SQLite::Database> reader;
    };

    Store(boost::asio::io_context& io, Config config, Parts parts);

    domain::Result<void> writable() const;
    /// Throws std::logic_error inside another change: both would use the same seq.
    Transaction begin() const;
    void apply(Row& row, const Change& change, Transaction& transaction);
    void finish(Transaction transaction, Row* row);
    void write_changed_row(Transaction& transaction, Row& row);
    static void warn_of_open_requests(const domain::Record& record,
                                      const domain::Changes& changes);
    void submit(Transaction transaction);
    /// Runs `done` behind everything that was submitted before, writing nothing.
    void barrier(std::function<void(std::optional<domain::Error>)> done);
    void later(std::function<void()> call);
    void on_written(std::uint64_t epoch, Pending& pending, const std::string& failure);
    void on_failure(std::uint64_t epoch, const std::string& failure);
    void reload();
    void prune_log(domain::Time now);
    void prune_requests(domain::Time now);
    domain::Seq prunable(domain::Time until, bool& more) const;
    std::int64_t bytes_used() const;

    domain::Result<Draft> draft(domain::Request& request, domain::Changes& changes,
                                const domain::Moment& moment) const;
    domain::Result<Draft> draft_new(domain::Request& request, const domain::Moment& moment) const;
    domain::Result<Draft> draft_known(const domain::Request& request) const;
    domain::Result<std::string> new_container_id() const;
    bool is_applied(const domain::Request& request) const;
    Draft unchanged(const domain::Request& request, const domain::Record* holder) const;
    void repeat(const Remembered& known, const domain::Request& request, AcceptDone done);
    void refuse(const domain::Request& request, domain::Error error, AcceptDone done);
    void answer_unchanged(Draft draft, AcceptDone done);
    void keep(Draft draft, const domain::Request& request, Transaction transaction);

    boost::asio::io_context& io_;
    Config config_;
    DataDir dir_;
    std::shared_ptr<SQLite::Database> database_;
    std::shared_ptr<SQLite::Database> reader_;
    Loaded copy_;
    EventLog events_;
    std::vector<Observer> observers_;
    domain::Seq next_seq_ = 1;
    std::uint64_t epoch_ = 1;       ///< raised by each failure: what was queued before it is dropped
    bool contact_ = false;
    bool unknown_ = false;
    bool changing_ = false;         ///< the model works on a row right now
    bool stopped_ = false;
    bool stale_ = false;            ///< a failed commit, and the file could not be read anew yet
    bool log_too_large_ = false;
    std::string last_error_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();    ///< posted calls look whether it is gone
    std::unique_ptr<Writer> writer_;
};

}  // namespace flow::store
