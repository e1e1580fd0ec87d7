// The writer: takes transactions in order, commits all that wait together on its own thread (group
// commit), and brings their callbacks back to the io_context in the same order. Made, used and
// destroyed on the io_context's thread; owns the thread and the prepared statements, shares the
// connection. When a commit fails, its whole group and everything queued with the same epoch is
// dropped and told the reason; what comes with a newer epoch is tried again.
#pragma once

#include <atomic>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "store/statements.hpp"

namespace flow::store {

/// One transaction. `done` gets "" when it is durable, else what SQLite said.
struct Batch {
    std::vector<Statement> statements;
    std::uint64_t epoch = 0;
    std::function<void(const std::string& failure)> done;
};

struct WriterOptions {
    bool inline_writer = false;
    std::size_t max_group = 1'024;
    std::function<bool(std::string_view)> fail_point;
};

class Writer {
public:
    Writer(boost::asio::io_context& io, std::shared_ptr<SQLite::Database> database,
           WriterOptions options);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer();      ///< finishes what is queued, but calls nobody back any more

    void submit(Batch batch);
    /// Commits what is queued, ends the thread and runs the callbacks that are due. Nothing can be
    /// submitted afterwards.
    void stop();
    /// Transactions whose callback has not run yet.
    std::size_t waiting() const { return outbox_->waiting; }
    /// A fail point said so: nothing is written and nobody called back any more.
    bool dead() const;

private:
    struct Job {
        Batch batch;
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard;
    };
    struct Finished {
        Job job;
        std::string failure;
    };
    /// What goes back to the io_context. Outlives the Writer when a posted handler still holds it.
    struct Outbox {
        std::mutex mutex;
        std::deque<Finished> finished;
        bool closed = false;
        std::size_t waiting = 0;            ///< io_context's thread only
    };

    void run();
    bool take_group(std::vector<Job>& group);
    void process(std::vector<Job> group);
    /// "" or why not. Nothing of the group is kept when it fails or when the writer died.
    std::string commit(const std::vector<Job>& group);
    std::string write(const std::vector<Job>& group);
    void execute(const Statement& statement);
    void roll_back();
    bool fails_at(std::string_view point);
    void die();
    void bury(std::vector<Job>& jobs);
    void deliver(std::vector<Finished> finished);
    static void drain(Outbox& outbox);

    boost::asio::io_context& io_;
    std::shared_ptr<SQLite::Database> database_;
    WriterOptions options_;
    std::array<std::unique_ptr<SQLite::Statement>, kSqlCount> prepared_;
    std::uint64_t failed_epoch_ = 0;        ///< writer's thread; epochs begin with 1
    std::string failure_;                   ///< writer's thread: why that epoch failed
    std::vector<Job> buried_;               ///< after death: destroyed where they came from

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> queue_;
    bool stopping_ = false;
    std::atomic<bool> dead_ = false;

    std::shared_ptr<Outbox> outbox_;
    std::thread thread_;
};

}  // namespace flow::store
