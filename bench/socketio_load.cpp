// The load of socketio_compare.py:
//   socketio-load acks|broadcast|idle --port N --server-pid N [--clients N] [--in-flight N] [--warmup N] [--count N]
//                 [--limit SECONDS]
//   socketio-load messages --containers ID,ID [--expect-reply 1] … (the same; the server is the daemon)
//   socketio-load floor [--clients N] [--count N]       (no server: what one send() for each receiver costs)
// One line of JSON on standard output; 1 and a line on standard error when the server did not do what it should.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "send_floor.hpp"
#include "socketio_loads.hpp"

namespace {

using flow::bench::Load;
using flow::bench::LoadOptions;

LoadOptions read_options(int argc, char** argv) {
    LoadOptions options;
    std::map<std::string, std::size_t*> sizes = {{"--clients", &options.clients},
                                                 {"--in-flight", &options.in_flight},
                                                 {"--warmup", &options.warmup},
                                                 {"--count", &options.count}};
    for (int i = 2; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const auto value = std::strtoul(argv[i + 1], nullptr, 10);
        if (const auto size = sizes.find(name); size != sizes.end()) {
            *size->second = value;
        } else if (name == "--port") {
            options.port = static_cast<std::uint16_t>(value);
        } else if (name == "--server-pid") {
            options.server_pid = static_cast<int>(value);
        } else if (name == "--limit") {
            options.limit = std::chrono::seconds(value);
        } else if (name == "--expect-reply") {
            options.expect_reply = value != 0;
        } else if (name == "--containers") {
            std::istringstream ids(argv[i + 1]);
            for (std::string id; std::getline(ids, id, ',');) {
                options.containers.push_back(id);
            }
        }
    }
    return options;
}

std::unique_ptr<Load> make_load(const std::string& mode, const LoadOptions& options) {
    if (mode == "acks") {
        return std::make_unique<flow::bench::AckLoad>(options);
    }
    if (mode == "messages") {
        return std::make_unique<flow::bench::MessageLoad>(options);
    }
    if (mode == "broadcast") {
        return std::make_unique<flow::bench::BroadcastLoad>(options);
    }
    if (mode == "idle") {
        return std::make_unique<flow::bench::IdleLoad>(options);
    }
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::string mode = argc > 1 ? argv[1] : "";
        const LoadOptions options = read_options(argc, argv);
        if (mode == "floor") {
            constexpr std::size_t kFrameBytes = 98;     // of a broadcast
            std::printf("%s\n", flow::bench::send_floor(options.clients, options.count, kFrameBytes).c_str());
            return 0;
        }
        const auto load = make_load(mode, options);
        if (!load) {
            std::fprintf(stderr, "usage: socketio-load acks|broadcast|idle|messages --port N --server-pid N\n");
            return 2;
        }
        std::printf("%s\n", load->run().c_str());
        return 0;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "socketio-load: %s\n", failure.what());
        return 1;
    }
}
