#include "daemon/daemon.hpp"

#include <malloc.h>

#include <cstdio>
#include <iostream>

#include <spdlog/spdlog.h>

#include "api/errors.hpp"
#include "api/socketio/json_text.hpp"
#include "daemon/fail_points.hpp"
#include "daemon/host_folders.hpp"
#include "daemon/listeners.hpp"
#include "daemon/logging.hpp"
#include "domain/host_paths.hpp"
#include "domain/model/rules.hpp"

namespace flow::daemon {
namespace {

constexpr auto kCallPatience = std::chrono::seconds{5};     ///< for engine calls in flight at the stop
constexpr auto kPruneEvery = std::chrono::minutes{5};
constexpr std::size_t kMessageDepth = 64;                   ///< of the JSON that a container sends

}  // namespace

domain::Result<void> Daemon::check(const Options& options) {
    if (const auto socket = docker::parse_docker_host(options.docker_host); !socket) {
        return socket.error();
    }
    if (const auto plan = plan_listen(options); !plan) {
        return plan.error();
    }
    return {};
}

domain::Result<std::unique_ptr<Daemon>> Daemon::make(Options options) {
    const auto socket = docker::parse_docker_host(options.docker_host);
    if (!socket) {
        return socket.error();
    }
    auto io = std::make_unique<boost::asio::io_context>(1);
    store::Config config;
    config.data_dir = options.data_dir;
    config.restart.first = options.restart_backoff_first;
    config.restart.max = options.restart_backoff_max;
    config.restart.forget_after = options.restart_backoff_reset;
    config.fail_point = [](std::string_view point) {
        visit_fail_point(point);
        return false;
    };
    auto store = store::Store::open(*io, std::move(config));
    if (!store) {
        return store.error();
    }
    return std::unique_ptr<Daemon>(
        new Daemon(std::move(options), std::move(io), std::move(*store), *socket));
}

Daemon::Daemon(Options options, std::unique_ptr<boost::asio::io_context> io,
               std::unique_ptr<store::Store> store, std::string engine_socket)
    : options_(std::move(options)),
      io_(std::move(io)),
      clock_(*io_),
      store_(std::move(store)),
      engine_(io_->get_executor(), engine_config(engine_socket)),
      fail_points_(with_fail_points(engine_)),
      sampler_(*io_, *store_, engine_),
      code_(options_.data_dir),
      courier_(courier_services(), {}),
      loop_(loop_services(), loop_config()),
      server_(*io_, socket_config()),
      signals_(*io_, SIGTERM, SIGINT) {
    options_.policy.engine_socket = engine_socket;
    signals_.add(SIGHUP);
    observe_store();
    api_.emplace(server_, *store_, api_services(), api_config());
}

docker::EngineConfig Daemon::engine_config(const std::string& socket) const {
    docker::EngineConfig config;
    config.socket_path = socket;
    config.manager = store_->meta("instance_id");
    config.default_host_ip = options_.default_host_ip;
    config.runtime = options_.runtime;
    config.registries = options_.registries;
    return config;
}

reconciler::Config Daemon::loop_config() const {
    reconciler::Config config;
    config.instance_id = store_->meta("instance_id");
    config.name_prefix = options_.name_prefix;
    config.monitor = options_.update_monitor;
    config.resync_interval = options_.resync_interval;
    config.orphan_grace = options_.orphan_grace;
    config.cleanup_interval = options_.cleanup_interval;
    config.cleanup_dry_run = options_.cleanup_dry_run;
    config.keep_stopped = options_.keep_stopped;
    config.folder_set = options_.manifests.empty() ? "" : Manifests::set_of(options_.manifests);
    config.max_running_jobs = options_.max_running_jobs;
    return config;
}

reconciler::Services Daemon::loop_services() {
    return reconciler::Services{
        io_->get_executor(),
        *store_,
        *fail_points_,
        clock_,
        [this](const domain::Spec& spec) {
            return domain::check_host_paths_again(spec, effective_policy(),
                                                  domain::resolve_host_path);
        },
        make_socket_folder,
        remove_socket_folder,
        [this](const domain::PullProgress& progress, const std::vector<std::string>& waiting) {
            domain::Json event;
            event["image"] = progress.image;
            event["container_ids"] = waiting;
            event["percent"] = progress.bytes_total > 0
                                   ? 100.0 * static_cast<double>(progress.bytes_done) /
                                         static_cast<double>(progress.bytes_total)
                                   : 0.0;
            event["bytes_done"] = progress.bytes_done;
            event["bytes_total"] = progress.bytes_total;
            event["layers"] = progress.layers;
            event["timestamp"] = domain::to_rfc3339(system_now());
            api_->broadcast("image_pull_progress", std::move(event));
        },
        [this] {
            sampler_.sample_all();
            ::malloc_trim(0);       // a large list and its inspects leave much behind that nobody needs again
        },
        &code_};
}

socketio::Config Daemon::socket_config() const {
    socketio::Config config;
    config.max_payload = options_.max_payload;
    config.cors_origins = options_.cors_origins;
    config.refusal_body = [](unsigned status, std::string_view message) {
        const auto type = status == 403 ? domain::ErrorType::forbidden
                                        : domain::ErrorType::validation_error;
        return api::make_error(type, std::string{message}).to_json().dump() + "\n";
    };
    return config;
}

api::Services Daemon::api_services() {
    api::Services services;
    services.moment = [this] { return moment(); };
    services.usage = [this](const std::string& id) { return sampler_.usage(id); };
    services.last_observation = [this] { return loop_.observed_at(); };
    services.readiness = [this] { return readiness(); };
    services.check_policy = [this](domain::Spec& spec, bool dry_run) { return check_policy(spec, dry_run); };
    services.plan = [this](const domain::Record& row) { return loop_.dry_run(row); };
    services.messages = &courier_;
    services.call_later = [this](std::chrono::milliseconds delay, std::function<void()> work) {
        clock_.after(delay, std::move(work));
    };
    return services;
}

messaging::CourierServices Daemon::courier_services() {
    return messaging::CourierServices{
        io_->get_executor(),
        *store_,
        *store_,
        [this] { return moment(); },
        [] { return messaging::Steady{std::chrono::steady_clock::now()}; },
        [this](const std::string& actor, const std::string& request_id) {
            return store_->message_sent_as(actor, request_id);
        },
        [this](std::string event, domain::Json payload) {
            api_->broadcast(std::move(event), std::move(payload));
        },
        [](std::string_view text) { return socketio::parse_json(text, kMessageDepth); }};
}

api::Config Daemon::api_config() const {
    api::Config config;
    config.server_version = kVersion;
    config.access.own_hosts = api::machine_hosts();
    config.access.allowed_hosts = options_.allowed_hosts;
    config.access.cors_origins = options_.cors_origins;
    if (const auto plan = plan_listen(options_)) {
        config.access.listen_hosts = plan->hosts;
    }
    return config;
}

api::Readiness Daemon::readiness() const {
    api::Readiness readiness;
    if (!loop_.contact()) {
        readiness.reasons.push_back("the Docker Engine does not answer");
    }
    if (!store_->healthy()) {
        readiness.reasons.push_back("the store: " + store_->last_error());
    }
    if (store_->log_too_large()) {
        readiness.reasons.push_back("the event log is above its size limit");
    }
    readiness.ready = loop_.contact() && store_->healthy();
    return readiness;
}

domain::Moment Daemon::moment() const {
    domain::Moment moment;
    moment.now = system_now();
    moment.contact = loop_.contact();
    moment.unknown = !loop_.contact();      // answers say so at once (contract 3)
    return moment;
}

void Daemon::observe_store() {
    store_->observe([this](const domain::Commit& commit) {
        for (const std::string& id : commit.container_ids) {
            loop_.changed(id);
            courier_.look(id);
        }
        for (const std::string& id : commit.container_ids) {
            sample_first(id);
        }
    });
}

/// What has just started gets its usage figures at once, and again when there is some use of the CPU to tell: not after a
/// whole interval.
void Daemon::sample_first(const std::string& container_id) {
    if (sampler_.lacks(container_id)) {
        sampler_.sample(container_id);
        clock_.after(std::chrono::milliseconds{300},
                     [this, container_id] { sampler_.sample(container_id); });
    }
}

bool Daemon::open() {
    const auto plan = plan_listen(options_);
    if (!plan) {
        spdlog::error("cannot listen error=\"{}\"", plan.error().message);
        return false;
    }
    const auto shown = open_listeners(server_, *plan);
    if (!shown) {
        spdlog::error("cannot listen error=\"{}\"", shown.error().message);
        return false;
    }
    std::cout << "listening on " << *shown << std::endl;
    spdlog::info("ready version={} listen={} data_dir={} instance_id={} containers={}", kVersion,
                 *shown, options_.data_dir, store_->meta("instance_id"), store_->size());
    return true;
}

void Daemon::begin() {
    courier_.start();
    loop_.start();
    if (!open()) {
        exit_code_ = 1;
        stop(0);
    }
}

/// What is declared is accepted before the loop begins; what changes from here on is applied while it runs.
void Daemon::begin_with_manifests() {
    ManifestFolder folder{options_.manifests, *store_,
                          [this](domain::Spec& spec) { return check_policy(spec, false); },
                          options_.prune};
    manifests_.emplace(std::move(folder));
    watch_.emplace(*io_, options_.manifests, [this](bool settled, std::function<void()> done) {
        manifests_->apply(settled, [done = std::move(done)](std::size_t) { done(); });
    });
    watch_->start();
    manifests_->apply(false, [this](std::size_t) {
        begin();
        watch_->look();     // what is to be pruned goes when nothing has changed for a while
    });
}

int Daemon::run() {
    wait_for_signal();
    const auto known = [this](const std::string& id) { return store_->find(id) != nullptr; };
    remove_stray_folders(options_.data_dir + "/run", known);
    code_.remove_strays(known);
    if (options_.manifests.empty()) {
        boost::asio::post(*io_, [this] { begin(); });
    } else {
        begin_with_manifests();
    }
    clock_.after(options_.stats_interval, [this] { tick(); });      // the first look is when all has been read
    prune();
    io_->run();
    spdlog::info("stopped");
    return exit_code_;
}

void Daemon::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) {
            return;
        }
        if (signal == SIGHUP) {
            reload();
        } else {
            stop(signal);
        }
        wait_for_signal();
    });
}

