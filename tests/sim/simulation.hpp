// One simulated world: engine, daemon, clients that send requests and repeat them until they are answered, and the
// oracles that judge what was told and what is there at the end. Schedules and walks are made of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/daemon.hpp"
#include "sim/fake_engine.hpp"
#include "sim/world.hpp"

namespace flow::sim {

struct Patch {
    std::optional<std::string> name, image, command;
    std::optional<int> memory = {};         ///< in units of 8 MiB
    std::optional<std::string> code = {};   ///< its digest
};

/// A request of a client, and what came of it.
struct Wish {
    std::string request_id;
    domain::Operation operation = domain::Operation::start;
    std::string container_id;
    bool creates = false;
    domain::Spec spec;                      ///< of a create
    Patch patch;
    domain::DesiredState desired = domain::DesiredState::running;
    bool force = false;
    enum class Answer { none, accepted, refused };
    Answer answer = Answer::none;
    std::optional<domain::Outcome> outcome;
    std::string why;
    std::optional<domain::Target> target;   ///< known unless it ended with its acceptance
    Time at;
    domain::Seq seq = 0;
    domain::Run had = 0;                    ///< run_started before it
};

/// What the oracles remember of each generation.
struct Version {
    std::string image, command, code;
    int memory = 0;
};

domain::Spec make_spec(const std::string& name, const std::string& image, const std::string& command,
                       int memory, const std::string& restart);
std::string slot(int number);               ///< the container id of client number n

class Simulation {
public:
    explicit Simulation(std::uint64_t seed, bool tracing = false);
    virtual ~Simulation() = default;

    void run_for(double duration);
    Wish& send(Wish wish);
    bool all_ended() const;
    /// The last oracles; call when the world has been quiet for long.
    void final();

    World world;
    FakeEngine engine;
    Daemon daemon;
    std::vector<std::unique_ptr<Wish>> wishes;
    std::vector<std::string> problems;
    std::string profile = "calm";
    Time quiet_from;

protected:
    void bad(const std::string& text);
    const domain::Record* row(const std::string& container_id) const;
    bool with_outsiders() const { return profile == "outside" || profile == "all"; }

private:
    void deliver(Wish& wish);
    std::optional<domain::Request> request_of(const Wish& wish);
    void answered(Wish& wish, const domain::Result<domain::Accepted>& result);
    void capture(Wish& wish);
    void end(const std::string& request_id, domain::Outcome outcome, const std::string& why);
    void read_ends();

    // oracles
    void judge(const Wish& wish);
    void judge_done(const Wish& wish);
    bool failure_seen(const Wish& wish) const;
    bool intends(const std::string& container_id, const std::string& docker_id) const;
    void judge_start(const Container& container, bool by_outside);
    void judge_turn(const Container& container);
    void judge_dependencies(const domain::Record& record);
    bool waits_honestly(const domain::Record& record) const;
    bool waits_for_another(const domain::Record& record) const;
    bool waits_for_turn(const domain::Record& record) const;
    bool waits_for_image(const domain::Record& record) const;
    void judge_container(const Container& container);
    void judge_row(const domain::Record& record);
    void judge_running(const domain::Record& record, const ContainerPtr& main, bool flapping);
    void judge_code(const domain::Record& record, const Container& container);
    void judge_links();
    void judge_drift(const domain::Record& record, const Container& main, int memory);
    void judge_image(const domain::Record& record, const Container& main);
    void judge_told(const domain::Record& record, bool running);
    void read_log();
    void check_lines(const domain::Json& lines, domain::Time exit);
    void judge_crashes();
    void judge_crashes_of(const std::string& docker_id, const std::vector<ProcessPtr>& processes);
    bool crash_may_be_untold(const Process& process) const;
    void judge_reruns();
    void judge_rerun(const Process& first, const Process& second);
    void judge_heat();
    bool away_near(Time time, double distance) const;

    std::map<std::string, Wish*> by_id_;
    std::map<std::string, std::map<domain::Generation, Version>> versions_;
    std::map<std::string, std::set<std::string>> names_;                ///< that a container id has had
    std::map<std::string, std::vector<Time>> crashes_told_;             ///< by docker id
    std::map<std::string, std::vector<std::string>> lifecycle_;         ///< by container id
};

}  // namespace flow::sim
