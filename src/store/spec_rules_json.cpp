#include "store/spec_rules_json.hpp"

#include "store/enum_text.hpp"
#include "store/json_fields.hpp"

namespace flow::store {
namespace {

using domain::OnFailure;
using domain::OnUnhealthy;
using domain::PullPolicy;
using domain::Spec;

constexpr Word<OnUnhealthy> kOnUnhealthy[] = {{OnUnhealthy::warn, "warn"},
                                              {OnUnhealthy::restart, "restart"}};
constexpr Word<OnFailure> kOnFailure[] = {{OnFailure::rollback, "rollback"},
                                          {OnFailure::pause, "pause"}};
constexpr Word<domain::Framing> kFramings[] = {{domain::Framing::automatic, "auto"},
                                               {domain::Framing::lines, "lines"},
                                               {domain::Framing::length_prefixed, "length-prefixed"}};
constexpr Word<PullPolicy> kPullPolicies[] = {{PullPolicy::missing, "missing"},
                                              {PullPolicy::always, "always"},
                                              {PullPolicy::never, "never"}};

template <class E, std::size_t N>
void read_word(const Json& json, const char* key, const Word<E> (&table)[N], E& out) {
    if (const Json* value = field(json, key)) {
        out = value_of(table, value->get<std::string>());
    }
}

Json healthcheck_to_json(const domain::Healthcheck& healthcheck) {
    Json json = Json::object();
    json["test"] = healthcheck.test;
    json["interval"] = healthcheck.interval.count();
    json["timeout"] = healthcheck.timeout.count();
    json["start_period"] = healthcheck.start_period.count();
    json["retries"] = healthcheck.retries;
    json["on_unhealthy"] = word_of(kOnUnhealthy, healthcheck.on_unhealthy);
    return json;
}

domain::Healthcheck healthcheck_from_json(const Json& json) {
    domain::Healthcheck out;
    read(json, "test", out.test);
    read(json, "interval", out.interval);
    read(json, "timeout", out.timeout);
    read(json, "start_period", out.start_period);
    read(json, "retries", out.retries);
    read_word(json, "on_unhealthy", kOnUnhealthy, out.on_unhealthy);
    return out;
}

domain::Logging logging_from_json(const Json& json) {
    domain::Logging out;
    read(json, "driver", out.driver);
    read(json, "options", out.options);
    return out;
}

Json job_to_json(const domain::JobRules& job) {
    Json json = Json::object();
    json["active_deadline"] = job.active_deadline.count();
    json["ttl_after_finished"] = job.ttl_after_finished.count();
    json["keep_failed"] = job.keep_failed.count();
    return json;
}

Json messaging_to_json(const domain::Messaging& messaging) {
    Json json = Json::object();
    json["enabled"] = messaging.enabled;
    json["framing"] = word_of(kFramings, messaging.framing);
    put(json, "max_message", messaging.max_message);
    put(json, "durable", messaging.durable);
    json["queue_ttl"] = messaging.queue_ttl.count();
    put(json, "record_payload", messaging.record_payload);
    put(json, "inject", messaging.inject);
    return json;
}

void read_messaging(const Json& json, domain::Messaging& messaging) {
    read(json, "enabled", messaging.enabled);
    read_word(json, "framing", kFramings, messaging.framing);
    read(json, "max_message", messaging.max_message);
    read(json, "durable", messaging.durable);
    read(json, "queue_ttl", messaging.queue_ttl);
    read(json, "record_payload", messaging.record_payload);
    read(json, "inject", messaging.inject);
}

Json code_to_json(const domain::Code& code) {
    Json json = Json::object();
    json["digest"] = code.digest;
    json["path"] = code.path;
    json["target"] = code.target;
    json["file_count"] = code.file_count;
    json["bytes"] = code.bytes;
    json["contents"] = code.contents;
    return json;
}

domain::Code code_from_json(const Json& json) {
    domain::Code code;
    read(json, "digest", code.digest);
    read(json, "path", code.path);
    read(json, "target", code.target);
    read(json, "file_count", code.file_count);
    read(json, "bytes", code.bytes);
    read(json, "contents", code.contents);
    return code;
}

}  // namespace

void rules_to_json(const Spec& spec, Json& json) {
    json["healthcheck"] = healthcheck_to_json(*spec.healthcheck);
    json["update"] = Json::object();
    put(json["update"], "monitor", spec.update.monitor);
    json["update"]["on_failure"] = word_of(kOnFailure, spec.update.on_failure);
    json["pull_policy"] = word_of(kPullPolicies, spec.pull_policy);
    json["registry_auth"] = spec.registry_auth;
    json["logging"] = Json::object();
    json["logging"]["driver"] = spec.logging->driver;
    json["logging"]["options"] = spec.logging->options;
    json["messaging"] = messaging_to_json(spec.messaging);
    if (spec.code->wanted()) {
        json["code"] = code_to_json(*spec.code);
    }
    if (spec.workspace.enabled) {
        json["workspace"] = spec.workspace.size;
    }
    json["job"] = job_to_json(spec.job);
}

void read_rules(const Json& json, Spec& spec) {
    if (const Json* healthcheck = field(json, "healthcheck")) {
        spec.healthcheck = healthcheck_from_json(*healthcheck);
    }
    if (const Json* update = field(json, "update")) {
        read(*update, "monitor", spec.update.monitor);
        read_word(*update, "on_failure", kOnFailure, spec.update.on_failure);
    }
    read_word(json, "pull_policy", kPullPolicies, spec.pull_policy);
    read(json, "registry_auth", spec.registry_auth);
    if (const Json* logging = field(json, "logging")) {
        spec.logging = logging_from_json(*logging);
    }
    if (const Json* messaging = field(json, "messaging")) {
        read_messaging(*messaging, spec.messaging);
    }
    if (const Json* code = field(json, "code")) {
        spec.code = code_from_json(*code);
    }
    spec.workspace.enabled = field(json, "workspace") != nullptr;
    read(json, "workspace", spec.workspace.size);
    if (const Json* job = field(json, "job")) {
        read(*job, "active_deadline", spec.job.active_deadline);
        read(*job, "ttl_after_finished", spec.job.ttl_after_finished);
        read(*job, "keep_failed", spec.job.keep_failed);
    }
}

}  // namespace flow::store
