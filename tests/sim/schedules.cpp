// sim_schedules: random schedules against the real loop and store. See README.md.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include "sim/schedule.hpp"
#include "sim/walk.hpp"

namespace {

using flow::sim::Schedule;

struct Options {
    std::string seeds = "0:200";
    std::string profile;
    long trace = -1;
    int most_shown = 15;
    double minutes = 0;
    unsigned jobs = 1;
    std::string walk;
    unsigned long kill_at = 0;
};

struct Sums {
    long seeds = 0, bad = 0, kills = 0, calls = 0, requests = 0;
    std::map<std::string, long> kinds;
};

/// The words of a problem without ids and numbers, so that like ones are counted together.
std::string kind_of(const std::string& problem) {
    std::string kind;
    std::string word;
    for (const char letter : problem + " ") {
        if (letter != ' ') {
            word += letter;
            continue;
        }
        if (word.find_first_of("0123456789") == std::string::npos) {
            kind += (kind.empty() ? "" : " ") + word;
        }
        word.clear();
    }
    return kind.substr(0, 70);
}

void run_guarded(Schedule& schedule) {
    try {
        schedule.go();
    } catch (const std::exception& failure) {
        schedule.problems.push_back(std::string{"0 exception "} + failure.what());
    }
}

void run_one(unsigned long seed, const Options& options, Sums& sums) {
    Schedule schedule(seed, options.profile, false);
    run_guarded(schedule);
    ++sums.seeds;
    sums.kills += schedule.daemon.kills;
    sums.calls += static_cast<long>(schedule.engine.calls.size());
    sums.requests += static_cast<long>(schedule.wishes.size());
    if (schedule.problems.empty()) {
        return;
    }
    ++sums.bad;
    ++sums.kinds[kind_of(schedule.problems.front())];
    if (sums.bad > options.most_shown) {
        return;
    }
    std::printf("seed %lu %s\n", seed, schedule.profile.c_str());
    for (std::size_t i = 0; i < schedule.problems.size() && i < 3; ++i) {
        std::printf("    %s\n", schedule.problems[i].c_str());
    }
    std::fflush(stdout);
}

int run_traced(const Options& options) {
    Schedule schedule(static_cast<unsigned long>(options.trace), options.profile, true);
    run_guarded(schedule);
    std::printf("profile %s problems %zu\n", schedule.profile.c_str(), schedule.problems.size());
    for (const std::string& problem : schedule.problems) {
        std::printf("    %s\n", problem.c_str());
    }
    return schedule.problems.empty() ? 0 : 1;
}

int run_walk(const Options& options) {
    for (const flow::sim::NamedWalk& walk : flow::sim::all_walks()) {
        if (walk.name != options.walk) {
            continue;
        }
        flow::sim::Walk world{{options.kill_at}, true};
        walk.steps(world);
        world.finish();
        for (const auto& [key, text] : world.summary()) {
            std::printf("%s: %s\n", key.c_str(), text.c_str());
        }
        for (const std::string& problem : world.problems) {
            std::printf("    %s\n", problem.c_str());
        }
        return world.problems.empty() ? 0 : 1;
    }
    std::fprintf(stderr, "no walk has the name %s\n", options.walk.c_str());
    return 2;
}

/// Every `step`th seed of the range.
int run_seeds(unsigned long from, unsigned long to, unsigned long step, const Options& options) {
    const auto begin = std::chrono::steady_clock::now();
    const auto minutes = [&begin] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / 60;
    };
    Sums sums;
    for (unsigned long seed = from; seed < to; seed += step) {
        if (options.minutes > 0 && minutes() > options.minutes) {
            break;
        }
        run_one(seed, options, sums);
    }
    std::printf("%ld seeds from %lu in steps of %lu, %ld bad; %ld requests, %ld engine calls, %ld kills "
                "of the daemon, %.1f ms a seed\n",
                sums.seeds, from, step, sums.bad, sums.requests, sums.calls, sums.kills,
                minutes() * 60'000 / static_cast<double>(std::max(1L, sums.seeds)));
    for (const auto& [kind, count] : sums.kinds) {
        std::printf("  %5ld %s\n", count, kind.c_str());
    }
    return sums.bad == 0 ? 0 : 1;
}

/// One process a job: a simulation is single-threaded, and a crash of one leaves the others.
int run_jobs(unsigned long from, unsigned long to, const Options& options) {
    std::fflush(stdout);
    for (unsigned job = 0; job < options.jobs; ++job) {
        const pid_t child = fork();
        if (child < 0) {
            std::perror("fork");
            return 2;
        }
        if (child == 0) {
            std::exit(run_seeds(from + job, to, options.jobs, options));
        }
    }
    int worst = 0;
    for (int status = 0; wait(&status) > 0;) {
        worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return worst;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"random schedules against the real loop and store"};
    app.add_option("--seeds", options.seeds, "FROM:TO, the last one excluded");
    app.add_option("--profile", options.profile, "calm, kill, outside, engine, faults, all");
    app.add_option("--trace", options.trace, "one seed, with everything that happens");
    app.add_option("--max", options.most_shown, "failures to print");
    app.add_option("--minutes", options.minutes, "stop after this time");
    app.add_option("--jobs", options.jobs, "processes side by side");
    app.add_option("--walk", options.walk, "trace one walk of the model");
    app.add_option("--kill-at", options.kill_at, "in that walk, the point where the daemon is killed");
    CLI11_PARSE(app, argc, argv);
    spdlog::set_level((options.trace >= 0 || !options.walk.empty()) && std::getenv("SIM_DEBUG") ? spdlog::level::debug
                                                                     : spdlog::level::off);
    spdlog::set_pattern("            %v");
    if (!options.walk.empty()) {
        return run_walk(options);
    }
    if (options.trace >= 0) {
        return run_traced(options);
    }
    const auto colon = options.seeds.find(':');
    const unsigned long from = std::stoul(options.seeds);
    const unsigned long to = std::stoul(options.seeds.substr(colon + 1));
    return options.jobs > 1 ? run_jobs(from, to, options) : run_seeds(from, to, 1, options);
}
