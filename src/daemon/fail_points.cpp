#include "daemon/fail_points.hpp"

#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

#include <unistd.h>

namespace flow::daemon {

#ifdef FLOW_FAIL_POINTS

void visit_fail_point(std::string_view point) {
    static const std::string wanted = [] {
        const char* text = std::getenv("FLOW_KILL_AT");
        return std::string{text == nullptr ? "" : text};
    }();
    static std::mutex mutex;        // the store's writer visits from its own thread
    static std::map<std::string, long, std::less<>> visits;
    if (wanted.empty()) {
        return;
    }
    const std::lock_guard lock{mutex};
    const long count = ++visits[std::string{point}];
    if (wanted == std::string{point} + ":" + std::to_string(count)) {
        kill(getpid(), SIGKILL);
    }
}

#else

void visit_fail_point(std::string_view) {}

#endif

namespace {

using reconciler::Awaitable;

/// Hands every call on; those that change something pass two fail points.
class FailingEngine : public reconciler::Engine {
public:
    explicit FailingEngine(Engine& engine) : engine_(engine) {}

    Awaitable<reconciler::EngineInfo> connect() override { return engine_.connect(); }
    Awaitable<void> ping() override { return engine_.ping(); }
    Awaitable<std::vector<domain::Observed>> list() override { return engine_.list(); }
    Awaitable<domain::Observed> inspect(std::string id) override { return engine_.inspect(id); }
    Awaitable<std::vector<std::string>> logs(reconciler::LogsCall call) override {
        return engine_.logs(std::move(call));
    }
    Awaitable<std::unique_ptr<reconciler::EventStream>> subscribe(
        reconciler::EventSink sink) override {
        return engine_.subscribe(std::move(sink));
    }
    Awaitable<std::vector<domain::EngineEvent>> ring() override { return engine_.ring(); }
    Awaitable<domain::ResourceUsage> stats(std::string id) override { return engine_.stats(id); }
    Awaitable<std::string> pull(reconciler::PullCall call,
                                std::function<void(const domain::PullProgress&)> progress) override {
        return engine_.pull(std::move(call), std::move(progress));
    }
    void cancel_pull(const std::string& image) override { engine_.cancel_pull(image); }
    Awaitable<bool> ensure_network(std::string name) override {
        return around(engine_.ensure_network(std::move(name)));
    }
    Awaitable<std::vector<std::string>> own_networks() override { return engine_.own_networks(); }
    Awaitable<bool> remove_network(std::string name) override {
        return around(engine_.remove_network(std::move(name)));
    }
    Awaitable<bool> remove_volume(std::string name, bool anonymous) override {
        return around(engine_.remove_volume(std::move(name), anonymous));
    }
    Awaitable<std::string> create(reconciler::CreateCall call) override {
        return around(engine_.create(std::move(call)));
    }
    Awaitable<reconciler::StartAnswer> start(std::string id) override {
        return around(engine_.start(std::move(id)));
    }
    Awaitable<reconciler::StopAnswer> stop(reconciler::StopCall call) override {
        return around(engine_.stop(std::move(call)));
    }
    Awaitable<void> kill(std::string id, std::string signal) override {
        return around(engine_.kill(std::move(id), std::move(signal)));
    }
    Awaitable<void> remove(std::string id) override { return around(engine_.remove(std::move(id))); }
    Awaitable<void> remove_keeping_volumes(std::string id) override {
        return around(engine_.remove_keeping_volumes(std::move(id)));
    }
    Awaitable<void> connect_network(std::string id, std::string network,
                                    std::string alias) override {
        return around(engine_.connect_network(std::move(id), std::move(network), std::move(alias)));
    }
    Awaitable<void> disconnect_network(std::string id, std::string network) override {
        return around(engine_.disconnect_network(std::move(id), std::move(network)));
    }
    Awaitable<void> rename(std::string id, std::string name) override {
        return around(engine_.rename(std::move(id), std::move(name)));
    }
    Awaitable<void> update(std::string id, domain::Resources resources) override {
        return around(engine_.update(std::move(id), std::move(resources)));
    }
    Awaitable<void> unpause(std::string id) override {
        return around(engine_.unpause(std::move(id)));
    }

private:
    template <class T>
    Awaitable<T> around(Awaitable<T> call) {
        visit_fail_point("before_call");
        auto answer = co_await std::move(call);
        visit_fail_point("after_call");
        co_return answer;
    }

    Engine& engine_;
};

}  // namespace

std::unique_ptr<reconciler::Engine> with_fail_points(reconciler::Engine& engine) {
    return std::make_unique<FailingEngine>(engine);
}

}  // namespace flow::daemon
