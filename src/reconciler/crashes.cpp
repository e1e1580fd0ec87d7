#include "reconciler/crashes.hpp"

#include <algorithm>

#include "reconciler/awaits.hpp"
#include "reconciler/spawn.hpp"

namespace flow::reconciler {

namespace model = domain::model;

namespace {
constexpr std::size_t kExitsKept = 10'000;
constexpr std::size_t kLinesKept = 1000;
constexpr domain::Duration kLinesPatience = std::chrono::seconds{1};        ///< since they were asked for: the exit may be older
constexpr domain::Duration kLinesBeforeStart = std::chrono::seconds{10};
constexpr domain::Duration kLinesFirst = std::chrono::milliseconds{25};
/// The engine's time of an exit may be that of the process, and its time of a line that of reading it: the last lines of
/// a process that wrote and ended at once are a little younger than its end. No start that follows has written by then.
constexpr domain::Duration kLinesAfter = std::chrono::milliseconds{50};
constexpr domain::Duration kLinesPoll = std::chrono::milliseconds{5};
constexpr domain::Duration kEnginePoll = std::chrono::seconds{1};

model::ExitKey key_of(const domain::PendingExit& exit) { return {exit.docker_id, exit.at}; }
}  // namespace

void Crashes::look_at(const std::string& container_id) {
    const domain::Record* record = services_.store.find(container_id);
    if (record == nullptr) {
        return;
    }
    for (const domain::PendingExit& exit : record->status.pending) {
        domain::Time& asked = fetched_[exit.docker_id];
        if (asked < exit.at) {
            reading_[key_of(exit)] = services_.clock.now();
            spawn(services_.executor, fetch_logs(container_id, exit, asked), "crash logs");
            asked = exit.at;
        }
    }
    arm_next(container_id);
}

bool Crashes::is_pending(const std::string& container_id, const domain::PendingExit& exit) const {
    const domain::Record* record = services_.store.find(container_id);
    if (record == nullptr) {
        return false;
    }
    const std::vector<domain::PendingExit>& pending = record->status.pending;
    return std::any_of(pending.begin(), pending.end(),
                       [&exit](const domain::PendingExit& other) { return key_of(other) == key_of(exit); });
}

void Crashes::forget_logs(const std::string& container_id,
                          const std::vector<domain::PendingExit>& before) {
    for (const domain::PendingExit& exit : before) {
        if (!is_pending(container_id, exit)) {
            logs_.erase(key_of(exit));
        }
    }
}

void Crashes::arm_next(const std::string& container_id) {
    const domain::Record* record = services_.store.find(container_id);
    const domain::Time due = record == nullptr ? domain::Time{} : model::crash_due(*record);
    if (due != domain::Time{}) {
        arm(container_id, due);
    }
}

void Crashes::arm(const std::string& container_id, domain::Time due) {
    const domain::Time now = services_.clock.now();
    const auto armed = armed_.find(container_id);
    if (armed != armed_.end() && armed->second > now && armed->second <= due) {
        return;
    }
    armed_[container_id] = std::max(due, now);
    services_.clock.after(std::max(due - now, domain::Duration{0}), [this, container_id] {
        armed_.erase(container_id);
        spawn(services_.executor, tell(container_id), "tell crashes");
    });
}

boost::asio::awaitable<void> Crashes::fetch_logs(std::string container_id, domain::PendingExit exit,
                                                 domain::Time last_exit) {
    LogsCall call;
    call.docker_id = exit.docker_id;
    call.tail = config_.crash_log_lines;
    // The first lines are older than the start event, by seconds where many start at once; those of the run before are
    // not wanted.
    call.since = std::max(last_exit + kLinesAfter, exit.started_at - kLinesBeforeStart);
    call.until = exit.at + kLinesAfter;
    const auto lines = co_await services_.engine.logs(std::move(call));
    reading_.erase(key_of(exit));
    if (logs_.size() > kLinesKept) {
        logs_.clear();      // of rows that were gone before they were told
    }
    if (lines && is_pending(container_id, exit)) {     // else it was told without them
        logs_[key_of(exit)] = *lines;
    }
}

bool Crashes::reads_lines_of(const std::string& docker_id) const {
    const auto first = reading_.lower_bound({docker_id, domain::Time{}});
    return first != reading_.end() && first->first.first == docker_id;
}

boost::asio::awaitable<void> Crashes::let_lines_go_first(std::string docker_id) {
    const domain::Time until = services_.clock.now() + kLinesFirst;
    while (reads_lines_of(docker_id) && services_.clock.now() < until) {
        co_await sleep_for(services_.clock, kLinesPoll);
    }
}

bool Crashes::waits_for_lines(const domain::Record& record) const {
    const domain::Time now = services_.clock.now();
    return std::any_of(record.status.pending.begin(), record.status.pending.end(),
                       [&](const domain::PendingExit& exit) {
                           const auto asked = reading_.find(key_of(exit));
                           return asked != reading_.end() && now < asked->second + kLinesPatience;
                       });
}

/// By the list: an inspect of a container waits while the engine starts it again.
Awaitable<std::vector<std::string>> Crashes::removed(std::string container_id) {
    std::vector<std::string> gone;
    const domain::Record* record = services_.store.find(container_id);
    for (const domain::PendingExit& exit : record->status.pending) {
        if (model::killed(*record, exit.docker_id, exit.at)) {
            gone.push_back(exit.docker_id);
        }
    }
    if (gone.empty()) {
        co_return gone;
    }
    const auto there = co_await services_.engine.list();
    if (!there) {
        co_return there.error();
    }
    std::erase_if(gone, [&](const std::string& docker_id) {
        return std::any_of(there->begin(), there->end(), [&](const domain::Observed& seen) {
            return seen.docker_id == docker_id;
        });
    });
    co_return gone;
}

boost::asio::awaitable<void> Crashes::tell(std::string container_id) {
    const domain::Record* record = services_.store.find(container_id);
    if (record == nullptr || record->status.pending.empty()) {
        co_return;
    }
    if (waits_for_lines(*record)) {
        arm(container_id, services_.clock.now() + kLinesPoll);
        co_return;
    }
    const std::vector<domain::PendingExit> pending = record->status.pending;
    const auto removed_ones = co_await removed(container_id);
    if (!removed_ones) {
        arm(container_id, services_.clock.now() + kEnginePoll);     // away: a `docker rm -f` is told from a crash on its return
        co_return;
    }
    const std::vector<std::string> gone = *removed_ones;
    domain::Store::Change change = [this, gone](domain::Record& row, domain::Changes& out,
                                                const domain::Moment& moment) {
        for (const std::string& docker_id : gone) {
            model::record_vanished(row, docker_id, out, moment);
        }
        model::tell_crashes(row, logs_, false, out, moment);
    };
    co_await commit(services_.store, container_id, std::move(change));
    forget_logs(container_id, pending);
    arm_next(container_id);     // an exit that was not due yet is still there
    if (fetched_.size() > kExitsKept) {
        fetched_.clear();
    }
}

}  // namespace flow::reconciler
