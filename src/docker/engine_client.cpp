// Connection, list and inspect, and what all calls share. The others: engine_lifecycle.cpp,
// engine_objects.cpp, engine_streams.cpp, engine_pull.cpp.
#include "docker/engine_client.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "docker/inspect_parse.hpp"
#include "docker/url_text.hpp"

namespace flow::docker {

namespace asio = boost::asio;

using domain::EngineFailure;
using domain::Error;
using domain::Observed;
using domain::Result;

namespace {

/// "1.41" to 41; 0 for anything else.
int minor_of(std::string_view version) {
    int minor = 0;
    if (version.starts_with("1.")) {
        std::from_chars(version.data() + 2, version.data() + version.size(), minor);
    }
    return minor;
}

Error bad_answer(const EngineCall& what, const std::string& why) {
    Error error;
    error.type = domain::ErrorType::docker_api_error;
    error.engine = EngineFailure::retryable;
    error.message = "the Docker Engine's answer " + why;
    return with_call(what, std::move(error));
}

asio::awaitable<Result<std::vector<Observed>>> parse_list_aside(std::string body) {
    co_return parse_list(body);
}

}  // namespace

EngineClient::EngineClient(asio::any_io_executor executor, EngineConfig config)
    : executor_(executor),
      config_(std::move(config)),
      api_minor_(config_.api_minor_min),
      http_(executor, config_.socket_path),
      usage_(config_.system_root) {}

EngineClient::~EngineClient() { parser_.join(); }

HttpRequest EngineClient::make_request(const char* method, const std::string& path,
                                       std::chrono::milliseconds deadline) const {
    HttpRequest request;
    request.method = method;
    request.target = "/v1." + std::to_string(api_minor_) + path;
    request.deadline = deadline;
    request.max_body = config_.max_body;
    return request;
}

reconciler::Awaitable<HttpResponse> EngineClient::call(EngineCall what, HttpRequest request) {
    auto asked = http_.request(std::move(request));
    Result<HttpResponse> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return with_call(what, std::move(answer.error()));
    }
    if (answer->status >= 400 || answer->status < 200) {
        co_return engine_error(what, answer->status, answer->body);
    }
    co_return std::move(*answer);
}

reconciler::Awaitable<void> EngineClient::call_for_nothing(EngineCall what, HttpRequest request) {
    auto asked = call(std::move(what), std::move(request));
    Result<HttpResponse> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    co_return Result<void>{};
}

reconciler::Awaitable<JsonBody> EngineClient::read_json(EngineCall what, std::string path,
                                                        std::chrono::milliseconds deadline) {
    auto asked = call(what, make_request("GET", path, deadline));
    Result<HttpResponse> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    JsonBody body;
    body.json = parse_engine_json(answer->body);
    if (body.json.is_discarded()) {
        co_return bad_answer(what, "is not JSON");
    }
    co_return std::move(body);
}

reconciler::Awaitable<reconciler::EngineInfo> EngineClient::connect() {
    using std::chrono::steady_clock;
    const auto until = steady_clock::now() + config_.deadlines.connect;
    const auto left = [until] {
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
        return std::max(rest, std::chrono::milliseconds{1});
    };
    const EngineCall what{"connect to", "the engine", ""};
    HttpRequest ask = make_request("GET", "", left());
    ask.target = "/version";
    ask.fresh = true;       // as for a ping: what is going down is not found again on an old connection
    auto asked_version = call(what, std::move(ask));
    Result<HttpResponse> version = co_await std::move(asked_version);
    if (version.has_error()) {
        co_return std::move(version.error());
    }
    const EngineJson json = parse_engine_json(version->body);
    const int newest = minor_of(text_of(json, "ApiVersion"));
    const int oldest = minor_of(text_of(json, "MinAPIVersion"));
    if (newest < config_.api_minor_min || oldest > config_.api_minor_max) {
        co_return bad_answer(what, "offers API 1." + std::to_string(oldest) + " to 1." +
                                       std::to_string(newest) + ", but 1." +
                                       std::to_string(config_.api_minor_min) + " to 1." +
                                       std::to_string(config_.api_minor_max) + " is needed");
    }
    api_minor_ = std::min(newest, config_.api_minor_max);
    auto asked_info = read_json(what, "/info", left());
    Result<JsonBody> info = co_await std::move(asked_info);
    if (info.has_error()) {
        co_return std::move(info.error());
    }
    reconciler::EngineInfo out;
    out.version = version_ = text_of(json, "Version");
    out.api_version = "1." + std::to_string(api_minor_);
    out.root_dir = text_of(info->json, "DockerRootDir");
    out.cgroup_version = text_of(info->json, "CgroupVersion") == "2" ? 2 : 1;
    out.cgroup_driver = text_of(info->json, "CgroupDriver");
    co_return std::move(out);
}

reconciler::Awaitable<void> EngineClient::ping() {
    HttpRequest request = make_request("GET", "", config_.deadlines.ping);
    request.target = "/_ping";
    // An engine on its way down takes no new connection, but still answers on those it has (model 3).
    request.fresh = true;
    EngineCall what{"ping", "the engine", ""};
    auto asked = call_for_nothing(std::move(what), std::move(request));
    co_return co_await std::move(asked);
}

reconciler::Awaitable<std::vector<Observed>> EngineClient::list() {
    EngineJson filters;
    filters["label"].push_back(std::string{domain::kLabelManager} + "=" + config_.manager);
    EngineCall what{"list", "the containers", ""};
    auto asked = call(what, make_request("GET", "/containers/json?all=1&" + filters_query(filters),
                                         config_.deadlines.list));
    Result<HttpResponse> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    if (answer->body.size() <= config_.parse_aside) {
        co_return parse_list(answer->body);
    }
    auto parsed = asio::co_spawn(parser_, parse_list_aside(std::move(answer->body)),
                                 asio::use_awaitable);
    co_return co_await std::move(parsed);
}

reconciler::Awaitable<Observed> EngineClient::inspect(std::string docker_id) {
    EngineCall what{"inspect", "container " + docker_id.substr(0, 12), docker_id};
    auto asked = read_json(what, "/containers/" + percent_encoded(docker_id) + "/json",
                           config_.deadlines.inspect);
    Result<JsonBody> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    Observed observed = parse_inspect(answer->json);
    if (observed.docker_id.empty()) {
        co_return bad_answer(what, "has no id");
    }
    observed.engine = version_;
    if (observed.pid != 0) {
        pids_[observed.docker_id] = observed.pid;       // its usage needs no inspect of its own
    }
    co_return std::move(observed);
}

}  // namespace flow::docker
