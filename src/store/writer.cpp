#include "store/writer.hpp"

#include <utility>

#include <SQLiteCpp/Exception.h>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

namespace flow::store {

Writer::Writer(boost::asio::io_context& io, std::shared_ptr<SQLite::Database> database,
               WriterOptions options)
    : io_{io},
      database_{std::move(database)},
      options_{std::move(options)},
      outbox_{std::make_shared<Outbox>()} {
    if (!options_.inline_writer) {
        thread_ = std::thread{&Writer::run, this};
    }
}

Writer::~Writer() {
    {
        const std::lock_guard lock{outbox_->mutex};
        outbox_->closed = true;
        outbox_->finished.clear();
    }
    stop();
}

bool Writer::dead() const { return dead_; }

void Writer::submit(Batch batch) {
    if (dead_) {
        return;
    }
    ++outbox_->waiting;
    Job job{std::move(batch), boost::asio::make_work_guard(io_)};
    if (options_.inline_writer) {
        std::vector<Job> group;
        group.push_back(std::move(job));
        process(std::move(group));
        return;
    }
    {
        const std::lock_guard lock{mutex_};
        queue_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void Writer::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) {
        thread_.join();
    }
    drain(*outbox_);
}

void Writer::run() {
    std::vector<Job> group;
    while (take_group(group)) {
        process(std::exchange(group, {}));
    }
}

/// Waits for work. False: stopping, and nothing is left.
bool Writer::take_group(std::vector<Job>& group) {
    std::unique_lock lock{mutex_};
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    while (!queue_.empty() && group.size() < options_.max_group) {
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return !group.empty();
}

void Writer::process(std::vector<Job> group) {
    std::vector<Job> fresh;
    std::vector<Finished> finished;
    for (Job& job : group) {
        if (job.batch.epoch <= failed_epoch_) {     // queued behind a failure: dropped like it
            finished.push_back(Finished{std::move(job), failure_});
        } else {
            fresh.push_back(std::move(job));
        }
    }
    const std::string failure = fresh.empty() || dead_ ? std::string{} : commit(fresh);
    if (dead_) {
        bury(fresh);
        return;
    }
    if (!failure.empty()) {
        failed_epoch_ = fresh.back().batch.epoch;
        failure_ = failure;
    }
    for (Job& job : fresh) {
        finished.push_back(Finished{std::move(job), failure});
    }
    deliver(std::move(finished));
}

std::string Writer::commit(const std::vector<Job>& group) {
    std::string failure;
    try {
        failure = write(group);
    } catch (const SQLite::Exception& exception) {
        failure = exception.what();
        spdlog::error("commit failed transactions={} code={} cause=\"{}\"", group.size(),
                      exception.getExtendedErrorCode(), failure);
        roll_back();
    }
    if (failure.empty() && !dead_ && fails_at("after_commit")) {
        die();
    }
    return failure;
}

std::string Writer::write(const std::vector<Job>& group) {
    bool any = false;
    for (const Job& job : group) {
        any = any || !job.batch.statements.empty();
    }
    if (!any) {
        return {};      // only barriers: callbacks that wait for what was committed before
    }
    database_->exec("BEGIN IMMEDIATE");
    for (const Job& job : group) {
        for (const Statement& statement : job.batch.statements) {
            execute(statement);
        }
    }
    if (fails_at("before_commit")) {
        roll_back();
        die();
        return {};
    }
    database_->exec("COMMIT");
    return {};
}

void Writer::execute(const Statement& statement) {
    auto& prepared = prepared_[static_cast<std::size_t>(statement.sql)];
    if (!prepared) {
        prepared = std::make_unique<SQLite::Statement>(*database_, text_of(statement.sql));
    }
    int index = 0;
    for (const Value& value : statement.values) {
        ++index;
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            prepared->bind(index, *integer);
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            prepared->bindNoCopy(index, *text);
        } else {
            prepared->bind(index);
        }
    }
    prepared->exec();
    prepared->reset();
    prepared->clearBindings();
}

/// Statements that failed half-way are reset first: SQLite cannot end a transaction under them.
void Writer::roll_back() {
    for (auto& prepared : prepared_) {
        if (prepared) {
            prepared->tryReset();
        }
    }
    if (sqlite3_get_autocommit(database_->getHandle()) == 0) {
        database_->tryExec("ROLLBACK");
    }
}

bool Writer::fails_at(std::string_view point) {
    return options_.fail_point && options_.fail_point(point);
}

void Writer::die() {
    dead_ = true;
    const std::lock_guard lock{outbox_->mutex};
    outbox_->closed = true;
    for (Finished& entry : outbox_->finished) {
        entry.job.guard.reset();
    }
}

/// Nobody waits for these any more, but their callbacks must not be destroyed on this thread.
void Writer::bury(std::vector<Job>& jobs) {
    for (Job& job : jobs) {
        job.guard.reset();
        buried_.push_back(std::move(job));
    }
}

void Writer::deliver(std::vector<Finished> finished) {
    if (finished.empty()) {
        return;
    }
    {
        const std::lock_guard lock{outbox_->mutex};
        for (Finished& entry : finished) {
            outbox_->finished.push_back(std::move(entry));
        }
    }
    boost::asio::post(io_, [outbox = outbox_] { drain(*outbox); });
}

void Writer::drain(Outbox& outbox) {
    for (;;) {
        std::unique_lock lock{outbox.mutex};
        if (outbox.closed || outbox.finished.empty()) {
            return;
        }
        Finished next = std::move(outbox.finished.front());
        outbox.finished.pop_front();
        lock.unlock();
        --outbox.waiting;
        if (next.job.batch.done) {
            next.job.batch.done(next.failure);
        }
    }
}

}  // namespace flow::store
