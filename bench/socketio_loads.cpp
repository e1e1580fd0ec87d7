#include "socketio_loads.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <stdexcept>

namespace flow::bench {
namespace {

/// 80 bytes of JSON, about what an application sends.
constexpr std::string_view kArgument =
    R"({"id":123456,"name":"container7","state":"running","cpu":12.75,"tags":["a","b"]})";
static_assert(kArgument.size() == 80);

constexpr std::size_t kJoiningAtOnce = 64;

double own_cpu_us() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double percentile(std::vector<double>& values, double part) {
    if (values.empty()) {
        return 0;
    }
    const auto at = std::min(values.size() - 1, static_cast<std::size_t>(part * static_cast<double>(values.size())));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    return values[at];
}

template <class... Values>
std::string text(const char* format, Values... values) {
    std::array<char, 400> line{};
    std::snprintf(line.data(), line.size(), format, values...);
    return line.data();
}

[[noreturn]] void unexpected(std::size_t peer, std::string_view packet) {
    throw std::runtime_error("client " + std::to_string(peer) + " got " + std::string(packet.substr(0, 200)));
}

}  // namespace

double cpu_time_us(int pid) {
    clockid_t clock = 0;
    timespec now{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &now) != 0) {
        throw std::runtime_error("no CPU time of process " + std::to_string(pid));
    }
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

Load::Load(const LoadOptions& options)
    : options_(options), peers_(options.port), end_(Clock::now() + options.limit) {
    peers_.set_user(*this);
}

void Load::on_text(std::size_t peer, std::string_view packet) {
    if (packet.starts_with("42") || packet.starts_with("43")) {
        if (!packet.starts_with(R"(42["auth")")) {
            on_packet(peer, packet);
        }
    } else if (packet.starts_with("0{")) {
        peers_.send(peer, "40");
    } else if (packet.starts_with("40{")) {
        ++joined_;
    } else if (packet == "2") {
        peers_.send(peer, "3");
    } else {
        unexpected(peer, packet);
    }
}

void Load::on_closed(std::size_t peer, const std::string& why) {
    throw std::runtime_error("client " + std::to_string(peer) + " lost its connection: " + why);
}

void Load::check_limit() const {
    if (Clock::now() > end_) {
        throw std::runtime_error("not done after " + std::to_string(options_.limit.count()) + " s");
    }
}

void Load::join_all(std::size_t clients) {
    std::size_t opened = 0;
    run_until([&] {
        for (; opened < clients && opened - joined_ < kJoiningAtOnce; ++opened) {
            peers_.open("/socket.io/?EIO=4&transport=websocket");
        }
        return joined_ == clients;
    });
}

void Load::begin_measuring() {
    began_ = Clock::now();
    own_cpu_before_ = own_cpu_us();
    cpu_before_ = cpu_time_us(options_.server_pid);
}

std::string Load::measured(std::size_t count) const {
    const double cpu = cpu_time_us(options_.server_pid) - cpu_before_;
    const double own = own_cpu_us() - own_cpu_before_;
    const double took = std::chrono::duration<double, std::micro>(Clock::now() - began_).count();
    const auto number = static_cast<double>(count);
    return text(R"("count":%zu,"cpu_us_each":%.4f,"per_s":%.0f,"server_busy":%.3f,"load_busy":%.3f)", count,
                cpu / number, number / took * 1e6, cpu / took, own / took);
}

AckLoad::AckLoad(const LoadOptions& options)
    : Load(options), tail_("[\"message-with-ack\"," + std::string(kArgument) + "]") {}

void AckLoad::ask(std::size_t peer) {
    if (peer == options_.clients) {
        probe_sent_ = Clock::now();
    }
    peers_.send(peer, "42" + std::to_string(next_id_[peer]++) + tail_);
}

void AckLoad::on_packet(std::size_t peer, std::string_view packet) {
    const auto args = packet.find('[');
    if (!packet.starts_with("43") || args == std::string_view::npos ||
        packet.substr(args + 1) != std::string_view(tail_).substr(tail_.find(',') + 1)) {
        unexpected(peer, packet);
    }
    if (peer == options_.clients && measuring_) {
        const std::chrono::duration<double, std::micro> took = Clock::now() - probe_sent_;
        latencies_.push_back(took.count());
    }
    ++answered_;
    ask(peer);
}

std::string AckLoad::run() {
    join_all(options_.clients + 1);
    next_id_.resize(options_.clients + 1);
    ask(options_.clients);
    for (std::size_t peer = 0; peer < options_.clients; ++peer) {
        for (std::size_t i = 0; i < options_.in_flight; ++i) {
            ask(peer);
        }
    }
    run_until([&] { return answered_ >= options_.warmup; });
    measuring_ = true;
    const std::size_t before = answered_;
    begin_measuring();
    run_until([&] { return answered_ - before >= options_.count; });
    const std::string cost = measured(answered_ - before);
    return "{" + cost + text(R"(,"p50_us":%.1f,"p99_us":%.1f,"latencies":%zu})", percentile(latencies_, 0.5),
                             percentile(latencies_, 0.99), latencies_.size());
}

MessageLoad::MessageLoad(const LoadOptions& options) : Load(options) {
    if (options.containers.empty()) {
        throw std::runtime_error("messages need --containers ID,ID");
    }
}

void MessageLoad::ask(std::size_t peer) {
    if (peer == options_.clients) {
        probe_sent_ = Clock::now();
    }
    const std::string& container = options_.containers[asked_ % options_.containers.size()];
    peers_.send(peer, "42" + std::to_string(++asked_) + R"(["send_message",{"container_id":")" + container +
                          R"(","message":)" + std::string(kArgument) +
                          (options_.expect_reply ? R"(,"expect_reply":true}])" : "}]"));
}

