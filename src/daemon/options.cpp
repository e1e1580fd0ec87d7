#include "daemon/options.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <regex>
#include <set>

#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <CLI/CLI.hpp>

#include "daemon/option_file.hpp"
#include "daemon/option_values.hpp"

namespace flow::daemon {
namespace {

/// Every option also FLOW_* in the environment: --data-dir is FLOW_DATA_DIR.
std::string environment_name(std::string flag) {
    for (char& letter : flag) {
        letter = letter == '-' ? '_' : static_cast<char>(std::toupper(letter));
    }
    return "FLOW_" + flag;
}

std::string default_data_dir() {
    if (geteuid() == 0) {
        return "/var/lib/flow-manager";
    }
    const char* home = std::getenv("HOME");
    return std::string{home == nullptr ? "/tmp" : home} + "/.local/share/flow-manager";
}

/// Where the build puts it.
std::string default_runtime() {
    std::error_code unknown;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
    return (self.parent_path() / "flow-runtime").string();
}

std::string default_docker_host() {
    const char* host = std::getenv("DOCKER_HOST");
    return host == nullptr || *host == '\0' ? "unix:///var/run/docker.sock" : host;
}

CLI::Option* add_duration(CLI::App& app, const std::string& flag,
                          std::chrono::milliseconds& value, const std::string& help) {
    return app
        .add_option_function<std::string>(
            flag,
            [&value, flag](const std::string& text) {
                const auto parsed = parse_duration_option(text);
                if (!parsed) {
                    throw CLI::ValidationError(flag, parsed.error().message);
                }
                value = *parsed;
            },
            help)
        ->type_name("DURATION");
}

void add_basic(CLI::App& app, Options& options) {
    app.add_option("--listen", options.listen,
                   "HOST:PORT or unix:PATH, may be given several times (localhost:8000; port 0 "
                   "chooses one)")
        ->delimiter(',');
    app.add_option("--data-dir", options.data_dir,
                   "where store and sockets are kept; at most 60 bytes long");
    app.add_option("--manifests", options.manifests,
                   "folder of YAML manifests, applied at start and whenever a file changes");
    app.add_flag("--prune", options.prune,
                 "delete containers that came from the folder of manifests and are not declared there any more");
    app.add_option("--docker-host", options.docker_host, "unix:///PATH of the Docker Engine");
    app.add_option("--name-prefix", options.name_prefix,
                   "put before the names of engine containers");
    app.add_option("--default-host-ip", options.default_host_ip,
                   "address of published ports that name none");
    app.add_option("--runtime", options.runtime,
                   "the program flow-runtime, which messaging.inject mounts (the one beside flow-manager)");
    app.add_option("--cors-origins", options.cors_origins,
                   "origins whose pages may connect, for example https://app.example.com")
        ->delimiter(',');
    app.add_option("--allowed-hosts", options.allowed_hosts, "further names in the Host header")
        ->delimiter(',');
    app.add_option("--max-running-jobs", options.max_running_jobs,
                   "so many jobs run at once, the others wait in order (0: no limit)")
        ->check(CLI::NonNegativeNumber);
    app.add_flag("--cleanup-dry-run", options.cleanup_dry_run,
                 "only tell what a cleanup would remove: orphans, networks, what --keep-stopped is for");
    app.add_flag("--insecure", options.insecure,
                 "listen on other than loopback although there are no tokens");
    app.add_option_function<std::string>(
           "--max-payload",
           [&options](const std::string& text) {
               const auto parsed = parse_size_option(text);
               if (!parsed) {
                   throw CLI::ValidationError("--max-payload", parsed.error().message);
               }
               options.max_payload = *parsed;
           },
           "bytes of one message of a client (4MiB)")
        ->type_name("SIZE");
    app.add_option("--log-format", options.log_format, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    app.add_option("--log-level", options.log_level, "debug, info, warn or error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
}

void add_times(CLI::App& app, Options& options) {
    add_duration(app, "--stats-interval", options.stats_interval,
                 "between container_status_update events (10s)");
    add_duration(app, "--restart-backoff-first", options.restart_backoff_first,
                 "wait before the second restart, doubling from there (10s)");
    add_duration(app, "--restart-backoff-max", options.restart_backoff_max,
                 "longest wait before a restart (300s)");
    add_duration(app, "--restart-backoff-reset", options.restart_backoff_reset,
                 "up for so long: the count of restarts begins anew (600s)");
    add_duration(app, "--update-monitor", options.update_monitor,
                 "how long an updated container must stay up before it is kept (5s)");
    add_duration(app, "--resync-interval", options.resync_interval,
                 "between lists of the engine, the net below its events (60s)");
    add_duration(app, "--orphan-grace", options.orphan_grace,
                 "before an engine container of ours that belongs to nothing is removed (1h)");
    add_duration(app, "--cleanup-interval", options.cleanup_interval,
                 "between looks for what nothing declared needs any more (5m; 0: never)");
    add_duration(app, "--keep-stopped", options.keep_stopped,
                 "containers that have not run for so long are deleted, their named volumes are kept; those of the "
                 "folder of manifests stay (0: never)");
}

/// Options that neither a flag nor the environment gave are taken from the file.
domain::Result<void> apply_file(CLI::App& app, Options& options, const std::string& path) {
    const auto known = [&app](const std::string& name) {
        static const std::set<std::string> kNotInFile{"config", "help", "version", "check-config",
                                                      "print-config"};
        return !kNotInFile.contains(name) && app.get_option_no_throw("--" + name) != nullptr;
    };
    const auto file = read_option_file(path, {options.policy, options.registries}, known);
    if (!file) {
        return file.error();
    }
    for (const auto& [name, values] : *file) {
        CLI::Option* option = app.get_option("--" + name);
        if (option->count() > 0) {
            continue;
        }
        for (const std::string& value : values) {
            option->add_result(value);
        }
        option->run_callback();
    }
    return {};
}

domain::Error bad_usage(const std::string& message) {
    domain::Error error;
    error.type = domain::ErrorType::validation_error;
    error.message = message + " (flow-manager --help lists the options)";
    return error;
}

/// What a single option's own form cannot say.
domain::Result<void> check_values(Options& options) {
    constexpr std::chrono::milliseconds kShortest{100};
    if (options.restart_backoff_max < options.restart_backoff_first) {
        return bad_usage("--restart-backoff-max is shorter than --restart-backoff-first");
    }
    if (options.stats_interval < kShortest || options.resync_interval < kShortest) {
        return bad_usage("--stats-interval and --resync-interval must be at least 100ms");
    }
    const auto none = std::chrono::milliseconds{0};
    if (options.cleanup_interval != none && options.cleanup_interval < kShortest) {
        return bad_usage("--cleanup-interval must be at least 100ms, or 0 for never");
    }
    if (options.cleanup_interval == none && options.keep_stopped != none) {
        return bad_usage("--keep-stopped needs a --cleanup-interval");
    }
    boost::system::error_code wrong;
    const auto address = boost::asio::ip::make_address(options.default_host_ip, wrong);
    if (wrong) {
        // The engine takes what it cannot read for "all interfaces".
        return bad_usage("--default-host-ip must be an IP address, for example 127.0.0.1, not \"" +
                         options.default_host_ip + "\"");
    }
    options.default_host_ip = address.to_string();
    static const std::regex kPrefix{"([A-Za-z0-9][A-Za-z0-9_.-]{0,62})?"};
    if (!std::regex_match(options.name_prefix, kPrefix)) {
        return bad_usage("--name-prefix must begin with a letter or digit and hold only letters, digits, "
                         "'_', '.' and '-', not \"" + options.name_prefix + "\"");
    }
    for (std::string& origin : options.cors_origins) {
        while (origin.size() > 1 && origin.back() == '/') {
            origin.pop_back();      // as browsers send it
        }
    }
    return {};
}

domain::Result<void> complete(Options& options) {
    if (options.listen.empty()) {
        options.listen.push_back("localhost:8000");
    }
    if (options.data_dir.empty()) {
        options.data_dir = default_data_dir();
    }
    if (options.docker_host.empty()) {
        options.docker_host = default_docker_host();
    }
    if (options.runtime.empty()) {
        options.runtime = default_runtime();
    }
    std::error_code unknown;
    options.runtime = std::filesystem::absolute(options.runtime, unknown).lexically_normal().string();
    options.policy.data_dir = options.data_dir;
    return check_values(options);
}

}  // namespace

domain::Result<std::optional<Options>> read_options(int argc, char** argv) {
    Options options;
    options.arguments.assign(argv, argv + argc);
    CLI::App app{"Keeps the containers of this host as its users declared them."};
    app.name("flow-manager");
    app.set_version_flag("--version", std::string{"flow-manager "} + kVersion);
    app.add_option("--config", options.config_file, "YAML file with these options as keys");
    app.add_flag("--check-config", options.check_only, "check the options and end");
    app.add_flag("--print-config", options.print_only, "print what holds and end");
    add_basic(app, options);
    add_times(app, options);
    for (CLI::Option* option : app.get_options()) {
        const auto names = option->get_lnames();
        if (!names.empty() && names.front() != "help" && names.front() != "version") {
            option->envname(environment_name(names.front()));
        }
    }
    try {
        app.parse(argc, argv);
        if (!options.config_file.empty()) {
            if (auto read = apply_file(app, options, options.config_file); !read) {
                return read.error();
            }
        }
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) {
            app.exit(error);
            return std::optional<Options>{};
        }
        return bad_usage(error.what());
    }
    if (auto completed = complete(options); !completed) {
        return completed.error();
    }
    return std::optional<Options>{std::move(options)};
}

}  // namespace flow::daemon
