// Oracles over the whole of a run: crashes told once each, nothing run again without a request, nothing hot.
#include <algorithm>

#include "domain/model/rules.hpp"
#include "sim/simulation.hpp"

namespace flow::sim {
namespace {

using domain::Operation;

Time to_ms(Time time) {
    return Time{std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch())};
}

bool is_crash(const Process& process) {
    return process.how == Process::End::own && process.code != 0 && process.end != Time{};
}

}  // namespace

/// The line that EnginePort::logs answers tells until when it was asked for.
void Simulation::check_lines(const domain::Json& lines, domain::Time exit) {
    for (const domain::Json& line : lines) {
        const domain::Duration late = domain::parse_rfc3339(line.get<std::string>()) - exit;
        if (late < domain::Duration{0} || late >= std::chrono::milliseconds{100}) {
            bad("the crash at " + domain::to_rfc3339(exit) + " was told with lines of " + line.get<std::string>());
        }
    }
}

void Simulation::read_log() {
    std::map<std::string, int> created;
    domain::Seq after = 0;
    for (;;) {
        const auto events = daemon.store().events_after(after, 1000);
        if (!events || events->empty()) {
            break;
        }
        for (const domain::StoredEvent& event : *events) {
            after = event.seq;
            if (world.tracing()) {
                world.trace("  told " + event.payload.dump());
            }
            if (event.type == "container_crashed") {
                const std::string docker_id = event.payload.at("docker_id");
                const domain::Json& details = event.payload.at("crash_details");
                const domain::Time at = domain::parse_rfc3339(details.at("finished_at").get<std::string>());
                crashes_told_[docker_id].push_back(at);
                check_lines(details.at("logs"), at);
            } else if (event.type == "container_created" && ++created[event.container_id] > 1) {
                bad("container_created twice for " + event.container_id);
            } else if (event.type == "container_started" || event.type == "container_restarted" ||
                       event.type == "container_stopped" || event.type == "container_updated") {
                lifecycle_[event.container_id].push_back(event.type);
            }
        }
    }
}

void Simulation::final() {
    for (const auto& wish : wishes) {
        if (wish->answer == Wish::Answer::none) {
            bad(wish->request_id + " was never answered");
        } else if (const domain::Record* record = row(wish->container_id);
                   record != nullptr && waits_honestly(*record)) {
            continue;
        } else if (wish->answer == Wish::Answer::accepted && !wish->outcome) {
            bad(wish->request_id + " " + std::string{to_string(wish->operation)} + " of " +
                wish->container_id + " never ended");
        }
    }
    read_log();
    for (const auto& [id, container] : engine.containers) {
        judge_container(*container);
    }
    daemon.store().for_each([this](const domain::Record& record) { judge_row(record); });
    judge_links();
    judge_crashes();
    judge_reruns();
    judge_heat();
}

/// A start of ours is made with the code of the generation that it is for.
void Simulation::judge_code(const domain::Record& record, const Container& container) {
    const domain::Status& status = record.status;
    const domain::Generation generation = container.docker_id == status.next_id
                                              ? status.next_generation
                                              : domain::model::code_generation(record);
    const auto spec = record.specs.find(generation);
    const std::string wanted = spec == record.specs.end() ? "?" : spec->second.code->digest;
    const auto link = engine.links.find(record.container_id);
    const std::string is = link == engine.links.end() || !container.has_code ? "" : link->second;
    if (is != wanted) {
        bad(container.docker_id + " of " + record.container_id + " starts with code " + is + ", not " + wanted);
    }
}

/// No link is left behind, and none was missing when it was mounted.
void Simulation::judge_links() {
    if (engine.lost_mounts > 0) {
        bad(std::to_string(engine.lost_mounts) + " containers with a link to code that was not there");
    }
    for (const auto& [id, digest] : engine.links) {
        if (row(id) == nullptr) {
            bad("the link of " + id + " is left");
        }
    }
}

void Simulation::judge_crashes() {
    std::map<std::string, std::vector<ProcessPtr>> by_id;
    for (const ProcessPtr& process : engine.processes) {
        by_id[process->docker_id].push_back(process);
    }
    for (const auto& [docker_id, processes] : by_id) {
        judge_crashes_of(docker_id, processes);
    }
    for (const auto& [docker_id, left] : crashes_told_) {
        if (!left.empty()) {
            bad(docker_id + ": crashes of no process");
        }
    }
}

bool Simulation::crash_may_be_untold(const Process& process) const {
    bool killed = false;
    bool termed = false;
    for (const Process::Kill& kill : process.kills) {
        killed = killed || kill.outside;
        termed = termed || kill.signal == 15;
    }
    const auto container = engine.containers.find(process.docker_id);
    const bool gone = container == engine.containers.end() || !container->second->there;
    const bool engine_restarts = profile == "engine" || profile == "all";
    return process.end > world.now() - seconds(1) || process.ours_stood || termed || process.unseen ||
           process.blurred || row(process.container_id) == nullptr || (engine_restarts && away_near(process.end, 40)) ||
           (killed && (process.destroyed || (daemon.kills > 0 && gone)));
}