void MessageLoad::on_packet(std::size_t peer, std::string_view packet) {
    if (packet.starts_with("42")) {
        return;     // an answer's event, or what was told before the subscription
    }
    if (packet.starts_with("430[")) {
        ++subscribed_;
        return;
    }
    if (packet.find(R"([{"ok":true)") == packet.npos) {
        unexpected(peer, packet);
    }
    if (peer == options_.clients && measuring_) {
        const std::chrono::duration<double, std::micro> took = Clock::now() - probe_sent_;
        latencies_.push_back(took.count());
    }
    ++answered_;
    ask(peer);
}

std::string MessageLoad::run() {
    join_all(options_.clients + 1);
    for (std::size_t peer = 0; peer <= options_.clients; ++peer) {
        peers_.send(peer, R"(420["subscribe",{"types":["logging_error"]}])");
    }
    run_until([&] { return subscribed_ == options_.clients + 1; });
    ask(options_.clients);
    for (std::size_t peer = 0; peer < options_.clients; ++peer) {
        for (std::size_t i = 0; i < options_.in_flight; ++i) {
            ask(peer);
        }
    }
    run_until([&] { return answered_ >= options_.warmup; });
    measuring_ = true;
    const std::size_t before = answered_;
    begin_measuring();
    run_until([&] { return answered_ - before >= options_.count; });
    const std::string cost = measured(answered_ - before);
    return "{" + cost + text(R"(,"p50_us":%.1f,"p99_us":%.1f,"latencies":%zu})", percentile(latencies_, 0.5),
                             percentile(latencies_, 0.99), latencies_.size());
}

BroadcastLoad::BroadcastLoad(const LoadOptions& options)
    : Load(options), event_("42[\"broadcast\"," + std::string(kArgument) + "]") {}

void BroadcastLoad::send_one() {
    if (left_ > 0) {
        --left_;
        peers_.send(0, event_);
    }
}

void BroadcastLoad::on_packet(std::size_t peer, std::string_view packet) {
    if (packet != event_) {
        unexpected(peer, packet);
    }
    ++delivered_;
    if (peer == 0) {
        send_one();
    }
}

void BroadcastLoad::broadcast_and_wait(std::size_t count) {
    delivered_ = 0;
    left_ = count;
    for (std::size_t i = 0; i < options_.in_flight; ++i) {
        send_one();
    }
    run_until([&] { return delivered_ == count * options_.clients; });
}

std::string BroadcastLoad::run() {
    join_all(options_.clients);
    broadcast_and_wait(options_.warmup);
    begin_measuring();
    broadcast_and_wait(options_.count);
    return "{" + measured(delivered_) + "}";
}

IdleLoad::IdleLoad(const LoadOptions& options) : Load(options) {}

void IdleLoad::on_packet(std::size_t peer, std::string_view packet) {
    if (packet != R"(430["here"])") {
        unexpected(peer, packet);
    }
    ++answered_;
}

std::string IdleLoad::run() {
    join_all(options_.clients);
    std::printf("joined %zu\n", options_.clients);
    std::fflush(stdout);
    run_until([] {
        pollfd input{STDIN_FILENO, POLLIN, 0};
        return ::poll(&input, 1, 0) > 0;
    });
    for (std::size_t peer = 0; peer < options_.clients; ++peer) {
        peers_.send(peer, R"(420["message-with-ack","here"])");
    }
    run_until([&] { return answered_ == options_.clients; });
    return text(R"({"held":%zu})", answered_);
}

}  // namespace flow::bench