/// SIGHUP: the policy and the log level of the file hold from now on; the rest needs a new start.
void Daemon::reload() {
    if (options_.config_file.empty()) {
        spdlog::info("no configuration file to read again");
        return;
    }
    // With the command line and the environment, which win over the file.
    std::vector<char*> arguments;
    for (std::string& argument : options_.arguments) {
        arguments.push_back(argument.data());
    }
    const auto read = read_options(static_cast<int>(arguments.size()), arguments.data());
    if (!read || !*read) {
        spdlog::error("the configuration was not taken, the old one holds error=\"{}\"",
                      read ? "" : read.error().message);
        return;
    }
    const std::string engine_socket = options_.policy.engine_socket;
    options_.policy = (*read)->policy;
    options_.policy.data_dir = options_.data_dir;
    options_.policy.engine_socket = engine_socket;
    spdlog::set_level(spdlog::level::from_str((*read)->log_level));
    spdlog::info("configuration read again file={}", options_.config_file);
    if (watch_) {
        watch_->look();     // the policy may allow what it refused
    }
}

void Daemon::tick() {
    if (stopping_) {
        return;
    }
    api_->publish_status_updates();
    sampler_.sample_all();
    clock_.after(options_.stats_interval, [this] { tick(); });
}

void Daemon::prune() {
    if (stopping_) {
        return;
    }
    store_->prune(system_now());
    clock_.after(kPruneEvery, [this] { prune(); });
}

void Daemon::stop(int signal) {
    if (stopping_) {
        return;
    }
    stopping_ = true;
    spdlog::info("stopping signal={}", signal);
    api_->close_gate();
    if (watch_) {
        watch_->stop();
    }
    courier_.stop();
    loop_.stop();
    stop_calls(system_now() + kCallPatience);
}

/// Waits for the engine calls in flight, then leaves them to the engine: the next start picks them up.
void Daemon::stop_calls(domain::Time deadline) {
    if (!loop_.idle() && system_now() < deadline) {
        clock_.after(std::chrono::milliseconds{20}, [this, deadline] { stop_calls(deadline); });
        return;
    }
    stop_server();
}

void Daemon::stop_server() {
    server_.close([this] {
        store_->stop();
        io_->stop();
    });
}

}  // namespace flow::daemon
