// The store on SQLite: Records in memory, changed at once on the io_context's thread; each change
// becomes one transaction that a writer thread commits, many together; callbacks and observers run
// after that, in order. Everything public runs on the io_context's thread and the Store is
// destroyed there, never from one of its callbacks. When a commit fails (disk full, locked), it and
// all behind it are dropped, their callbacks get a system_error, and the Records are read anew from
// the file: pointers to Records taken before do not survive that turn of the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "domain/ports/messages.hpp"
#include "domain/ports/store.hpp"
#include "store/config.hpp"
#include "store/database.hpp"
#include "store/event_log.hpp"
#include "store/load.hpp"
#include "store/transaction.hpp"
#include "store/writer.hpp"

namespace flow::store {

class Store final : public domain::Store, public domain::MessageStore {
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
    bool remembers(std::string_view actor, std::string_view request_id) const override;
    domain::Result<domain::Preview> preview(domain::Request request) const override;
    domain::Result<std::vector<domain::Revision>> revisions(std::string_view id) const override;
    std::vector<domain::AppliedDocument> applied(std::string_view document_set) const override;

    void accept(domain::Request request, AcceptDone done) override;
    void change(std::string_view container_id, Change change, Done done) override;
    void log(std::vector<domain::EventDraft> drafts, Done done) override;
    void set_meta(std::string key, std::string value, Done done) override;
    void forget_applied(std::string set, std::vector<std::string> names, Done done) override;
    void set_contact(bool contact, bool unknown) override;

    /// At most EventLog::kMostAtOnce at once, and not many bytes; ask again until the answer is empty.
    domain::Result<std::vector<domain::StoredEvent>> events_after(domain::Seq, std::size_t limit) const override;
    domain::Seq last_seq() const override;
    domain::Seq first_seq() const override;     ///< last_seq() + 1 when nothing is kept
    void observe(Observer observer) override;
    void put_messages(std::vector<domain::MessageRow>, std::vector<domain::EventDraft>, Done) override;
    domain::Result<std::vector<domain::MessageRow>> queued_messages() const override;
    /// The newest message to a container under that id; none for a long time: it was pruned. Reads the file.
    domain::Result<std::optional<domain::MessageRow>> message_sent_as(const std::string& actor,
                                                                      const std::string& request_id) const;

    /// Commits what waits, ends the writer and runs the callbacks that are due. Later changes are refused.
    void stop();
    bool healthy() const { return last_error_.empty(); }    ///< false from a failed commit until one succeeds
    const std::string& last_error() const { return last_error_; }
    bool log_too_large() const { return log_too_large_; }   ///< though all that may go is gone (readyz warns)
    std::size_t events_in_memory() const { return events_.bytes(); }
    std::size_t waiting() const;    ///< transactions that are not durable yet
    /// Forgets what is older than the retention allows, a part at a time, and tries to write when the last commit
    /// failed. To be called every few minutes, from a timer.
    void prune(domain::Time now);
    bool dead() const;      ///< a fail point struck

private:
    Store(boost::asio::io_context& io, Config config, Files files);
    domain::Result<void> writable() const;
    Transaction begin() const;  ///< throws std::logic_error inside another change: both would use the same seq
    void apply(Row& row, const Change& change, Transaction& transaction);
    void finish(Transaction transaction, Row* row);
    void write_changed_row(Transaction& transaction, Row& row);
    void submit(Transaction transaction);
    void barrier(std::function<void(std::optional<domain::Error>)> done);
    void later(std::function<void()> call);
    void on_written(std::uint64_t epoch, Pending& pending, const std::string& failure);
    void on_failure(std::uint64_t epoch, const std::string& failure);
    void reload();
    void prune_log(domain::Time now);
    void prune_messages(domain::Time now);
    void prune_requests(domain::Time now);

    void repeat(const Remembered& known, const domain::Request& request, AcceptDone done);
    void refuse(const domain::Request& request, domain::Error error, AcceptDone done);
    void answer_unchanged(RequestDraft draft, const domain::Request& request, AcceptDone done);
    void note_applied(const domain::Request&, const domain::Accepted&, Transaction&);
    void keep(RequestDraft draft, const domain::Request& request, Transaction transaction);

    boost::asio::io_context& io_;
    Config config_;
    Files files_;
    Loaded copy_;
    EventLog events_;
    std::vector<Observer> observers_;
    domain::Seq next_seq_ = 1;
    std::uint64_t epoch_ = 1;       ///< raised by each failure: what was queued before is dropped
    bool contact_ = false;
    bool unknown_ = false;
    bool changing_ = false;         ///< the model works on a row right now
    bool stopped_ = false;
    bool stale_ = false;            ///< a failed commit, and the file could not be read anew yet
    bool log_too_large_ = false;
    std::string last_error_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();    ///< posted calls look at it
    std::unique_ptr<Writer> writer_;
};

}  // namespace flow::store
