// The real Docker Engine behind the loop's port: each method is one request (connect and create: a
// few) over HTTP. Duty: paths, queries, deadlines and parsing; every failure becomes an Error by
// the table in error_table.cpp. Threading: the io_context's thread; one small thread of its own
// parses long lists. Ownership: owns its connections. It must outlive every call in flight and die
// before the io_context.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include "docker/engine_config.hpp"
#include "docker/error_table.hpp"
#include "docker/http_client.hpp"
#include "docker/stats_parse.hpp"
#include "docker/usage_reader.hpp"
#include "reconciler/engine.hpp"

namespace flow::docker {

class PullInHand;

/// A parsed answer. A struct, because a bare JSON value converts from an Error too.
struct JsonBody {
    EngineJson json;
};

class EngineClient : public reconciler::Engine {
public:
    template <class T>
    using Awaitable = reconciler::Awaitable<T>;

    EngineClient(boost::asio::any_io_executor executor, EngineConfig config);
    ~EngineClient() override;

    /// Ends all calls and streams in flight with an error, and refuses new ones; the engine goes on
    /// with what it has begun. For an ordered stop, before the callers are destroyed.
    void hang_up() { http_.hang_up(); }

    Awaitable<reconciler::EngineInfo> connect() override;
    Awaitable<void> ping() override;

    Awaitable<std::vector<domain::Observed>> list() override;
    Awaitable<domain::Observed> inspect(std::string docker_id) override;

    /// With a failed /networks/{id}/connect behind it the new container is removed again and the
    /// failure reported.
    Awaitable<std::string> create(reconciler::CreateCall call) override;
    Awaitable<reconciler::StartAnswer> start(std::string docker_id) override;
    /// Engines before API 1.42 take no signal with a stop: there the container's own is used.
    Awaitable<reconciler::StopAnswer> stop(reconciler::StopCall call) override;
    Awaitable<void> kill(std::string docker_id, std::string signal) override;
    Awaitable<void> remove(std::string docker_id) override;
    Awaitable<void> remove_keeping_volumes(std::string docker_id) override;
    /// To the name it has already: no error.
    Awaitable<void> rename(std::string docker_id, std::string engine_name) override;
    Awaitable<void> update(std::string docker_id, domain::Resources resources) override;
    /// Of one that is not paused: no error.
    Awaitable<void> unpause(std::string docker_id) override;
    /// One that is in the network already, or not in it: no error.
    Awaitable<void> connect_network(std::string docker_id, std::string network, std::string alias) override;
    Awaitable<void> disconnect_network(std::string docker_id, std::string network) override;

    /// A cancelled one ends with details.cause `cancelled`.
    Awaitable<std::string> pull(reconciler::PullCall call,
                                std::function<void(const domain::PullProgress&)> progress) override;
    void cancel_pull(const std::string& image) override;

    Awaitable<bool> ensure_network(std::string name) override;
    Awaitable<bool> remove_network(std::string name) override;
    Awaitable<std::vector<std::string>> own_networks() override;
    /// In use: an error with details.cause `in_use`.
    Awaitable<bool> remove_volume(std::string name, bool anonymous) override;
    Awaitable<std::vector<std::string>> logs(reconciler::LogsCall call) override;

    /// No event after the call is missed: the engine sends its headers before it listens, so it is
    /// asked for what has happened since the moment of the call. The sink is called only after the
    /// awaiting side has its answer.
    Awaitable<std::unique_ptr<reconciler::EventStream>> subscribe(
        reconciler::EventSink sink) override;
    Awaitable<std::vector<domain::EngineEvent>> ring() override;

    /// From the cgroup files (25 to 75 us) where they can be read, else by a one-shot call.
    Awaitable<domain::ResourceUsage> stats(std::string docker_id) override;

private:
    Awaitable<HttpResponse> call(EngineCall what, HttpRequest request);
    Awaitable<void> call_for_nothing(EngineCall what, HttpRequest request);
    HttpRequest make_request(const char* method, const std::string& path,
                             std::chrono::milliseconds deadline) const;
    Awaitable<void> remove_with(std::string docker_id, std::string query);
    Awaitable<void> connect_networks(std::string docker_id, std::vector<std::string> networks,
                                     std::string alias);
    Awaitable<JsonBody> read_json(EngineCall what, std::string path,
                                    std::chrono::milliseconds deadline);
    /// The network of exactly this name, or null.
    Awaitable<JsonBody> find_network(std::string name);
    Awaitable<std::int64_t> pid_of(std::string docker_id);
    void forget(const std::string& docker_id);
    std::string event_query() const;

    boost::asio::any_io_executor executor_;
    EngineConfig config_;
    int api_minor_;
    std::string version_;           ///< of the engine that was connected to last
    HttpClient http_;
    boost::asio::thread_pool parser_{1};
    std::multimap<std::string, std::weak_ptr<PullInHand>> pulls_;
    UsageReader usage_;
    StatsSamples samples_;
    std::map<std::string, std::int64_t> pids_;   ///< docker id to pid, checked at each use
};

}  // namespace flow::docker
