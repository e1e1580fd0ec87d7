// flow-runtime: PID 1 of a flow's container (contract 6). Runs the flow's program, joins its input and output to the
// manager's socket, one JSON object a line, forwards signals, reaps, and ends with the program's own exit code.
#include <poll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/answers.hpp"
#include "runtime/child.hpp"
#include "runtime/link.hpp"
#include "runtime/relay.hpp"

namespace flow::runtime {
namespace {

constexpr const char* kUsage =
    "usage: flow-runtime [COMMAND [ARGUMENT ...]]\n"
    "\n"
    "Runs COMMAND, else the shell command in FLOW_COMMAND, else /app/main, and joins its standard input and\n"
    "output, one JSON object a line, to the Unix socket in FLOW_SOCKET. Standard error is the log. Signals are\n"
    "forwarded, and the program's exit code is passed on. Without a program it stays up and answers each\n"
    "message with an error. FLOW_PROGRAM names another program than /app/main.\n";
constexpr long kLastWordsMs = 1000;     ///< for what the program has printed before its end
constexpr std::size_t kPiece = 64u << 10;

long now_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

std::string variable(const char* name, const char* otherwise = "") {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

/// Empty: there is no program.
std::vector<std::string> command_of(int argc, char** argv) {
    if (argc > 1) {
        return {argv + 1, argv + argc};
    }
    if (const std::string line = variable("FLOW_COMMAND"); !line.empty()) {
        return {"/bin/sh", "-c", line};
    }
    const std::string program = variable("FLOW_PROGRAM", "/app/main");
    return access(program.c_str(), F_OK) == 0 ? std::vector<std::string>{program}
                                              : std::vector<std::string>{};
}

class Runtime {
public:
    Runtime(const std::vector<std::string>& command, std::string socket)
        : link_(std::move(socket)), signals_(signal_descriptor()) {
        if (!command.empty()) {
            child_ = start_child(command, link_.wanted());
        }
    }

    int run();

private:
    struct Polled {
        pollfd signals, link, in, out;
    };
    Polled what_to_wait_for(bool ended) const;
    void read_signals();
    void read_output();
    void write_input();
    void answer_for_nobody();
    bool is_over(long now) const;

    Link link_;
    int signals_;
    Child child_;
    Relay to_program_;
    Relay to_manager_;
    int code_ = -1;             ///< of the program; -1 while it runs
    long ended_at_ = 0;
    bool told_to_end_ = false;
};

int Runtime::run() {
    while (true) {
        const long now = now_ms();
        if (is_over(now)) {
            return std::max(code_, 0);
        }
        int timeout = link_.connect_if_due(now);
        if (code_ >= 0) {
            const int left = static_cast<int>(std::max(ended_at_ + kLastWordsMs - now, 0L));
            timeout = timeout < 0 ? left : std::min(timeout, left);
        }
        Polled polled = what_to_wait_for(code_ >= 0);
        auto* all = reinterpret_cast<pollfd*>(&polled);
        if (poll(all, sizeof polled / sizeof(pollfd), timeout) < 0 && errno != EINTR) {
            std::fprintf(stderr, "flow-runtime: poll: %s\n", std::strerror(errno));
            return 1;
        }
        if (polled.signals.revents != 0) {
            read_signals();
        }
        if (polled.out.revents != 0) {
            read_output();
        }
        if (link_.connected() && (polled.link.revents != 0 || link_.has_to_write(to_manager_))) {
            link_.move(polled.link.revents, to_program_, to_manager_, now_ms());
        }
        if (child_.pid == 0) {
            answer_for_nobody();
        } else if (!to_program_.ready().empty()) {
            write_input();
        }
    }
}

/// The program has ended and what it said is told, as far as somebody listens; or there is none, and we are to end.
bool Runtime::is_over(long now) const {
    if (child_.pid == 0) {
        return told_to_end_;
    }
    if (code_ < 0) {
        return false;
    }
    const bool said_all = child_.out < 0 && to_manager_.ready().empty();
    return said_all || now - ended_at_ >= kLastWordsMs;
}

Runtime::Polled Runtime::what_to_wait_for(bool ended) const {
    Polled polled{{signals_, POLLIN, 0}, {-1, 0, 0}, {-1, 0, 0}, {-1, 0, 0}};
    if (link_.connected()) {
        polled.link.fd = link_.descriptor();
        // While the program reads nothing, nothing more is taken from the manager.
        polled.link.events = to_program_.wants_more() && !ended ? POLLIN : 0;
        polled.link.events |= link_.has_to_write(to_manager_) ? POLLOUT : 0;
    }
    if (!to_program_.ready().empty()) {
        polled.in = {child_.in, POLLOUT, 0};
    }
    if (to_manager_.wants_more()) {
        polled.out = {child_.out, POLLIN, 0};
    }
    return polled;
}

void Runtime::read_signals() {
    signalfd_siginfo info{};
    while (read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        const int number = static_cast<int>(info.ssi_signo);
        const bool ours = number == SIGCHLD || number == SIGPIPE;   // a pipe or socket that nobody reads any more
        if (ours) {
            continue;
        }
        if (child_.pid != 0 && code_ < 0) {
            kill(child_.pid, number);
        } else if (number == SIGTERM || number == SIGINT || number == SIGQUIT) {
            told_to_end_ = true;
        }
    }
    const auto code = reap(child_.pid);
    if (code && child_.pid != 0) {
        code_ = *code;
        ended_at_ = now_ms();
    }
}

void Runtime::read_output() {
    char piece[kPiece];
    const ssize_t got = read(child_.out, piece, sizeof piece);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        close(child_.out);
        child_.out = -1;
        to_manager_.finish();
        return;
    }
    if (!to_manager_.feed({piece, static_cast<std::size_t>(got)})) {
        std::fprintf(stderr, "flow-runtime: a line of the program was too long and is dropped\n");
    }
}

void Runtime::write_input() {
    const std::string_view ready = to_program_.ready();
    const ssize_t sent = child_.in < 0 ? -1 : write(child_.in, ready.data(), ready.size());
    if (sent >= 0) {
        to_program_.written(static_cast<std::size_t>(sent));
        return;
    }
    if (child_.in >= 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (child_.in >= 0) {       // it does not read any more
        close(child_.in);
        child_.in = -1;
    }
    to_program_.written(ready.size());
}

void Runtime::answer_for_nobody() {
    std::string_view ready = to_program_.ready();
    std::size_t taken = 0;
    while (!ready.empty()) {
        const std::size_t end = ready.find('\n');
        const std::string_view message = ready.substr(0, end);
        if (!message.empty()) {
            to_manager_.feed(no_program_answer(message));
        }
        taken += end + 1;
        ready.remove_prefix(end + 1);
    }
    to_program_.written(taken);
}

}  // namespace
}  // namespace flow::runtime

int main(int argc, char** argv) {
    if (argc > 1 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
        std::fputs(flow::runtime::kUsage, stdout);
        return 0;
    }
    flow::runtime::Runtime runtime{flow::runtime::command_of(argc, argv),
                                   flow::runtime::variable("FLOW_SOCKET")};
    return runtime.run();
}
