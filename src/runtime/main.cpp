// flow-runtime: PID 1 of a flow's container (contract 6). Runs the flow's program, joins its input and output to the
// manager's socket, one JSON object a line, lets through what else it prints, forwards signals, reaps, and ends with the
// program's own exit code. The program never waits for a manager that is not there.
#include <limits.h>
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
#include "runtime/output.hpp"
#include "runtime/relay.hpp"

namespace flow::runtime {
namespace {

constexpr const char* kUsage =
    "usage: flow-runtime [COMMAND [ARGUMENT ...]]\n"
    "\n"
    "Runs COMMAND, else the shell command in FLOW_COMMAND, else /app/main, and joins its standard input and\n"
    "output, one JSON object a line, to the Unix socket in FLOW_SOCKET. What it prints besides, lines that do not\n"
    "go from { to }, is the log, as is standard error. Without FLOW_SOCKET input and output are left alone.\n"
    "Signals are forwarded, and the program's exit code is passed on. Without a program it stays up and answers\n"
    "each message with an error. FLOW_PROGRAM names another program than /app/main.\n";
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
        } else {
            std::fprintf(stderr, "flow-runtime: no program: nothing at /app/main and no FLOW_COMMAND, so this container "
                                 "stays up and answers each message with an error\n");
        }
    }

    int run();

private:
    struct Polled {
        pollfd signals, link, in, out, log;
    };
    Polled what_to_wait_for(bool ended) const;
    void read_signals();
    void read_output();
    void write_log();
    void forget_oldest();
    void tell_what_is_lost();
    void write_input();
    void answer_for_nobody();
    bool is_over(long now) const;

    Link link_;
    int signals_;
    Child child_;
    Relay to_program_;
    Output output_;             ///< messages for the manager, and the log
    std::size_t forgotten_ = 0; ///< messages that nobody was there to take
    int code_ = -1;             ///< of the program; -1 while it runs
    long ended_at_ = 0;
    bool told_to_end_ = false;
};

int Runtime::run() {
    while (true) {
        const long now = now_ms();
        if (is_over(now)) {
            tell_what_is_lost();
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
        // Once it has ended, what is left in the pipe is all that it said.
        if (polled.out.revents != 0 || (code_ >= 0 && child_.out >= 0 && output_.log_wants_more())) {
            read_output();
        }
        if (polled.log.revents != 0) {
            write_log();
        }
        if (link_.connected() && (polled.link.revents != 0 || link_.has_to_write(output_.messages()))) {
            link_.move(polled.link.revents, to_program_, output_.messages(), now_ms());
        }
        forget_oldest();
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
    const bool said_all = child_.out < 0 && output_.messages().ready().empty() && output_.log().empty();
    return said_all || now - ended_at_ >= kLastWordsMs;
}

Runtime::Polled Runtime::what_to_wait_for(bool ended) const {
    Polled polled{{signals_, POLLIN, 0}, {-1, 0, 0}, {-1, 0, 0}, {-1, 0, 0}, {-1, 0, 0}};
    if (link_.connected()) {
        polled.link.fd = link_.descriptor();
        // While the program reads nothing, nothing more is taken from the manager.
        polled.link.events = to_program_.wants_more() && !ended ? POLLIN : 0;
        polled.link.events |= link_.has_to_write(output_.messages()) ? POLLOUT : 0;
    }
    if (!to_program_.ready().empty()) {
        polled.in = {child_.in, POLLOUT, 0};
    }
    if (output_.log_wants_more() && (output_.messages().wants_more() || !link_.connected())) {
        polled.out = {child_.out, POLLIN, 0};
    }
    if (!output_.log().empty()) {
        polled.log = {STDOUT_FILENO, POLLOUT, 0};
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
    // Others that it has left behind may hold the pipe open; they end with us.
    const bool more_may_come = got < 0 && (errno == EAGAIN || errno == EINTR) && code_ < 0;
    if (more_may_come) {
        return;
    }
    if (got <= 0) {
        close(child_.out);
        child_.out = -1;
        output_.finish();
        return;
    }
    if (!output_.feed({piece, static_cast<std::size_t>(got)})) {
        std::fprintf(stderr, "flow-runtime: a message of the program was too long and is dropped\n");
    }
}

/// No more at once than fits for sure into a pipe that can be written to: nobody has to wait for the engine here.
void Runtime::write_log() {
    const std::string_view log = output_.log();
    const ssize_t wrote = write(STDOUT_FILENO, log.data(), std::min<std::size_t>(log.size(), PIPE_BUF));
    if (wrote >= 0 || (errno != EAGAIN && errno != EINTR)) {
        output_.logged(wrote >= 0 ? static_cast<std::size_t>(wrote) : log.size());
    }
}

/// The program goes on while there is no manager, whatever it prints.
void Runtime::forget_oldest() {
    if (!link_.wanted()) {
        return;
    }
    if (link_.connected()) {
        if (forgotten_ != 0) {
            std::fprintf(stderr, "flow-runtime: the manager is here again; %zu messages are lost\n", forgotten_);
            forgotten_ = 0;
        }
        return;
    }
    const std::size_t now_gone = output_.messages().keep_newest(Relay::kEnough);
    if (now_gone != 0 && forgotten_ == 0) {
        std::fprintf(stderr, "flow-runtime: no manager takes the messages: only the newest are kept\n");
    }
    forgotten_ += now_gone;
}

/// At our end.
void Runtime::tell_what_is_lost() {
    const std::string_view left = output_.messages().ready();
    const std::size_t lost = forgotten_ + static_cast<std::size_t>(std::count(left.begin(), left.end(), '\n'));
    if (lost != 0) {
        std::fprintf(stderr, "flow-runtime: no manager took the last %zu messages\n", lost);
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
            output_.messages().feed(no_program_answer(message));
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
