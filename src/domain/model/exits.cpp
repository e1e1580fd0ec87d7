#include "domain/model/exits.hpp"

#include <algorithm>

#include "domain/model/drift.hpp"
#include "domain/model/facts.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"

namespace flow::domain::model {
namespace {

constexpr int kSigKill = 9;
constexpr Duration kKillSlack = std::chrono::seconds{10};   ///< model 3: grace + 10 s
constexpr Duration kOomBefore = std::chrono::seconds{5};

bool kill_counts(const Record& record, const KillSeen& kill, const ExitFact& exit, Time start) {
    const bool in_time = kill.at <= exit.at &&
                         kill.at >= exit.at - (stop_grace(record) + kKillSlack) &&
                         kill.at > start;
    return in_time && (kill.signal == kSigKill || kill.signal == record.status.stop_signal ||
                       kill.signal == exit.code - 128);
}

Run run_of(const Record& record, const std::string& docker_id) {
    const Period* facts = find_period(record, docker_id);
    return facts != nullptr && facts->run != 0 ? facts->run : record.status.run_started;
}

void end_run(Record& record, const std::string& docker_id, int code) {
    record.status.run_ended = run_of(record, docker_id);
    record.status.ended_code = code;
}

bool runs_again(const Restart& restart, int code, int tries) {
    switch (restart.policy) {
        case Restart::Policy::always: return true;
        case Restart::Policy::no: return false;
        case Restart::Policy::on_failure: break;
    }
    return code != 0 && (restart.max_retries < 0 || tries <= restart.max_retries);
}

/// First at once, then doubling from `first` up to `max` (model: design 4).
Duration restart_delay(int tries, const RestartTimes& times) {
    Duration delay = times.first;
    for (int i = 2; i < tries && delay < times.max; ++i) {
        delay *= 2;
    }
    return tries <= 1 ? Duration{0} : std::min(delay, times.max);
}

void count_exit(Record& record, const ExitFact& exit, const Moment& moment) {
    Status& status = record.status;
    const Period& facts = period(record, exit.docker_id);
    Backoff backoff;
    const auto known = status.backoff.find(BackoffKind::run);
    if (known != status.backoff.end() && exit.at - facts.start < moment.restart.forget_after) {
        backoff = known->second;
    }
    ++backoff.tries;
    backoff.last = exit.at;
    backoff.next = exit.at + restart_delay(backoff.tries, moment.restart);
    if (runs_again(record.active_spec().restart, exit.code, backoff.tries)) {
        status.backoff[BackoffKind::run] = backoff;
    } else if (status.run_ended < run_of(record, exit.docker_id)) {
        end_run(record, exit.docker_id, exit.code);
    }
}

PendingExit pending_of(const Record& record, const ExitFact& exit) {
    const Status& status = record.status;
    PendingExit pending;
    pending.docker_id = exit.docker_id;
    pending.at = exit.at;
    pending.started_at = find_period(record, exit.docker_id)->start;
    pending.code = exit.code;
    pending.signal = exit.signal;
    pending.oom = exit.oom;
    pending.backoff_before = status.backoff;
    pending.run_ended_before = status.run_ended;
    pending.ended_code_before = status.ended_code;
    return pending;
}

void own_exit(Record& record, const ExitFact& exit, Changes& out, const Moment& moment) {
    Status& status = record.status;
    const bool window = in_window(record, exit.docker_id);
    PendingExit pending = pending_of(record, exit);
    pending.window = window;
    pending.counted = true;
    if (window && exit.code == 0) {
        status.trial != 0 ? record_code_kept(record, out) : commit_keep(record, out);
    }
    if (!window || exit.code == 0) {
        count_exit(record, exit, moment);
    }
    if (status.ended_by != "DeadlineExceeded") {
        const bool no_tries_left = exit.code != 0 && record.spec().kind == Kind::job &&
                                   status.run_ended == run_of(record, exit.docker_id);
        status.ended_by = exit.oom ? "OOMKilled" : no_tries_left ? "BackoffLimitExceeded" : "";
    }
    if (exit.code != 0) {
        status.pending.push_back(std::move(pending));
    }
}

/// An exit by a stop of ours, or by a `docker stop` that its signal gave away, is followed by a `stop` event of its own.
/// Started again at once, the program may end once more before that event: it says nothing about this second exit.
void note_stop_owed(const Record& record, Period& facts, const ExitFact& exit) {
    const auto& intention = record.status.intention;
    if (exit.by == ExitClass::ours) {
        facts.stop_owed = intention && intention->step == Step::stop &&
                          intention->docker_id == exit.docker_id;
    } else if (exit.by == ExitClass::outside) {
        facts.stop_owed = true;
    } else if (facts.exit_at && exit.at - *facts.exit_at > kExitWindow) {
        facts.stop_owed = false;
    }
}

void note_exit(Record& record, const ExitFact& exit, Changes& out) {
    const std::string who = exit.by == ExitClass::ours ? "ours"
                            : exit.by == ExitClass::own ? "its own"
                                                        : "from outside";
    note(record, LogKind::fact, "exit",
         record.spec().name + " ended with code " + std::to_string(exit.code) + ", " + who +
             " (" + exit.docker_id.substr(0, 12) + " at " + to_rfc3339(exit.at) + ")",
         out);
}

}  // namespace

bool is_ours(const Record& record, const std::string& docker_id, Time at) {
    const auto& intention = record.status.intention;
    return intention && (intention->step == Step::stop || intention->step == Step::remove) &&
           intention->docker_id == docker_id && intention->at < at;
}

bool killed(const Record& record, const std::string& docker_id, Time exit_at) {
    const Period* facts = find_period(record, docker_id);
    if (facts == nullptr) {
        return false;
    }
    return std::any_of(facts->kills.begin(), facts->kills.end(), [&](const KillSeen& kill) {
        return kill.signal == kSigKill && kill.at > facts->start && kill.at <= exit_at;
    });
}

ExitFact classify(const Record& record, const std::string& docker_id, Time at, int code) {
    ExitFact exit;
    exit.docker_id = docker_id;
    exit.at = at;
    exit.code = code;
    const Period* facts = find_period(record, docker_id);
    bool stopped = false;
    for (const KillSeen& kill : facts->kills) {
        if (kill_counts(record, kill, exit, facts->start)) {
            exit.signal = kill.signal;
            stopped = stopped || kill.signal == record.status.stop_signal;
        }
    }
    exit.oom = code == 128 + kSigKill && exit.signal == 0 && facts->oom_at != Time{} &&
               facts->oom_at <= at && at - facts->oom_at <= kOomBefore;
    if (is_ours(record, docker_id, at)) {
        exit.by = ExitClass::ours;
    } else if (stopped) {
        exit.by = ExitClass::outside;
    }
    return exit;
}

void open_period(Record& record, const std::string& docker_id, Time at, Changes& out) {
    Status& status = record.status;
    Period& facts = period(record, docker_id);
    facts.open = true;
    facts.start = at;
    facts.last = std::max(facts.last, at);
    facts.paused = false;
    facts.health = "none";
    facts.health_at = Time{};
    facts.warned = false;
    const Run before = status.run_started;
    const auto& intention = status.intention;
    if (intention && intention->step == Step::start && intention->docker_id == docker_id &&
        at > intention->started_seen) {
        status.run_started = std::max(status.run_started, intention->run);
        facts.run = intention->run;
        status.intention.reset();
    } else {
        facts.run = status.run_started;
        if (!should_run(record)) {
            status.drift.edit().reason = "StartedOutside";
        }
    }
    if (status.run_started > before) {
        status.restart_count = 0;
    } else if (facts.exit_at) {
        ++status.restart_count;     // the same container again, in the same run
    }
    status.need_ping = Time{};
    if (status.first_started == Time{}) {
        status.first_started = at;
    }
    // Why an update was rolled back stays while that is the reason; a crash, and what kept it from starting, is over.
    const bool troubled = !status.trouble.empty() || !status.ended_by.empty();
    status.ended_by.clear();
    status.trouble.clear();
    const bool crashed = status.last_exit && status.last_exit->by == ExitClass::own &&
                         status.last_exit->at == facts.exit_at;
    if (status.failed_generation != record.generation || crashed || troubled) {
        status.message.clear();
    }
    status.started_at = at;
    status.ports_pending = !record.active_spec().ports.empty();
    note(record, LogKind::fact, "start",
         record.spec().name + " started, run " + std::to_string(facts.run) + " (" +
             docker_id.substr(0, 12) + " at " + to_rfc3339(at) + ")",
         out);
}

void close_period(Record& record, const ExitFact& exit, Changes& out, const Moment& moment) {
    Status& status = record.status;
    Period& facts = period(record, exit.docker_id);
    facts.open = false;
    facts.paused = false;
    facts.last = std::max(facts.last, exit.at);
    note_stop_owed(record, facts, exit);
    facts.exit_at = exit.at;
    if (status.trouble == "StopFailed") {
        status.trouble.clear();
        status.message.clear();
    }
    note_exit(record, exit, out);
    if (exit.docker_id == status.docker_id || exit.docker_id == status.next_id) {
        status.last_exit = LastExit{exit.code, exit.signal, exit.oom, exit.at, exit.by};
    }
    if (exit.by == ExitClass::ours) {
        if (unhealthy_end(record, exit.docker_id)) {
            ExitFact failed = exit;
            failed.code = exit.code == 0 ? 1 : exit.code;   // whatever it says: it did not complete
            count_exit(record, failed, moment);
            status.ended_by = "Unhealthy";
        }
        return;
    }
    clear_drift_reason(record);
    if (exit.docker_id != status.docker_id && exit.docker_id != status.next_id) {
        if (exit.by == ExitClass::own && exit.code != 0) {
            status.pending.push_back(pending_of(record, exit));
        }
        return;
    }
    if (exit.by == ExitClass::own) {
        own_exit(record, exit, out, moment);
        return;
    }
    status.need_ping = exit.at;
    status.ended_by = exit.outside_reason;
    if (record.active_spec().restart.policy == Restart::Policy::no) {
        end_run(record, exit.docker_id, exit.code != 0 ? exit.code : 143);
    }
}

void take_back(Record& record, const PendingExit& exit, std::string reason) {
    Status& status = record.status;
    std::erase(status.pending, exit);
    if (exit.counted) {
        status.backoff = exit.backoff_before;
        if (record.active_spec().restart.policy != Restart::Policy::no) {
            status.run_ended = exit.run_ended_before;
            status.ended_code = exit.ended_code_before;
        }
    }
    if (!period(record, exit.docker_id).open) {
        status.need_ping = exit.at;
        status.ended_by = std::move(reason);
    }
    if (status.last_exit && status.last_exit->at == exit.at) {
        status.last_exit->by = ExitClass::outside;
    }
}

void record_vanished(Record& record, const std::string& docker_id, Changes& out,
                     const Moment& moment) {
    if (period(record, docker_id).open) {
        ExitFact exit;
        exit.docker_id = docker_id;
        exit.at = moment.now;
        exit.code = 128 + kSigKill;
        exit.by = ExitClass::outside;
        exit.outside_reason = "RemovedOutside";
        close_period(record, exit, out, moment);
    }
    const std::vector<PendingExit> pending = record.status.pending;
    for (const PendingExit& exit : pending) {
        // One that ran again since was not removed by that KILL.
        const bool last = period(record, docker_id).exit_at == exit.at;
        if (exit.docker_id == docker_id && last && killed(record, docker_id, exit.at)) {
            take_back(record, exit, "RemovedOutside");
        }
    }
}

}  // namespace flow::domain::model
