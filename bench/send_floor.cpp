#include "send_floor.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <vector>

namespace flow::bench {
namespace {

double cpu_us() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// Connects `count` times, reads `round` bytes in all, answers with one, and so on until the other side closes.
[[noreturn]] void read_all(const sockaddr_in& server, std::size_t count, std::size_t round) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    int first = -1;
    for (std::size_t i = 0; i < count; ++i) {
        const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
        if (::connect(peer, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
            ::_exit(1);
        }
        first = first < 0 ? peer : first;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = peer;
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, peer, &event);
    }
    std::array<epoll_event, 512> events{};
    std::array<char, 65536> bytes{};
    std::size_t got = 0;
    while (true) {
        const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready; ++i) {
            const auto size = ::recv(events[static_cast<std::size_t>(i)].data.fd, bytes.data(), bytes.size(), 0);
            if (size <= 0) {
                ::_exit(0);
            }
            got += static_cast<std::size_t>(size);
        }
        if (got >= round) {
            got -= round;
            ::send(first, "x", 1, MSG_NOSIGNAL);
        }
    }
}

std::vector<int> accept_all(int listener, std::size_t count) {
    std::vector<int> peers;
    const int on = 1;
    while (peers.size() < count) {
        const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) {
            throw std::runtime_error("the reader of the floor did not connect");
        }
        ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        peers.push_back(peer);
    }
    return peers;
}

}  // namespace

std::string send_floor(std::size_t receivers, std::size_t rounds, std::size_t bytes) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener, SOMAXCONN);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    const pid_t reader = ::fork();
    if (reader == 0) {
        ::close(listener);
        read_all(address, receivers, receivers * bytes);
    }
    const std::vector<int> peers = accept_all(listener, receivers);
    const std::string payload(bytes, 'x');
    const double before = cpu_us();
    char done = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        for (const int peer : peers) {
            ::send(peer, payload.data(), payload.size(), MSG_NOSIGNAL);
        }
        ::recv(peers.front(), &done, 1, 0);
    }
    const double each = (cpu_us() - before) / static_cast<double>(rounds * receivers);
    for (const int peer : peers) {
        ::close(peer);
    }
    ::waitpid(reader, nullptr, 0);
    std::array<char, 80> line{};
    std::snprintf(line.data(), line.size(), R"({"cpu_us_each":%.4f})", each);
    return line.data();
}

}  // namespace flow::bench
