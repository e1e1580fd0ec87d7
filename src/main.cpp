// flow-manager: options, then the daemon. Ends with 0 after an ordered stop, 1 when it could not start or listen,
// 2 for wrong usage.
#include <sys/resource.h>

#include <cstdlib>
#include <iostream>

#include <spdlog/spdlog.h>

#include "daemon/daemon.hpp"
#include "daemon/logging.hpp"
#include "daemon/options.hpp"

namespace {

/// Each container's socket, its connection and each client take a file: as many as the system allows.
void raise_file_limit() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);     // what stays too few is told where it is missing
    }
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = flow::daemon::read_options(argc, argv);
    if (!options) {
        std::cerr << "flow-manager: " << options.error().message << "\n";
        return 2;
    }
    if (!*options) {
        return 0;
    }
    if ((*options)->print_only) {
        std::cout << flow::daemon::to_yaml(**options);
        return 0;
    }
    if ((*options)->check_only) {
        if (const auto good = flow::daemon::Daemon::check(**options); !good) {
            std::cerr << "flow-manager: " << good.error().message << "\n";
            return 2;
        }
        std::cout << "the configuration is good\n";
        return 0;
    }
    raise_file_limit();
    flow::daemon::set_up_logging((*options)->log_format, (*options)->log_level);
    auto daemon = flow::daemon::Daemon::make(**options);
    if (!daemon) {
        std::cerr << "flow-manager: " << daemon.error().message << "\n";
        return 1;
    }
    const int code = (*daemon)->run();
    // Everything that must last is on disk and the sockets are closed. What is left are coroutines that wait for calls
    // which the engine goes on with; taking them apart one by one would only be a way to go wrong.
    std::cout.flush();
    spdlog::shutdown();
    std::_Exit(code);
}
