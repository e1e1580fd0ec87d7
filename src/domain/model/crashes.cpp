// Crashes are told once, 250 ms after the exit, when it is sure that nobody did it from outside (model 3).
#include <algorithm>

#include "domain/model/facts.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {
namespace {

bool due(const PendingExit& exit, Time now) { return now - exit.at > kExitWindow; }

std::string crash_text(const PendingExit& exit) {
    if (exit.oom) {
        return "out of memory";
    }
    std::string text = "exited with code " + std::to_string(exit.code);
    if (exit.signal != 0) {
        text += " by " + signal_name(exit.signal);
    }
    return text;
}

/// With dropped capabilities a program often fails with one of these; the user is told what to try.
std::string capability_hint(const Record& record, const PendingExit& exit,
                            const std::vector<std::string>& logs) {
    const auto& dropped = record.active_spec().security.cap_drop;
    if (dropped.empty() || exit.at - exit.started_at > std::chrono::seconds{10}) {
        return "";
    }
    const bool denied = std::any_of(logs.begin(), logs.end(), [](const std::string& line) {
        return line.find("Operation not permitted") != std::string::npos ||
               line.find("Permission denied") != std::string::npos;
    });
    return denied ? "; capabilities are dropped: security.profile baseline or security.cap_add "
                    "may be what it needs"
                  : "";
}

void tell_crash(Record& record, const PendingExit& exit, const CrashLogs& logs, Changes& out) {
    const Status& status = record.status;
    const auto found = logs.find(ExitKey{exit.docker_id, exit.at});
    const std::vector<std::string> lines = found == logs.end() ? std::vector<std::string>{}
                                                               : found->second;
    const std::string text = crash_text(exit) + capability_hint(record, exit, lines);
    Json further;
    further["docker_id"] = exit.docker_id;
    further["exit_code"] = exit.code;
    further["signal"] = exit.signal == 0 ? Json(nullptr) : Json(signal_name(exit.signal));
    further["oom_killed"] = exit.oom;
    Json& details = further["crash_details"];
    details["error"] = text;
    details["logs"] = lines;
    details["finished_at"] = to_rfc3339(exit.at);
    details["restart_count"] = status.restart_count;
    details["next_restart_at"] = nullptr;
    const auto run = status.backoff.find(BackoffKind::run);
    if (run != status.backoff.end() && should_run(record)) {
        details["next_restart_at"] = to_rfc3339(run->second.next);
    }
    if (!runs(record) && record.status.trouble.empty()) {
        record.status.message = text;
    }
    tell(record, "container_crashed", further, out);
}

/// The new one's own exit within the window decides the verdict once it is sure (model 5).
void judge_window(Record& record, const PendingExit& exit, Changes& out) {
    const bool decides = exit.window && in_window(record, exit.docker_id) &&
                         !period(record, exit.docker_id).open;
    if (!decides) {
        return;
    }
    Error error;
    error.type = ErrorType::docker_api_error;
    error.message = "the new one did not stay up: " + crash_text(exit);
    error.details["exit_code"] = exit.code;
    commit_failed_update(record, error, out);
}

}  // namespace

void tell_crashes(Record& record, const CrashLogs& logs, bool all, Changes& out,
                  const Moment& moment) {
    const std::vector<PendingExit> pending = record.status.pending;
    for (const PendingExit& exit : pending) {
        if (!all && !due(exit, moment.now)) {
            continue;
        }
        std::erase(record.status.pending, exit);
        tell_crash(record, exit, logs, out);
        judge_window(record, exit, out);
    }
}

Time crash_due(const Record& record) {
    Time first;
    for (const PendingExit& exit : record.status.pending) {
        const Time when = exit.at + kExitWindow + std::chrono::milliseconds{1};
        if (first == Time{} || when < first) {
            first = when;
        }
    }
    return first;
}

}  // namespace flow::domain::model
