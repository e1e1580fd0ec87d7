// The loop's port to the engine, on the fake engine: one for each life of the daemon. Around each call lie the points
// where the daemon may be killed: before it, after it was sent, at its answer. A killed daemon hears of nothing more.
// Owned by the daemon through a shared_ptr; the fake engine holds it weakly.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "reconciler/engine.hpp"
#include "sim/fake_engine.hpp"

namespace flow::sim {

class EnginePort final : public reconciler::Engine, public std::enable_shared_from_this<EnginePort> {
public:
    /// `point` answers true when the daemon is dead (from now on).
    using Point = std::function<bool(const std::string& what)>;
    EnginePort(FakeEngine& engine, World& world, std::string instance_id, Point point)
        : engine_(engine), world_(world), instance_id_(std::move(instance_id)), point_(std::move(point)) {}

    /// The daemon is dead: drops every call in hand.
    void clear();

    reconciler::Awaitable<reconciler::EngineInfo> connect() override;
    reconciler::Awaitable<void> ping() override;
    reconciler::Awaitable<std::vector<domain::Observed>> list() override;
    reconciler::Awaitable<domain::Observed> inspect(std::string docker_id) override;
    reconciler::Awaitable<std::string> create(reconciler::CreateCall call) override;
    reconciler::Awaitable<reconciler::StartAnswer> start(std::string docker_id) override;
    reconciler::Awaitable<reconciler::StopAnswer> stop(reconciler::StopCall call) override;
    reconciler::Awaitable<void> kill(std::string docker_id, std::string signal) override;
    reconciler::Awaitable<void> remove(std::string docker_id) override;
    reconciler::Awaitable<void> remove_keeping_volumes(std::string docker_id) override;
    reconciler::Awaitable<void> connect_network(std::string docker_id, std::string network,
                                                std::string alias) override;
    reconciler::Awaitable<void> disconnect_network(std::string docker_id,
                                                   std::string network) override;
    reconciler::Awaitable<void> rename(std::string docker_id, std::string engine_name) override;
    reconciler::Awaitable<void> update(std::string docker_id, domain::Resources resources) override;
    reconciler::Awaitable<void> unpause(std::string docker_id) override;
    reconciler::Awaitable<std::string> pull(
        reconciler::PullCall call, std::function<void(const domain::PullProgress&)> progress) override;
    void cancel_pull(const std::string& image) override;
    reconciler::Awaitable<bool> ensure_network(std::string name) override;
    reconciler::Awaitable<std::vector<std::string>> own_networks() override;
    reconciler::Awaitable<bool> remove_network(std::string name) override;
    reconciler::Awaitable<bool> remove_volume(std::string name, bool anonymous) override;
    reconciler::Awaitable<std::vector<std::string>> logs(reconciler::LogsCall of) override;
    reconciler::Awaitable<std::unique_ptr<reconciler::EventStream>> subscribe(
        reconciler::EventSink sink) override;
    reconciler::Awaitable<std::vector<EngineEvent>> ring() override;
    reconciler::Awaitable<domain::ResourceUsage> stats(std::string docker_id) override;

private:
    struct Waiting {
        Op op = Op::ping;
        std::string image;
        std::function<void(Reply)> resume;
    };
    boost::asio::awaitable<Reply> ask(Call call);
    reconciler::Awaitable<void> ask_void(Call call);
    void send(Call call, std::function<void(Reply)> resume);
    void answered(std::uint64_t id, Reply reply);
    Call about(Op op, std::string docker_id) const;
    domain::Observed observed(const Container& container, bool whole) const;
    static std::string settings(const Container& container);
    static domain::Error error_of(const Reply& reply);

    FakeEngine& engine_;
    World& world_;
    std::string instance_id_;
    Point point_;
    bool closed_ = false;
    std::uint64_t ids_ = 0;
    std::map<std::uint64_t, Waiting> waiting_;
};

}  // namespace flow::sim
