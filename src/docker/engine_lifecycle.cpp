// EngineClient: the calls that change one container.
#include <algorithm>
#include <utility>

#include "docker/engine_client.hpp"
#include "docker/json_read.hpp"
#include "docker/spec_to_create.hpp"
#include "docker/url_text.hpp"

namespace flow::docker {

using domain::EngineFailure;
using domain::Error;
using domain::Result;
using reconciler::StartAnswer;
using reconciler::StopAnswer;

namespace {

constexpr int kStopSignalMinor = 42;   // from API 1.42 on a stop takes a signal

EngineCall on_container(const char* verb, const std::string& docker_id) {
    return EngineCall{verb, "container " + docker_id.substr(0, 12), docker_id};
}

std::string container_path(const std::string& docker_id, const std::string& rest) {
    return "/containers/" + percent_encoded(docker_id) + rest;
}

bool says(const Error& error, const std::string& words) {
    const auto said = error.details.find("engine_message");
    return said != error.details.end() && said->is_string() &&
           said->get_ref<const std::string&>().find(words) != std::string::npos;
}

}  // namespace

reconciler::Awaitable<std::string> EngineClient::create(reconciler::CreateCall call_in) {
    const EngineCall what{"create", "container " + call_in.engine_name, ""};
    if (call_in.spec.image.empty()) {   // the engine would take it and make a container of nothing
        co_return engine_error(what, 400, "invalid reference format: no image is named");
    }
    if (call_in.spec.messaging.inject) {
        Result<void> runtime = check_runtime(config_);
        if (runtime.has_error()) {
            co_return with_call(what, std::move(runtime.error()));
        }
    }
    CreateRequest wanted = spec_to_create(call_in, config_, api_minor_);
    HttpRequest request =
        make_request("POST", "/containers/create?name=" + percent_encoded(call_in.engine_name),
                     config_.deadlines.create);
    request.body = wanted.body.dump(-1, ' ', false, domain::Json::error_handler_t::replace);
    auto asked = call(what, std::move(request));
    Result<HttpResponse> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    std::string docker_id = text_of(parse_engine_json(answer->body), "Id");
    if (docker_id.empty()) {
        co_return engine_error(what, 500, "the answer has no id: " + answer->body.substr(0, 200));
    }
    if (wanted.connect_later.empty()) {
        co_return std::move(docker_id);
    }
    auto joined = connect_networks(docker_id, std::move(wanted.connect_later), call_in.spec.name);
    Result<void> connected = co_await std::move(joined);
    if (connected.has_value()) {
        co_return std::move(docker_id);
    }
    auto undo = remove(docker_id);
    Result<void> undone = co_await std::move(undo);
    Error error = std::move(connected.error());
    if (undone.has_error()) {   // the caller finds it by its labels
        error.details["left_behind"] = docker_id;
    }
    co_return std::move(error);
}

reconciler::Awaitable<void> EngineClient::connect_networks(std::string docker_id,
                                                           std::vector<std::string> networks,
                                                           std::string alias) {
    for (const std::string& network : networks) {
        auto asked = connect_network(docker_id, network, alias);
        Result<void> answer = co_await std::move(asked);
        if (answer.has_error()) {
            co_return std::move(answer.error());
        }
    }
    co_return Result<void>{};
}

reconciler::Awaitable<void> EngineClient::connect_network(std::string docker_id,
                                                          std::string network, std::string alias) {
    HttpRequest request = make_request(
        "POST", "/networks/" + percent_encoded(network) + "/connect", config_.deadlines.other);
    request.body = connect_body(docker_id, network, alias).dump();
    EngineCall what = on_container("connect", docker_id);
    what.subject += " to network " + network;
    auto asked = call_for_nothing(std::move(what), std::move(request));
    Result<void> answer = co_await std::move(asked);
    if (answer.has_error() && says(answer.error(), "already exists in network")) {
        co_return Result<void>{};
    }
    co_return std::move(answer);
}

reconciler::Awaitable<void> EngineClient::disconnect_network(std::string docker_id,
                                                             std::string network) {
    HttpRequest request = make_request(
        "POST", "/networks/" + percent_encoded(network) + "/disconnect", config_.deadlines.other);
    domain::Json body;
    body["Container"] = docker_id;
    request.body = body.dump();
    EngineCall what = on_container("disconnect", docker_id);
    what.subject += " from network " + network;
    auto asked = call_for_nothing(std::move(what), std::move(request));
    Result<void> answer = co_await std::move(asked);
    if (answer.has_error() && says(answer.error(), "is not connected to")) {
        co_return Result<void>{};
    }
    co_return std::move(answer);
}

reconciler::Awaitable<StartAnswer> EngineClient::start(std::string docker_id) {
    auto asked = call(on_container("start", docker_id),
                      make_request("POST", container_path(docker_id, "/start"),
                                   config_.deadlines.start));
    Result<HttpResponse> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    co_return answer->status == 304 ? StartAnswer::already_running : StartAnswer::started;
}

reconciler::Awaitable<StopAnswer> EngineClient::stop(reconciler::StopCall call_in) {
    const std::int64_t seconds = std::max<std::int64_t>(0, whole_seconds(call_in.grace));
    std::string path = container_path(call_in.docker_id, "/stop?t=" + std::to_string(seconds));
    if (!call_in.signal.empty() && api_minor_ >= kStopSignalMinor) {
        path += "&signal=" + percent_encoded(call_in.signal);
    }
    const auto deadline =
        std::chrono::milliseconds{seconds * 1000} + config_.deadlines.stop_beyond_grace;
    auto asked =
        call(on_container("stop", call_in.docker_id), make_request("POST", path, deadline));
    Result<HttpResponse> answer = co_await std::move(asked);
    if (answer.has_error()) {
        if (answer.error().engine == EngineFailure::not_running) {
            co_return StopAnswer::not_running;
        }
        co_return std::move(answer.error());
    }
    co_return answer->status == 304 ? StopAnswer::not_running : StopAnswer::stopped;
}

reconciler::Awaitable<void> EngineClient::kill(std::string docker_id, std::string signal) {
    const std::string query = signal.empty() ? "" : "?signal=" + percent_encoded(signal);
    auto asked = call_for_nothing(on_container("kill", docker_id),
                                  make_request("POST", container_path(docker_id, "/kill" + query),
                                               config_.deadlines.other));
    co_return co_await std::move(asked);
}

reconciler::Awaitable<void> EngineClient::remove(std::string docker_id) {
    return remove_with(std::move(docker_id), "?force=1&v=1");
}

reconciler::Awaitable<void> EngineClient::remove_keeping_volumes(std::string docker_id) {
    return remove_with(std::move(docker_id), "?force=1");
}

reconciler::Awaitable<void> EngineClient::remove_with(std::string docker_id, std::string query) {
    auto asked = call_for_nothing(on_container("remove", docker_id),
                                  make_request("DELETE", container_path(docker_id, query),
                                               config_.deadlines.remove));
    Result<void> answer = co_await std::move(asked);
    if (answer.has_value() || answer.error().engine == EngineFailure::no_such_container) {
        forget(docker_id);
    }
    co_return std::move(answer);
}

reconciler::Awaitable<void> EngineClient::rename(std::string docker_id, std::string engine_name) {
    auto asked = call_for_nothing(
        on_container("rename", docker_id),
        make_request("POST",
                     container_path(docker_id, "/rename?name=" + percent_encoded(engine_name)),
                     config_.deadlines.other));
    Result<void> answer = co_await std::move(asked);
    if (answer.has_error() && says(answer.error(), "same name as its current name")) {
        co_return Result<void>{};
    }
    co_return std::move(answer);
}

reconciler::Awaitable<void> EngineClient::update(std::string docker_id,
                                                 domain::Resources resources) {
    HttpRequest request = make_request("POST", container_path(docker_id, "/update"),
                                       config_.deadlines.other);
    request.body = update_body(resources).dump();
    auto asked = call_for_nothing(on_container("update", docker_id), std::move(request));
    co_return co_await std::move(asked);
}

reconciler::Awaitable<void> EngineClient::unpause(std::string docker_id) {
    auto asked = call_for_nothing(on_container("unpause", docker_id),
                                  make_request("POST", container_path(docker_id, "/unpause"),
                                               config_.deadlines.other));
    Result<void> answer = co_await std::move(asked);
    if (answer.has_error() && says(answer.error(), "is not paused")) {
        co_return Result<void>{};
    }
    co_return std::move(answer);
}

}  // namespace flow::docker
