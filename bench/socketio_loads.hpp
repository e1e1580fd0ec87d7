// The loads that socketio_compare.py puts on a Socket.IO server, the same bytes whichever server it is. Each joins its
// clients to `/` over websockets, warms the server up, and then measures from one answer to another while the load goes on.
// One thread; a load throws when the server answers anything it should not, or too late.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ws_peer.hpp"

namespace flow::bench {

struct LoadOptions {
    std::uint16_t port = 0;
    int server_pid = 0;             ///< whose CPU time is measured
    std::size_t clients = 50;
    std::size_t in_flight = 16;     ///< of each client
    std::size_t warmup = 20'000;    ///< acknowledgements or broadcasts before the measurement
    std::size_t count = 200'000;
    std::chrono::seconds limit{120};
    std::vector<std::string> containers;    ///< of the daemon: where messages go, in turn
    bool expect_reply = false;
};

/// CPU time of all threads of a process so far, in microseconds.
double cpu_time_us(int pid);

class Load : public PeerUser {
public:
    explicit Load(const LoadOptions& options);

    void on_open(std::size_t) override {}
    void on_text(std::size_t peer, std::string_view text) override;
    void on_closed(std::size_t peer, const std::string& why) override;

    /// One line of JSON.
    virtual std::string run() = 0;

protected:
    using Clock = std::chrono::steady_clock;

    virtual void on_packet(std::size_t peer, std::string_view text) = 0;
    void join_all(std::size_t clients);
    /// Until `done` says so.
    template <class Done>
    void run_until(Done done) {
        while (!done()) {
            peers_.run_once(100);
            check_limit();
        }
    }
    void begin_measuring();
    /// CPU time and rate of `count` things, and how much of a core the server and this program took.
    std::string measured(std::size_t count) const;

    LoadOptions options_;
    Peers peers_;

private:
    void check_limit() const;

    std::size_t joined_ = 0;
    Clock::time_point end_;
    Clock::time_point began_;
    double cpu_before_ = 0;
    double own_cpu_before_ = 0;
};

/// Every client keeps `in_flight` events waiting for their acknowledgement; one more client keeps a single one, and the
/// times of its answers are told. With no other clients that is the latency of an idle server.
class AckLoad : public Load {
public:
    explicit AckLoad(const LoadOptions& options);
    std::string run() override;

private:
    void on_packet(std::size_t peer, std::string_view text) override;
    void ask(std::size_t peer);

    std::string tail_;
    std::vector<std::uint64_t> next_id_;
    std::size_t answered_ = 0;
    bool measuring_ = false;
    Clock::time_point probe_sent_;
    std::vector<double> latencies_;
};

/// Every client keeps `in_flight` messages to the daemon's containers waiting for their acknowledgement, or for the reply;
/// one more client keeps a single one, whose times are told. Clients hear no events.
class MessageLoad : public Load {
public:
    explicit MessageLoad(const LoadOptions& options);
    std::string run() override;

private:
    void on_packet(std::size_t peer, std::string_view text) override;
    void ask(std::size_t peer);

    std::size_t asked_ = 0;
    std::size_t subscribed_ = 0;
    std::size_t answered_ = 0;
    bool measuring_ = false;
    Clock::time_point probe_sent_;
    std::vector<double> latencies_;
};

/// One client keeps `in_flight` broadcasts waiting for its own copy; all others only listen.
class BroadcastLoad : public Load {
public:
    explicit BroadcastLoad(const LoadOptions& options);
    std::string run() override;

private:
    void on_packet(std::size_t peer, std::string_view text) override;
    void send_one();
    void broadcast_and_wait(std::size_t count);

    std::string event_;
    std::size_t left_ = 0;
    std::size_t delivered_ = 0;
};

/// Joins and is silent until a line comes on standard input; then each client asks once, to show that it was held.
class IdleLoad : public Load {
public:
    explicit IdleLoad(const LoadOptions& options);
    std::string run() override;

private:
    void on_packet(std::size_t peer, std::string_view text) override;

    std::size_t answered_ = 0;
};

}  // namespace flow::bench
