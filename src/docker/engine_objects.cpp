// EngineClient: networks, volumes, logs and usage.
#include <algorithm>
#include <cctype>
#include <utility>

#include "docker/engine_client.hpp"
#include "docker/log_frames.hpp"
#include "docker/url_text.hpp"

namespace flow::docker {

using domain::EngineFailure;
using domain::Error;
using domain::Result;

namespace {

constexpr int kMaxTail = 10000;

/// The engine names an anonymous volume with 64 hex characters.
bool is_anonymous_name(const std::string& name) {
    return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool has_cause(const Error& error, const char* cause) {
    const auto found = error.details.find("cause");
    return found != error.details.end() && *found == cause;
}

int status_of(const Error& error) {
    const auto found = error.details.find("status");
    return found != error.details.end() && found->is_number_integer() ? found->get<int>() : 0;
}

}  // namespace

reconciler::Awaitable<JsonBody> EngineClient::find_network(std::string name) {
    EngineJson filters;
    filters["name"].push_back(name);   // matches parts of names too
    EngineCall what{"look up", "network " + name, ""};
    auto asked = read_json(std::move(what), "/networks?" + filters_query(filters),
                           config_.deadlines.other);
    Result<JsonBody> networks = co_await std::move(asked);
    if (networks.has_error()) {
        co_return std::move(networks.error());
    }
    JsonBody found;
    for (const EngineJson& network : networks->json) {
        if (text_of(network, "Name") == name) {
            found.json = network;
        }
    }
    co_return std::move(found);
}

reconciler::Awaitable<bool> EngineClient::ensure_network(std::string name) {
    auto looked = find_network(name);
    Result<JsonBody> found = co_await std::move(looked);
    if (found.has_error()) {
        co_return std::move(found.error());
    }
    if (!found->json.is_null()) {
        co_return false;
    }
    EngineJson body;
    body["Name"] = name;
    body["Driver"] = "bridge";
    body["CheckDuplicate"] = true;   // else the engine makes two of one name (before API 1.44)
    body["Labels"][domain::kLabelManager] = config_.manager;
    HttpRequest request = make_request("POST", "/networks/create", config_.deadlines.other);
    request.body = body.dump();
    EngineCall what{"create", "network " + name, ""};
    auto asked = call_for_nothing(std::move(what), std::move(request));
    Result<void> made = co_await std::move(asked);
    if (made.has_error()) {
        if (status_of(made.error()) == 409) {   // someone was faster
            co_return false;
        }
        co_return std::move(made.error());
    }
    co_return true;
}

reconciler::Awaitable<std::vector<std::string>> EngineClient::own_networks() {
    EngineJson filters;
    filters["label"].push_back(std::string{domain::kLabelManager} + "=" + config_.manager);
    EngineCall what{"list", "our networks", ""};
    auto asked = read_json(std::move(what), "/networks?" + filters_query(filters),
                           config_.deadlines.other);
    const Result<JsonBody> networks = co_await std::move(asked);
    if (networks.has_error()) {
        co_return networks.error();
    }
    std::vector<std::string> names;
    for (const EngineJson& network : networks->json) {
        names.push_back(text_of(network, "Name"));
    }
    co_return std::move(names);
}

reconciler::Awaitable<bool> EngineClient::remove_network(std::string name) {
    auto looked = find_network(name);
    Result<JsonBody> found = co_await std::move(looked);
    if (found.has_error()) {
        co_return std::move(found.error());
    }
    if (text_of(member(found->json, "Labels"), domain::kLabelManager) != config_.manager) {
        co_return false;
    }
    // The engine lets a network of stopped containers go, and they could never start again: look
    // for members first.
    const std::string id = text_of(found->json, "Id");
    EngineJson filters;
    filters["network"].push_back(id);
    filters["network"].push_back(name);   // one that never started knows the name only
    EngineCall what{"remove", "network " + name, ""};
    auto listed = read_json(what, "/containers/json?all=1&" + filters_query(filters),
                            config_.deadlines.list);
    Result<JsonBody> members = co_await std::move(listed);
    if (members.has_error()) {
        co_return std::move(members.error());
    }
    if (!members->json.empty()) {
        co_return false;
    }
    auto asked = call_for_nothing(what, make_request("DELETE", "/networks/" + percent_encoded(id),
                                                     config_.deadlines.other));
    Result<void> answer = co_await std::move(asked);
    const bool gone_or_used = answer.has_error() && (status_of(answer.error()) == 404 ||
                                                     has_cause(answer.error(), "in_use"));
    if (gone_or_used) {
        co_return false;
    }
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    co_return true;
}

reconciler::Awaitable<bool> EngineClient::remove_volume(std::string name, bool anonymous) {
    const std::string path = "/volumes/" + percent_encoded(name);
    EngineCall what{"remove", "volume " + name, ""};
    auto looked = read_json(what, path, config_.deadlines.other);
    Result<JsonBody> volume = co_await std::move(looked);
    if (volume.has_error()) {
        if (status_of(volume.error()) == 404) {
            co_return false;
        }
        co_return std::move(volume.error());
    }
    const bool ours =
        text_of(member(volume->json, "Labels"), domain::kLabelManager) == config_.manager;
    if (!ours && !(anonymous && is_anonymous_name(name))) {
        co_return false;
    }
    auto asked = call_for_nothing(what, make_request("DELETE", path, config_.deadlines.other));
    Result<void> answer = co_await std::move(asked);
    if (answer.has_value()) {
        co_return true;
    }
    if (status_of(answer.error()) == 404) {
        co_return false;
    }
    co_return std::move(answer.error());
}

reconciler::Awaitable<std::vector<std::string>> EngineClient::logs(
    reconciler::LogsCall of) {
    const std::string docker_id = of.docker_id;
    const int tail = of.tail;
    EngineCall what{"read the logs of", "container " + docker_id.substr(0, 12), docker_id};
    std::string query = "/logs?stdout=1&stderr=1&tail=" +
                        std::to_string(std::clamp(tail, 0, kMaxTail));
    if (of.since != domain::Time{}) {
        query += "&since=" + domain::to_engine_time(of.since);
    }
    if (of.until != domain::Time{}) {
        query += "&until=" + domain::to_engine_time(of.until);
    }
    auto asked = call(std::move(what),
                      make_request("GET", "/containers/" + percent_encoded(docker_id) + query,
                                   config_.deadlines.other));
    Result<HttpResponse> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    LogFrames frames{config_.max_log_line};
    frames.feed(answer->body);
    std::vector<std::string> lines = frames.finish();
    const auto wanted = static_cast<std::size_t>(std::max(tail, 0));
    if (lines.size() > wanted) {
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(wanted));
    }
    co_return std::move(lines);
}

reconciler::Awaitable<std::int64_t> EngineClient::pid_of(std::string docker_id) {
    const auto known = pids_.find(docker_id);
    if (known != pids_.end() && usage_.belongs_to(docker_id, known->second)) {
        co_return known->second;
    }
    auto asked = inspect(docker_id);
    Result<domain::Observed> observed = co_await std::move(asked);
    if (observed.has_error()) {
        forget(docker_id);
        co_return std::move(observed.error());
    }
    if (observed->pid == 0) {
        forget(docker_id);
    } else {
        pids_[docker_id] = observed->pid;
    }
    co_return observed->pid;
}

void EngineClient::forget(const std::string& docker_id) {
    usage_.forget(docker_id);
    samples_.forget(docker_id);
    pids_.erase(docker_id);
}

reconciler::Awaitable<domain::ResourceUsage> EngineClient::stats(std::string docker_id) {
    auto asked_pid = pid_of(docker_id);
    Result<std::int64_t> pid = co_await std::move(asked_pid);
    if (pid.has_error()) {
        co_return std::move(pid.error());
    }
    const domain::Time now = std::chrono::system_clock::now();
    if (*pid == 0) {
        domain::ResourceUsage nothing;
        nothing.timestamp = now;
        co_return std::move(nothing);
    }
    if (auto usage = usage_.read(docker_id, *pid, now)) {
        co_return std::move(*usage);
    }
    EngineCall what{"read the usage of", "container " + docker_id.substr(0, 12), docker_id};
    auto asked = read_json(std::move(what),
                           "/containers/" + percent_encoded(docker_id) +
                               "/stats?stream=false&one-shot=1",
                           config_.deadlines.inspect);
    Result<JsonBody> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    co_return parse_stats(answer->json, docker_id, samples_);
}

}  // namespace flow::docker
