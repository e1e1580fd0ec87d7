#include "domain/model/facts.hpp"

#include <algorithm>

#include "domain/model/exits.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"

namespace flow::domain::model {
namespace {

constexpr std::size_t kKillsKept = 8;
constexpr std::size_t kFactsKept = 512;

void remember_kill(Period& period, const EngineEvent& event) {
    const KillSeen seen{event.time, event.signal};
    if (std::find(period.kills.begin(), period.kills.end(), seen) != period.kills.end()) {
        return;
    }
    period.kills.push_back(seen);
    if (period.kills.size() > kKillsKept) {
        period.kills.erase(period.kills.begin());
    }
}

void record_start(Record& record, const EngineEvent& event, Changes& out) {
    Period& facts = period(record, event.docker_id);
    if (event.time > facts.last && !facts.open) {
        open_period(record, event.docker_id, event.time, out);
    }
    facts.last = std::max(facts.last, event.time);
}

void record_die(Record& record, const EngineEvent& event, Changes& out, const Moment& moment) {
    Period& facts = period(record, event.docker_id);
    const auto& intention = record.status.intention;
    const bool starting = intention && intention->step == Step::start &&
                          intention->docker_id == event.docker_id;
    if (!facts.open && event.time > facts.last && starting) {
        // Its `start` was lost or comes late: a `die` completes the start as well (model 3). It was not before we
        // meant to; a `kill` since then may have ended it.
        const Time earliest = std::max({intention->at, facts.last, intention->started_seen + Duration{1}});
        open_period(record, event.docker_id, std::min(earliest, event.time - Duration{1}), out);
    }
    if (facts.open && event.time > facts.start) {
        const ExitFact exit = classify(record, event.docker_id, event.time, event.exit_code);
        close_period(record, exit, out, moment);
    }
    facts.last = std::max(facts.last, event.time);
}

/// `stop` and `destroy` say that the exit just before them was somebody's doing (model 3).
void record_aftermath(Record& record, const EngineEvent& event) {
    Period& facts = period(record, event.docker_id);
    const bool is_stop = event.type == EngineEvent::Type::stop;
    if (is_stop && facts.stop_owed) {
        facts.stop_owed = false;
        return;
    }
    if (is_stop && facts.open && is_ours(record, event.docker_id, event.time)) {
        return;     // of a process whose `die` was lost or comes late, not of the one before it
    }
    std::vector<PendingExit> pending = record.status.pending;
    for (const PendingExit& exit : pending) {
        const bool last = facts.exit_at && *facts.exit_at == exit.at;
        const bool soon = event.time >= exit.at && event.time - exit.at <= kExitWindow;
        if (exit.docker_id != event.docker_id || !last || !soon) {
            continue;
        }
        if (is_stop) {
            take_back(record, exit, "StoppedOutside");
        } else if (killed(record, exit.docker_id, exit.at)) {
            take_back(record, exit, "RemovedOutside");
        }
    }
}

void record_by_type(Record& record, const EngineEvent& event, Changes& out,
                    const Moment& moment) {
    using Type = EngineEvent::Type;
    Period& facts = period(record, event.docker_id);
    switch (event.type) {
        case Type::kill: remember_kill(facts, event); break;
        case Type::start: record_start(record, event, out); break;
        case Type::die: record_die(record, event, out, moment); break;
        case Type::oom: facts.oom_at = event.time; break;
        case Type::stop:
        case Type::destroy: record_aftermath(record, event); break;
        case Type::pause: facts.paused = true; break;
        case Type::unpause: facts.paused = false; break;
        case Type::health: record_health(record, {event.docker_id, event.health, event.time}, out); break;
        default: break;
    }
}

}  // namespace

void record_event(Record& record, const EngineEvent& event, Changes& out, const Moment& moment) {
    const FactKey key{event.docker_id.substr(0, kFactId), to_nanos(event.time), static_cast<int>(event.type)};
    if (!record.seen.insert(key).second) {
        return;
    }
    if (record.seen.size() > kFactsKept) {
        const auto oldest = std::min_element(
            record.seen.begin(), record.seen.end(),
            [](const FactKey& a, const FactKey& b) { return std::get<1>(a) < std::get<1>(b); });
        record.seen.erase(oldest);
    }
    record_by_type(record, event, out, moment);
}

bool ran_through(const Record& record, const std::vector<Observed>& containers) {
    return std::any_of(containers.begin(), containers.end(), [&](const Observed& seen) {
        const Period* facts = find_period(record, seen.docker_id);
        return facts != nullptr && facts->open && seen.running && seen.started_at <= facts->last;
    });
}

namespace {

/// The row was read from the file, and so has a copy of its own of what the cache has too.
void share_settings(Record& record, const Observed& seen) {
    const auto known = record.status.baselines.find(seen.docker_id);
    if (known != record.status.baselines.end() && known->second.settings == seen.settings) {
        known->second.settings = seen.settings;
    }
}

/// Containers whose process was open before the gap and that are not there any more: as good as their `destroy`.
void record_gone_since(Record& record, const Snapshot& snapshot, Changes& out,
                       const Moment& moment) {
    std::vector<std::string> gone;
    for (const auto& [docker_id, facts] : record.status.periods) {
        const bool there = std::any_of(
            snapshot.containers.begin(), snapshot.containers.end(),
            [&id = docker_id](const Observed& seen) { return seen.docker_id == id; });
        if (facts.open && !there && facts.last <= snapshot.observed_at) {
            gone.push_back(docker_id);
        }
    }
    for (const std::string& docker_id : gone) {
        record_vanished(record, docker_id, out, moment);
    }
}

}  // namespace

void record_snapshot(Record& record, const Snapshot& snapshot, Changes& out,
                     const Moment& moment) {
    for (const Observed& seen : snapshot.containers) {
        share_settings(record, seen);
        Period& facts = period(record, seen.docker_id);
        if (facts.last > snapshot.observed_at) {
            continue;   // a fact newer than the observation
        }
        if (!facts.open && seen.started_at > facts.last) {
            open_period(record, seen.docker_id, seen.started_at, out);
        }
        facts.paused = seen.paused;
        if (seen.running) {
            record_health(record, {seen.docker_id, seen.health, snapshot.observed_at}, out);
        }
        if (facts.open && !seen.running) {
            ExitFact exit;
            exit.docker_id = seen.docker_id;
            exit.at = std::max(seen.finished_at, facts.last);
            exit.code = seen.exit_code;
            const bool ours = is_ours(record, seen.docker_id, moment.now);
            exit.by = ours ? ExitClass::ours
                           : snapshot.stayed ? ExitClass::own : ExitClass::outside;
            exit.outside_reason = "EngineRestarted";
            close_period(record, exit, out, moment);
        }
    }
    record_gone_since(record, snapshot, out, moment);
}

void record_start_seen(Record& record, const std::string& docker_id, Time started_at, Changes& out,
                       const Moment&) {
    Period& facts = period(record, docker_id);
    if (!facts.open && started_at > facts.last) {
        open_period(record, docker_id, started_at, out);
    }
}

}  // namespace flow::domain::model
