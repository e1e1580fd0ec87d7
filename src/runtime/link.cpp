#include "runtime/link.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace flow::runtime {
namespace {

constexpr int kFirstPauseMs = 20;
constexpr int kLongestPauseMs = 1000;
constexpr std::size_t kPiece = 64u << 10;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// -1 when nobody listens there.
int connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return -1;
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made >= 0 && connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        close(made);
        return -1;
    }
    return made;
}

}  // namespace

int Link::connect_if_due(long now_ms) {
    if (!wanted() || connected()) {
        return -1;
    }
    if (now_ms < due_ms_) {
        return static_cast<int>(due_ms_ - now_ms);
    }
    descriptor_ = connect_to(path_);
    if (connected()) {
        since_ms_ = now_ms;
        greeted_ = false;
        return -1;
    }
    wait(now_ms);
    return pause_ms_;
}

void Link::wait(long now_ms) {
    pause_ms_ = std::min(std::max(pause_ms_ * 2, kFirstPauseMs), kLongestPauseMs);
    due_ms_ = now_ms + pause_ms_;
}

void Link::move(short events, Relay& to, Relay& from, long now_ms) {
    bool alive = true;
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
        alive = read_into(to);
    }
    if (alive && has_to_write(from)) {
        alive = write_from(from);
    }
    if (!alive) {
        drop(now_ms, to, from);
    }
}

void Link::drop(long now_ms, Relay& to, Relay& from) {
    close(descriptor_);
    descriptor_ = -1;
    // Who is refused at once, because another process of the container is connected, does not ask 50 times a second.
    pause_ms_ = now_ms - since_ms_ < kLongestPauseMs ? pause_ms_ : 0;
    wait(now_ms);
    from.begin_anew();
    to.forget_unfinished();
}

bool Link::read_into(Relay& to) {
    char piece[kPiece];
    const ssize_t got = recv(descriptor_, piece, sizeof piece, 0);
    if (got < 0) {
        return would_block();
    }
    if (got == 0) {
        return false;
    }
    if (!to.feed({piece, static_cast<std::size_t>(got)})) {
        std::fprintf(stderr, "flow-runtime: a message for the program was too long and is dropped\n");
    }
    return true;
}

bool Link::write_from(Relay& from) {
    if (!greeted_) {
        if (send(descriptor_, "\n", 1, MSG_NOSIGNAL) != 1) {
            return would_block();
        }
        greeted_ = true;
    }
    const std::string_view ready = from.ready();
    if (ready.empty()) {
        return true;
    }
    const ssize_t sent = send(descriptor_, ready.data(), ready.size(), MSG_NOSIGNAL);
    if (sent < 0) {
        return would_block();
    }
    from.written(static_cast<std::size_t>(sent));
    return true;
}

}  // namespace flow::runtime
