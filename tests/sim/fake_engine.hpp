// A fake Docker Engine in virtual time, with the facts of a real one that the loop relies on: calls with delays, the
// event stream and its ring, restarts with and without live-restore, people who use the docker command beside us. It
// also keeps the truth about every process that ever ran, which only the oracles read. It outlives killed daemons.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "domain/observed.hpp"
#include "sim/world.hpp"

namespace flow::sim {

using domain::EngineEvent;

struct Container;

/// One process: the truth about it.
struct Process {
    struct Kill {
        Time at;
        bool outside = false;
        int signal = 0;
    };
    enum class End { none, own, ours, outside };
    std::string docker_id, container_id;
    std::string digest;             ///< what its link stood for when it began; empty without code
    Time start, end;
    int code = 0;
    End how = End::none;
    std::vector<Kill> kills;
    bool ours_stood = false;        ///< an intention of ours against it stood when it ended
    bool destroyed = false;
    bool outside_start = false;
    bool unseen = false;            ///< ended while the engine was away: no event
    bool stop_told = false;         ///< its `stop` event was emitted
    bool blurred = false;           ///< a second `stop` event for the process before it came after its end
    std::vector<std::function<void()>> on_end;
};
using ProcessPtr = std::shared_ptr<Process>;

struct Container {
    std::string docker_id, name, container_id, hash, image, command;
    int version = 0;                ///< of the image
    std::uint64_t generation = 0;
    std::int64_t memory = 0;
    std::int64_t cpus = 0;          ///< no spec here wants any
    std::set<std::string> networks{"net"};
    bool running = false, paused = false, removing = false, there = true;
    bool sick = false;              ///< its probes fail
    bool has_code = false;
    Time started_at, finished_at;
    int code = 0;
    ProcessPtr process;
};
using ContainerPtr = std::shared_ptr<Container>;

enum class Op { connect, ping, list, inspect, ring, subscribe, pull, create, start, stop, kill, remove, rename, update,
                unpause, join, leave, logs };
std::string to_string(Op op);

struct Call {
    Op op = Op::ping;
    std::string docker_id, container_id, name, image, command, hash;
    std::uint64_t generation = 0;
    std::int64_t memory = 0;
    bool has_code = false;
    Duration grace{};
    std::function<void(const EngineEvent&)> on_event;
    std::function<void(const domain::NetworkEvent&)> on_network;
    std::function<void()> on_end;
};

struct Reply {
    enum class Kind { ok, away, unanswered, error, terminal, no_image, name_taken, gone, same, marked };
    Kind kind = Kind::ok;
    std::string text;                       ///< new docker id; the holder of the name
    std::vector<Container> containers;
    std::vector<EngineEvent> ring;
    std::shared_ptr<struct Subscription> stream;
};
using Answer = std::function<void(Reply)>;

struct Subscription {
    std::function<void(const EngineEvent&)> on_event;
    std::function<void(const domain::NetworkEvent&)> on_network;
    std::function<void()> on_end;
    Time last;
    bool dead = false;
};

inline std::string image_id(const std::string& image, int version) {
    return image + "#" + std::to_string(version);
}

class FakeEngine {
public:
    explicit FakeEngine(World& world) : world_(world) {}
    /// Who still waits for the end of a process holds its container, and so the process itself.
    ~FakeEngine() {
        for (const ProcessPtr& process : processes) {
            process->on_end.clear();
        }
    }
    FakeEngine(const FakeEngine&) = delete;
    FakeEngine& operator=(const FakeEngine&) = delete;

    void call(Call call, Answer answer);

    // -- the world beside us -----------------------------------------------------------------------------
    void outside(const std::string& what);
    void restart(bool term, bool live_restore, double away);
    void drop_streams();
    void own_exit(const ContainerPtr& container, int code);
    /// Another image has that name in the registry from now on.
    void push(const std::string& image);
    void remove_outside(const std::string& docker_id);
    void kill_outside(const std::string& docker_id, int signal);
    ContainerPtr find(const std::string& docker_id) const;
    /// The container id that a docker id was made for, also when it is gone; empty for none.
    std::string owner_of(const std::string& docker_id) const;

    // -- how it behaves ----------------------------------------------------------------------------------
    bool slow_answers = true;
    double fault_p = 0, drop_p = 0;
    bool slow_stream = false;
    double late_die = 0;            ///< seconds that the next `die` needs on the stream
    std::set<std::string> images{"i1", "i2"};
    std::set<std::string> registry{"i1", "i2", "slow"};     ///< "none" is nowhere, "flaky" sometimes

    std::map<std::string, int> pushed, local;               ///< versions: in the registry, and here
    std::map<std::string, Time> pushed_at;

    // -- the truth ---------------------------------------------------------------------------------------
    std::map<std::string, ContainerPtr> containers;
    std::vector<ProcessPtr> processes;
    std::map<std::string, int> count;
    std::vector<std::pair<Time, std::string>> calls;                ///< those that change something, by container id
    std::map<std::string, std::vector<Time>> failed;                ///< by container id, and by image
    std::vector<Time> away_times;
    std::map<std::string, int> changed;     ///< by container id: how often somebody changed a limit or a network
    std::map<std::string, std::string> links;       ///< by container id: the digest of the code
    bool tree_lost = true;                          ///< the one called "lost"
    int lost_mounts = 0;                    ///< containers made or started with a link that is not there
    std::function<bool(const std::string& container_id, const std::string& docker_id)> intends;
    std::function<void(const Container&, bool outside)> starting;   ///< asked before a process begins

private:
    void effect(const Call& call, const Answer& answer, int boot, bool was_up);
    void perform(const Call& call, const Answer& answer);
    void look(const Call& call, const Answer& answer);
    void subscribe(const Call& call, const Answer& answer);
    void pull(const Call& call, const Answer& answer);
    void create(const Call& call, const Answer& answer);
    void start(const Call& call, const Answer& answer);
    void stop(const Call& call, const Answer& answer, bool by_outside);
    void kill(const Call& call, const Answer& answer, int signal, bool by_outside);
    void remove(const Call& call, const Answer& answer, bool by_outside);
    void rename(const Call& call, const Answer& answer);
    void small(const Call& call, const Answer& answer);
    void start_process(const ContainerPtr& container, bool by_outside);
    void die(const ContainerPtr& container, int code, Process::End how);
    void signal(const ContainerPtr& container, int number, bool by_outside);
    EngineEvent event(EngineEvent::Type type, const Container& container);
    void emit(EngineEvent event);
    void tell_network(const Container& container, bool connected);
    void change_outside(const std::string& what, const ContainerPtr& chosen);
    void deliver(const std::shared_ptr<Subscription>& stream, const EngineEvent& event);
    ContainerPtr pick(int running);
    void back();
    void stop_for_restart();

    World& world_;
    bool up_ = true;
    int boot_ = 1;
    bool live_restore_ = false;
    int ids_ = 0;
    std::map<std::string, std::string> owners_;     ///< container ids by docker id
    std::deque<EngineEvent> ring_;
    std::vector<std::shared_ptr<Subscription>> streams_;
};

}  // namespace flow::sim
