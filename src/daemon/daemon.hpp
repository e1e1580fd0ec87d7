// The daemon: builds everything, wires it, runs, stops in order (design 5). The only place besides main.cpp that knows
// all rooms. One io_context thread; the store has a writer thread of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "api/api.hpp"
#include "code/shelf.hpp"
#include "daemon/folder_watch.hpp"
#include "daemon/manifest_folder.hpp"
#include "daemon/options.hpp"
#include "daemon/real_clock.hpp"
#include "daemon/usage_sampler.hpp"
#include "docker/engine_client.hpp"
#include "messaging/courier.hpp"
#include "reconciler/reconciler.hpp"
#include "store/store.hpp"

namespace flow::daemon {

class Daemon {
public:
    /// What can be said of the options without opening anything: the engine's address and where to listen.
    static domain::Result<void> check(const Options& options);
    /// Opens the store and builds the parts; listens nowhere yet. An error is for the person at the terminal.
    static domain::Result<std::unique_ptr<Daemon>> make(Options options);

    /// Applies manifests, listens, prints the ready line, and runs until SIGTERM or SIGINT. The exit code.
    int run();

private:
    Daemon(Options options, std::unique_ptr<boost::asio::io_context> io,
           std::unique_ptr<store::Store> store, std::string engine_socket);

    reconciler::Services loop_services();
    reconciler::Config loop_config() const;
    messaging::CourierServices courier_services();
    api::Services api_services();
    api::Config api_config() const;
    socketio::Config socket_config() const;
    docker::EngineConfig engine_config(const std::string& socket) const;
    domain::Policy effective_policy() const;
    domain::Result<void> check_policy(domain::Spec& spec, bool dry_run);
    api::Readiness readiness() const;
    domain::Moment moment() const;

    bool open();
    void begin();
    void begin_with_manifests();
    void observe_store();
    void sample_first(const std::string& container_id);
    void wait_for_signal();
    void reload();
    void tick();
    void prune();
    void stop(int signal);
    void stop_calls(domain::Time deadline);
    void stop_server();

    Options options_;
    std::unique_ptr<boost::asio::io_context> io_;
    RealClock clock_;
    std::unique_ptr<store::Store> store_;
    docker::EngineClient engine_;
    std::unique_ptr<reconciler::Engine> fail_points_;
    UsageSampler sampler_;
    code::Shelf code_;
    messaging::Courier courier_;
    reconciler::Reconciler loop_;
    socketio::Server server_;
    std::optional<api::Api> api_;
    std::optional<Manifests> manifests_;
    std::optional<FolderWatch> watch_;
    boost::asio::signal_set signals_;
    bool stopping_ = false;
    int exit_code_ = 0;
};

}  // namespace flow::daemon
