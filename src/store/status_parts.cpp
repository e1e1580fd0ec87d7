#include "store/status_parts.hpp"

#include "store/drift_json.hpp"
#include "store/enum_text.hpp"
#include "store/words.hpp"

namespace flow::store {

using domain::Backoff;
using domain::BackoffKind;
using domain::Backoffs;
using domain::BoundPort;
using domain::Intention;
using domain::LastExit;
using domain::PendingExit;
using domain::Period;

Json backoffs_to_json(const Backoffs& backoffs) {
    Json json = Json::object();
    for (const auto& [kind, backoff] : backoffs) {
        Json entry = Json::object();
        put(entry, "tries", backoff.tries);
        put(entry, "last", backoff.last);
        put(entry, "next", backoff.next);
        json[std::string{word_of(kBackoffKinds, kind)}] = std::move(entry);
    }
    return json;
}

void read_backoffs(const Json& json, const char* key, Backoffs& out) {
    const Json* all = field(json, key);
    if (!all) {
        return;
    }
    for (const auto& [kind, entry] : all->items()) {
        Backoff backoff;
        read(entry, "tries", backoff.tries);
        read(entry, "last", backoff.last);
        read(entry, "next", backoff.next);
        out[value_of(kBackoffKinds, kind)] = backoff;
    }
}

Json intention_to_json(const Intention& intention) {
    Json json = Json::object();
    json["step"] = word_of(kSteps, intention.step);
    json["purpose"] = word_of(kPurposes, intention.purpose);
    put(json, "cause", intention.cause);
    put(json, "docker_id", intention.docker_id);
    put(json, "started_seen", intention.started_seen);
    put(json, "run", intention.run);
    put(json, "generation", intention.generation);
    put(json, "hash", intention.hash);
    json["role"] = word_of(kRoles, intention.role);
    put(json, "workspace", intention.workspace);
    put(json, "cut_short", intention.cut_short);
    put_differences(json, "repairs", intention.repairs);
    put(json, "at", intention.at);
    return json;
}

Intention intention_from_json(const Json& json) {
    Intention intention;
    read_word(json, "step", kSteps, intention.step);
    read_word(json, "purpose", kPurposes, intention.purpose);
    read(json, "cause", intention.cause);
    read(json, "docker_id", intention.docker_id);
    read(json, "started_seen", intention.started_seen);
    read(json, "run", intention.run);
    read(json, "generation", intention.generation);
    read(json, "hash", intention.hash);
    read_word(json, "role", kRoles, intention.role);
    read(json, "workspace", intention.workspace);
    read(json, "cut_short", intention.cut_short);
    read_differences(json, "repairs", intention.repairs);
    read(json, "at", intention.at);
    return intention;
}

Json pending_to_json(const PendingExit& exit) {
    Json json = Json::object();
    json["docker_id"] = exit.docker_id;
    put(json, "at", exit.at);
    put(json, "started_at", exit.started_at);
    put(json, "code", exit.code);
    put(json, "signal", exit.signal);
    put(json, "oom", exit.oom);
    put(json, "window", exit.window);
    put(json, "counted", exit.counted);
    if (!exit.backoff_before.empty()) {
        json["backoff_before"] = backoffs_to_json(exit.backoff_before);
    }
    put(json, "run_ended_before", exit.run_ended_before);
    put(json, "ended_code_before", exit.ended_code_before);
    return json;
}

PendingExit pending_from_json(const Json& json) {
    PendingExit exit;
    read(json, "docker_id", exit.docker_id);
    read(json, "at", exit.at);
    read(json, "started_at", exit.started_at);
    read(json, "code", exit.code);
    read(json, "signal", exit.signal);
    read(json, "oom", exit.oom);
    read(json, "window", exit.window);
    read(json, "counted", exit.counted);
    read_backoffs(json, "backoff_before", exit.backoff_before);
    read(json, "run_ended_before", exit.run_ended_before);
    read(json, "ended_code_before", exit.ended_code_before);
    return exit;
}

Json period_to_json(const Period& period) {
    Json json = Json::object();
    put(json, "open", period.open);
    put(json, "start", period.start);
    put(json, "last", period.last);
    put(json, "run", period.run);
    put(json, "exit_at", period.exit_at);
    put(json, "stop_owed", period.stop_owed);
    for (const domain::KillSeen& kill : period.kills) {
        Json entry = Json::object();
        put(entry, "at", kill.at);
        put(entry, "signal", kill.signal);
        json["kills"].push_back(std::move(entry));
    }
    put(json, "oom_at", period.oom_at);
    put(json, "paused", period.paused);
    put(json, "health", period.health, std::string{"none"});
    put(json, "health_at", period.health_at);
    put(json, "warned", period.warned);
    return json;
}

Period period_from_json(const Json& json) {
    Period period;
    read(json, "open", period.open);
    read(json, "start", period.start);
    read(json, "last", period.last);
    read(json, "run", period.run);
    read(json, "exit_at", period.exit_at);
    read(json, "stop_owed", period.stop_owed);
    if (const Json* kills = field(json, "kills")) {
        for (const Json& entry : *kills) {
            domain::KillSeen kill;
            read(entry, "at", kill.at);
            read(entry, "signal", kill.signal);
            period.kills.push_back(kill);
        }
    }
    read(json, "oom_at", period.oom_at);
    read(json, "paused", period.paused);
    read(json, "health", period.health);
    read(json, "health_at", period.health_at);
    read(json, "warned", period.warned);
    return period;
}

Json last_exit_to_json(const LastExit& exit) {
    Json json = Json::object();
    put(json, "code", exit.code);
    put(json, "signal", exit.signal);
    put(json, "oom", exit.oom);
    put(json, "at", exit.at);
    json["by"] = word_of(kExitClasses, exit.by);
    return json;
}

LastExit last_exit_from_json(const Json& json) {
    LastExit exit;
    read(json, "code", exit.code);
    read(json, "signal", exit.signal);
    read(json, "oom", exit.oom);
    read(json, "at", exit.at);
    read_word(json, "by", kExitClasses, exit.by);
    return exit;
}

Json ports_to_json(const std::vector<BoundPort>& ports) {
    Json list = Json::array();
    for (const BoundPort& port : ports) {
        Json entry = Json::object();
        entry["container"] = port.container;
        entry["protocol"] = port.protocol;
        entry["host_ip"] = port.host_ip;
        entry["host"] = port.host;
        list.push_back(std::move(entry));
    }
    return list;
}

BoundPort port_from_json(const Json& json) {
    BoundPort port;
    read(json, "container", port.container);
    read(json, "protocol", port.protocol);
    read(json, "host_ip", port.host_ip);
    read(json, "host", port.host);
    return port;
}

}  // namespace flow::store
