// What 10,000 containers cost the loop: the real store and reconciler on the simulation's engine in virtual time. Prints
// CPU of a pass in which nothing has to be done, of reading everything anew, of one change among them, and memory;
// what the simulated engine itself needs is in these figures. One thread; ends with 1 when a limit is not kept.
#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <spdlog/spdlog.h>

#include "docker/inspect_parse.hpp"
#include "domain/error.hpp"
#include "sim/daemon.hpp"
#include "sim/simulation.hpp"

namespace {

using flow::domain::Json;
using flow::sim::seconds;

double cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double resident_mb() {
    std::ifstream status{"/proc/self/status"};
    std::string word;
    while (status >> word) {
        if (word == "VmRSS:") {
            double kilobytes = 0;
            status >> kilobytes;
            return kilobytes / 1024;
        }
    }
    return 0;
}

class Scale {
public:
    explicit Scale(int count)
        : count_(count), engine_(world_),
          daemon_(world_, engine_, {[](const flow::domain::Commit&) {}, [] {}}) {
        engine_.intends = [](const std::string&, const std::string&) { return false; };
        engine_.starting = [](const flow::sim::Container&, bool) {};
        engine_.slow_answers = false;
    }

    int run() {
        const double empty = resident_mb();
        world_.at(seconds(0), [this] { daemon_.boot(); });
        run_for(5);
        const double before = cpu_ms();
        declare();
        result_["declare_and_start_ms_each"] = (cpu_ms() - before) / count_;
        result_["running"] = running();
        idle();
        change();
        again();
        result_["memory_mb"] = resident_mb() - empty;
        parse();
        std::printf("%s\n", result_.dump().c_str());
        const bool kept = result_["running"] == count_ && result_["pass_cpu_ms"] <= 500.0 &&
                          result_["change_cpu_ms"] <= 50.0;
        return kept ? 0 : 1;
    }

private:
    void run_for(double time) {
        world_.run_until(world_.now() + seconds(time), [this] { daemon_.pump(); });
    }

    static std::string id_of(int number) {
        char text[16];
        std::snprintf(text, sizeof text, "%012x", number + 1);
        return text;
    }

    void declare() {
        for (int i = 0; i < count_; ++i) {
            flow::domain::Request request;
            request.request_id = "r" + std::to_string(i);
            request.spec = flow::sim::make_spec("c" + std::to_string(i), "i1", "serve", 2, "on-failure");
            request.desired = flow::domain::DesiredState::running;
            daemon_.next_container_id(id_of(i));
            daemon_.store().accept(std::move(request), [](const auto&) {});
            if (i % 20 == 19) {
                run_for(0.5);
            }
        }
        for (int i = 0; i < 1000 && running() < count_; ++i) {
            run_for(1);
        }
        run_for(60);
    }

    int running() const {
        int number = 0;
        for (const auto& [id, container] : engine_.containers) {
            number += container->running ? 1 : 0;
        }
        return number;
    }

    /// Ten regular lists, and what else goes on in that time; the pings of the clock too.
    void idle() {
        const std::size_t calls = engine_.calls.size();
        const double before = cpu_ms();
        run_for(10 * 60);
        result_["pass_cpu_ms"] = (cpu_ms() - before) / 10;
        result_["calls_in_no_op_passes"] = engine_.calls.size() - calls;
    }

    /// From the request to the engine's call, as CPU: nothing else is waited for here.
    void change() {
        const std::string id = id_of(count_ / 2);
        flow::domain::Request request;
        request.operation = flow::domain::Operation::update;
        request.request_id = "change";
        request.container_id = id;
        request.spec = daemon_.store().find(id)->spec();
        request.spec->resources.memory *= 2;
        const int before_calls = engine_.count["update"];
        const double before = cpu_ms();
        daemon_.store().accept(std::move(request), [](const auto&) {});
        while (engine_.count["update"] == before_calls && cpu_ms() - before < 5000) {
            run_for(0.001);
        }
        result_["change_cpu_ms"] = cpu_ms() - before;
    }

    /// The daemon is killed and reads everything anew.
    void again() {
        daemon_.kill();
        daemon_.pump();
        const double before = cpu_ms();
        run_for(30);
        result_["restart_cpu_ms"] = cpu_ms() - before;
        result_["running_after_restart"] = running();
        result_["creates"] = engine_.count["create"];
    }

    /// The engine's list as JSON: what the simulation leaves out.
    void parse() {
        Json entry = Json::parse(R"({"Names": ["/flow-c"], "Image": "busybox", "ImageID": "sha256:0", "Command": "sh",
            "Created": 1700000000, "Ports": [], "State": "running", "Status": "Up 3 minutes", "Mounts": [],
            "HostConfig": {"NetworkMode": "flow-net"}, "NetworkSettings": {"Networks": {"flow-net": {"IPAMConfig": null,
            "NetworkID": "0", "EndpointID": "0", "Gateway": "172.18.0.1", "IPAddress": "172.18.0.2", "MacAddress": ""}}},
            "Labels": {"flow.manager": "m", "flow.generation": "1", "flow.spec-hash": "v1:0"}})");
        Json list = Json::array();
        for (int i = 0; i < count_; ++i) {
            entry["Id"] = std::string(52, '0') + id_of(i);
            entry["Labels"]["flow.container-id"] = id_of(i);
            list.push_back(entry);
        }
        const std::string text = list.dump();
        const double before = cpu_ms();
        const auto parsed = flow::docker::parse_list(text);
        result_["list_mb"] = static_cast<double>(text.size()) / 1e6;
        result_["parse_list_cpu_ms"] = parsed ? cpu_ms() - before : -1;
    }

    int count_;
    flow::sim::World world_{1};
    flow::sim::FakeEngine engine_;
    flow::sim::Daemon daemon_;
    Json result_;
};

}  // namespace

int main(int argc, char** argv) {
    spdlog::set_level(spdlog::level::off);
    const int count = argc > 1 ? std::atoi(argv[1]) : 10'000;
    return Scale{count}.run();
}