void Simulation::judge_crashes_of(const std::string& docker_id,
                                  const std::vector<ProcessPtr>& processes) {
    std::vector<Time>& told = crashes_told_[docker_id];
    std::vector<int> mine(processes.size(), 0);
    // By the very time of the exit first; of two within one millisecond, the one that must have been told.
    const auto rank = [this](const Process& process) {
        return !is_crash(process) ? 2 : crash_may_be_untold(process) ? 1 : 0;
    };
    for (const int wanted : {0, 1, 2}) {
        for (std::size_t i = 0; i < processes.size(); ++i) {
            const auto exact = std::find(told.begin(), told.end(), to_ms(processes[i]->end));
            if (rank(*processes[i]) == wanted && exact != told.end()) {
                told.erase(exact);
                ++mine[i];
            }
        }
    }
    for (std::size_t i = 0; i < processes.size(); ++i) {
        const Time next = i + 1 < processes.size() ? to_ms(processes[i + 1]->start) : Time::max();
        const auto in_it = [&](Time at) { return at >= to_ms(processes[i]->start) && at < next; };
        mine[i] += static_cast<int>(std::count_if(told.begin(), told.end(), in_it));
        std::erase_if(told, in_it);
        const Process& process = *processes[i];
        const bool crash = is_crash(process);
        // The engine restarted before its events were read, and forgot them: only the code is left.
        const bool forgotten = process.how == Process::End::outside && process.code != 0 &&
                               away_near(process.end, 10);
        // A stop call for the process before it, which ended by itself at that moment, met this one.
        const bool stray = process.how == Process::End::ours && !process.ours_stood;
        const int most = crash || forgotten || stray ? 1 : 0;
        // A start, somebody's or after somebody's, before its `die` is heard: what is inspected is the next process.
        const bool overtaken = i + 1 < processes.size() &&
                               (process.outside_start || processes[i + 1]->outside_start) &&
                               processes[i + 1]->start - process.end < seconds(1);
        const int least = crash && !overtaken && !crash_may_be_untold(process) ? 1 : 0;
        if (mine[i] < least || mine[i] > most) {
            bad(docker_id + " of " + process.container_id + ": crash told " +
                std::to_string(mine[i]) + " times, expected " + std::to_string(least) + ".." +
                std::to_string(most) + "; code " + std::to_string(process.code) + " how " +
                std::to_string(static_cast<int>(process.how)) + " end " +
                domain::to_rfc3339(process.end));
        }
    }
}

void Simulation::judge_reruns() {
    std::map<std::string, std::vector<ProcessPtr>> by_row;
    for (const ProcessPtr& process : engine.processes) {
        by_row[process->container_id].push_back(process);
    }
    for (const auto& [container_id, processes] : by_row) {
        const domain::Record* record = row(container_id);
        if (record == nullptr || record->spec().restart.policy == domain::Restart::Policy::always) {
            continue;
        }
        for (std::size_t i = 0; i + 1 < processes.size(); ++i) {
            judge_rerun(*processes[i], *processes[i + 1]);
        }
    }
}

void Simulation::judge_rerun(const Process& first, const Process& second) {
    const bool completed = first.how == Process::End::own && first.code == 0 && !first.ours_stood &&
                           first.kills.empty() && !first.outside_start && !first.unseen;
    if (!completed || second.outside_start || away_near(first.end, 40)) {
        return;
    }
    const bool asked = std::any_of(wishes.begin(), wishes.end(), [&](const auto& wish) {
        const bool starts = wish->operation == Operation::start ||
                            wish->operation == Operation::restart ||
                            wish->operation == Operation::update ||
                            wish->operation == Operation::manifest;
        return starts && wish->container_id == first.container_id &&
               wish->answer != Wish::Answer::refused && wish->at >= first.start - seconds(15) &&
               wish->at <= second.start;
    });
    if (!asked) {
        bad(first.container_id + " completed at " + domain::to_rfc3339(first.end) +
            ", run again without a request");
    }
}

void Simulation::judge_heat() {
    std::map<std::string, std::vector<Time>> by_row;
    for (const auto& [time, container_id] : engine.calls) {
        by_row[container_id].push_back(time);
    }
    const auto too_many = [](const std::vector<Time>& times, std::size_t most) {
        for (std::size_t i = 0; i + most < times.size(); ++i) {
            if (times[i + most] - times[i] < seconds(10)) {
                return true;
            }
        }
        return false;
    };
    const auto late = [this](const std::vector<Time>& times) {
        return std::count_if(times.begin(), times.end(),
                             [this](Time time) { return time > quiet_from + seconds(900); });
    };
    for (const auto& [container_id, times] : by_row) {
        if (too_many(times, 80)) {
            return bad("hot: 80 calls for " + container_id + " within 10 s");
        }
        if (late(times) > 30) {
            return bad("hot: calls for " + container_id + " in the quiet");
        }
    }
    if (too_many(daemon.commits, 1500)) {
        bad("hot: 1500 commits within 10 s");
    }
    if (late(daemon.commits) > 600) {
        bad("hot: " + std::to_string(late(daemon.commits)) + " commits in the quiet");
    }
}

}  // namespace flow::sim
