#include "runtime/child.hpp"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace flow::runtime {
namespace {

constexpr int kCannotRun = 126;
constexpr int kNotFound = 127;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "flow-runtime: cannot %s: %s\n", what, std::strerror(errno));
    std::exit(kCannotRun);
}

[[noreturn]] void become(const std::vector<std::string>& command) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::vector<char*> words;
    for (const std::string& word : command) {
        words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    execvp(words[0], words.data());
    const int code = errno == ENOENT ? kNotFound : kCannotRun;
    std::fprintf(stderr, "flow-runtime: cannot run %s: %s\n", words[0], std::strerror(errno));
    _exit(code);
}

void not_blocking(int descriptor) {
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

}  // namespace

Child start_child(const std::vector<std::string>& command, bool piped) {
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    if (piped && (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)) {
        fail("make a pipe");
    }
    const pid_t pid = fork();
    if (pid < 0) {
        fail("start a process");
    }
    if (pid == 0) {
        if (piped) {
            dup2(in[0], STDIN_FILENO);
            dup2(out[1], STDOUT_FILENO);
        }
        become(command);
    }
    Child child;
    child.pid = pid;
    if (piped) {
        close(in[0]);
        close(out[1]);
        child.in = in[1];
        child.out = out[0];
        not_blocking(child.in);
        not_blocking(child.out);
    }
    return child;
}

int signal_descriptor() {
    sigset_t all;
    sigfillset(&all);
    // What tells of a fault in our own code must not wait.
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
        sigdelset(&all, fault);
    }
    sigprocmask(SIG_SETMASK, &all, nullptr);
    const int descriptor = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor < 0) {
        fail("listen to signals");
    }
    return descriptor;
}

std::optional<int> reap(pid_t pid) {
    std::optional<int> code;
    int status = 0;
    for (pid_t ended = waitpid(-1, &status, WNOHANG); ended > 0; ended = waitpid(-1, &status, WNOHANG)) {
        if (ended == pid) {
            code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
    }
    return code;
}

}  // namespace flow::runtime
