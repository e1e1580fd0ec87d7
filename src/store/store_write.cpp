// The way of a transaction: begun, written down, handed to the writer, told when durable; and what
// a failure does.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "store/database.hpp"
#include "store/persist.hpp"
#include "store/store.hpp"

namespace flow::store {

using domain::Error;
using domain::Result;

namespace {

/// Each request ends once: a row must not go while one is open. A mistake in the model if it does.
void warn_of_open_requests(const domain::Record& record, const domain::Changes& changes) {
    for (const domain::OpenRequest& open : record.open) {
        const auto is_this = [&open](const domain::RequestEnd& end) {
            return end.actor == open.actor && end.request_id == open.request_id;
        };
        if (std::ranges::none_of(changes.ends, is_this)) {
            spdlog::error("row removed while a request is open container_id={} request_id={}",
                          record.container_id, open.request_id);
        }
    }
}

}  // namespace

Result<void> Store::writable() const {
    Error error;
    if (stopped_) {
        error.message = "nothing is written any more: the daemon is stopping";
    } else if (stale_) {
        error.message = "nothing can be written: " + last_error_;
    } else if (writer_->waiting() >= config_.max_waiting) {
        error.message = "too many changes wait for the disk (" +
                        std::to_string(writer_->waiting()) + "); try again later";
    } else {
        return {};
    }
    return error;
}

Transaction Store::begin() const {
    if (changing_) {
        throw std::logic_error("a change of the store was begun inside another one");
    }
    Transaction transaction;
    transaction.moment.now = config_.clock();
    transaction.moment.contact = contact_;
    transaction.moment.unknown = unknown_;
    transaction.moment.restart = config_.restart;
    transaction.changes.first_seq = next_seq_;
    return transaction;
}

/// Writes down what the model did to `row` (may be none) and submits it.
void Store::finish(Transaction transaction, Row* row) {
    const domain::Time now = transaction.moment.now;
    domain::Changes& changes = transaction.changes;
    if (row) {
        write_changed_row(transaction, *row);
    }
    for (const domain::RequestEnd& end : changes.ends) {
        transaction.statements.push_back(end_row(end, now));
        copy_.requests.end(end, now);
        changes.add(end_draft(end, row ? &row->record : nullptr));
    }
    domain::Commit& commit = transaction.pending.commit;
    commit.events = write_log(changes, now, transaction.statements);
    commit.ends = std::move(changes.ends);
    if (!changes.events.empty()) {
        next_seq_ = changes.next_seq();
        transaction.pending.last_seq = next_seq_ - 1;
    }
    if (row && changes.remove_record) {
        copy_.rows.remove(std::string{row->record.container_id});
    }
    submit(std::move(transaction));
}

void Store::write_changed_row(Transaction& transaction, Row& row) {
    const domain::Record& record = row.record;
    bool changed = true;
    if (transaction.changes.remove_record) {
        Statement gone{Sql::delete_container, {record.container_id}};
        transaction.statements.push_back(std::move(gone));
        warn_of_open_requests(record, transaction.changes);
    } else {
        if (!transaction.author.at.time_since_epoch().count()) {
            transaction.author = Author{record.actor, record.request_id, transaction.moment.now};
        }
        changed = write_row(row, transaction.author, config_.max_facts, transaction.statements);
        copy_.rows.index(row);
    }
    if (changed) {
        transaction.pending.commit.container_ids.push_back(record.container_id);
    }
}

void Store::submit(Transaction transaction) {
    transaction.pending.wrote = !transaction.statements.empty();
    const auto pending = std::make_shared<Pending>(std::move(transaction.pending));
    Batch batch;
    batch.statements = std::move(transaction.statements);
    batch.epoch = epoch_;
    batch.done = [this, pending, epoch = epoch_](const std::string& failure) {
        on_written(epoch, *pending, failure);
    };
    writer_->submit(std::move(batch));
}

/// Runs `done` behind what was submitted before, writing nothing.
void Store::barrier(std::function<void(std::optional<Error>)> done) {
    Transaction transaction;
    transaction.pending.done = std::move(done);
    submit(std::move(transaction));
}

/// For answers that need no order with the others: the store cannot write, or is stopping.
void Store::later(std::function<void()> call) {
    boost::asio::post(io_, [this, alive = std::weak_ptr{alive_}, call = std::move(call)] {
        if (alive.expired() || dead()) {
            return;
        }
        if (stale_) {
            reload();
        }
        call();
    });
}

void Store::on_written(std::uint64_t epoch, Pending& pending, const std::string& failure) {
    if (!failure.empty()) {
        on_failure(epoch, failure);
        if (pending.done) {
            pending.done(sqlite_error("the change could not be written to " + config_.file,
                                      failure));
        }
        return;
    }
    if (pending.wrote) {
        last_error_.clear();
    }
    const domain::Commit& commit = pending.commit;
    events_.append(commit.events, pending.last_seq);
    events_.set_first(pending.first_seq);
    if (pending.done) {
        pending.done(std::nullopt);
    }
    if (commit.container_ids.empty() && commit.events.empty() && commit.ends.empty()) {
        return;
    }
    for (std::size_t i = 0; i < observers_.size(); ++i) {   // an observer may add another
        observers_[i](commit);
    }
}

void Store::on_failure(std::uint64_t epoch, const std::string& failure) {
    last_error_ = "the database " + config_.file + " cannot be written: " + failure;
    if (epoch != epoch_) {
        return;     // was queued behind the failure that has been dealt with
    }
    ++epoch_;
    reload();
}

/// Nothing that is not in the file is believed any more.
void Store::reload() {
    try {
        copy_ = load(*files_.reader, config_.run_dir);
        stale_ = false;
        spdlog::warn("rows read anew after a failed commit file={} rows={}", config_.file, size());
    } catch (const std::exception& failure) {
        stale_ = true;
        last_error_ = "the database " + config_.file + " cannot be read: " + failure.what();
        spdlog::error("rows cannot be read anew file={} cause=\"{}\"", config_.file,
                      failure.what());
    }
}

void Store::stop() {
    stopped_ = true;
    writer_->stop();
}

}  // namespace flow::store
