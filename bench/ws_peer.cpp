#include "ws_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace flow::bench {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr unsigned kTextFrame = 0x81;
constexpr unsigned kCloseOpcode = 8;

/// How long the header of an unmasked frame is and what it says; size 0: it is not whole yet.
struct FrameHeader {
    std::size_t size = 0;
    std::size_t payload = 0;
    unsigned opcode = 0;
};

std::size_t big_endian(std::string_view bytes) {
    std::size_t value = 0;
    for (const char byte : bytes) {
        value = (value << 8U) | static_cast<unsigned char>(byte);
    }
    return value;
}

FrameHeader read_header(std::string_view bytes) {
    FrameHeader header;
    if (bytes.size() < 2) {
        return header;
    }
    header.opcode = static_cast<unsigned char>(bytes[0]) & 0x0fU;
    const unsigned first = static_cast<unsigned char>(bytes[1]) & 0x7fU;
    const std::size_t more = first == 126 ? 2 : first == 127 ? 8 : 0;
    if (bytes.size() >= 2 + more) {
        header.size = 2 + more;
        header.payload = more == 0 ? first : big_endian(bytes.substr(2, more));
    }
    return header;
}

}  // namespace

Peers::Peers(std::uint16_t port) : port_(port), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    buffer_.resize(kReadBytes);
}

Peers::~Peers() {
    for (const Peer& peer : peers_) {
        if (peer.fd >= 0) {
            ::close(peer.fd);
        }
    }
    ::close(epoll_);
}

std::size_t Peers::open(const std::string& target) {
    const std::size_t number = peers_.size();
    Peer& peer = peers_.emplace_back();
    peer.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // On loopback connect() is done when the listener's queue has room; nothing is gained by not waiting.
    if (peer.fd < 0 || ::connect(peer.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = number;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event);
    peer.out = "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
               "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    mark_dirty(number);
    return number;
}

std::uint32_t Peers::next_mask() {
    mask_ ^= mask_ << 13U;
    mask_ ^= mask_ >> 17U;
    mask_ ^= mask_ << 5U;
    return mask_;
}

void Peers::mark_dirty(std::size_t number) {
    Peer& peer = peers_[number];
    if (!peer.dirty) {
        peer.dirty = true;
        dirty_.push_back(number);
    }
}

void Peers::send(std::size_t number, std::string_view text) {
    Peer& peer = peers_[number];
    if (peer.stage != Stage::open || text.size() > 0xffff) {
        return;
    }
    peer.out.push_back(static_cast<char>(kTextFrame));
    if (text.size() < 126) {
        peer.out.push_back(static_cast<char>(0x80U | text.size()));
    } else {
        peer.out.push_back(static_cast<char>(0x80U | 126U));
        peer.out.push_back(static_cast<char>(text.size() >> 8U));
        peer.out.push_back(static_cast<char>(text.size() & 0xffU));
    }
    const std::uint32_t mask = next_mask();
    std::array<char, 4> key{};
    std::memcpy(key.data(), &mask, key.size());
    peer.out.append(key.data(), key.size());
    const std::size_t begin = peer.out.size();
    peer.out.append(text);
    for (std::size_t i = 0; i < text.size(); ++i) {
        peer.out[begin + i] = static_cast<char>(peer.out[begin + i] ^ key[i % key.size()]);
    }
    mark_dirty(number);
}

bool Peers::run_once(int timeout_ms) {
    std::array<epoll_event, 512> events{};
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
        write_out(dirty_[i]);
    }
    dirty_.clear();
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), timeout_ms);
    for (int i = 0; i < count; ++i) {
        const std::size_t number = events[static_cast<std::size_t>(i)].data.u64;
        if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) {
            mark_dirty(number);
        }
        if ((events[static_cast<std::size_t>(i)].events & ~EPOLLOUT) != 0) {
            on_readable(number);
        }
    }
    return count > 0;
}

void Peers::on_readable(std::size_t number) {
    const auto got = ::recv(peers_[number].fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got <= 0) {
        close(number, got == 0 ? "the server closed the connection" : std::strerror(errno));
        return;
    }
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (peers_[number].in.empty()) {
        consume(number, bytes);
    } else {
        std::string all = std::move(peers_[number].in);
        peers_[number].in.clear();
        all.append(bytes);
        consume(number, all);
    }
}

void Peers::consume(std::size_t number, std::string_view bytes) {
    while (!bytes.empty() && peers_[number].stage != Stage::closed) {
        const std::size_t taken = peers_[number].stage == Stage::handshake ? take_handshake(number, bytes)
                                                                           : take_frame(number, bytes);
        if (taken == 0) {
            break;
        }
        bytes.remove_prefix(taken);
    }
    if (peers_[number].stage != Stage::closed) {
        peers_[number].in.assign(bytes);
    }
}

std::size_t Peers::take_handshake(std::size_t number, std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return 0;
    }
    if (!bytes.starts_with("HTTP/1.1 101 ")) {
        close(number, "the handshake was answered: " + std::string(bytes.substr(0, bytes.find('\r'))));
        return bytes.size();
    }
    peers_[number].stage = Stage::open;
    ++open_count_;
    user_->on_open(number);
    return end + 4;
}

std::size_t Peers::take_frame(std::size_t number, std::string_view bytes) {
    const FrameHeader header = read_header(bytes);
    if (header.size == 0 || bytes.size() < header.size + header.payload) {
        return 0;
    }
    if (header.opcode == kCloseOpcode) {
        close(number, "the server sent a close frame");
    } else {
        user_->on_text(number, bytes.substr(header.size, header.payload));
    }
    return header.size + header.payload;
}

void Peers::write_out(std::size_t number) {
    Peer& peer = peers_[number];
    peer.dirty = false;
    if (peer.stage == Stage::closed || peer.out.empty()) {
        return;
    }
    const auto sent = ::send(peer.fd, peer.out.data(), peer.out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        close(number, std::strerror(errno));
        return;
    }
    peer.out.erase(0, sent < 0 ? 0 : static_cast<std::size_t>(sent));
    if (peer.out.empty() == peer.wants_write) {
        peer.wants_write = !peer.out.empty();
        epoll_event event{};
        event.events = peer.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
        event.data.u64 = number;
        ::epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.fd, &event);
    }
}

void Peers::close(std::size_t number, const std::string& why) {
    Peer& peer = peers_[number];
    open_count_ -= peer.stage == Stage::open ? 1 : 0;
    peer.stage = Stage::closed;
    ::close(peer.fd);
    peer.fd = -1;
    user_->on_closed(number, why);
}

}  // namespace flow::bench
