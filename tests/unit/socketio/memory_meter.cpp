#include "unit/socketio/memory_meter.hpp"

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <utility>

#include "unit/socketio/loopback.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FLOW_SANITIZED_ALLOCATOR 1
// Debian's GCC comes without the header that declares it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

#if defined(__SANITIZE_ADDRESS__)
// Freed blocks wait in a quarantine of 256 MB by default, and the stack of each allocation is kept: both would look like
// memory that grows. The names are the sanitizer's.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
    return "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:malloc_context_size=0";
}
#endif

namespace flow::socketio::testing {
namespace {

std::size_t growth_kb(std::size_t before, std::size_t after) {
    return after > before ? (after - before) / 1024 : 0;
}

std::string frame(const std::string& text) {
    std::string bytes = "\x81";
    bytes.push_back(static_cast<char>(0x80U | text.size()));
    bytes.append(4, '\0');      // a mask of zeros leaves the text as it is
    return bytes + text;
}

}  // namespace

Memory measure_memory() {
    Memory memory;
#ifdef FLOW_SANITIZED_ALLOCATOR
    memory.live = __sanitizer_get_current_allocated_bytes();
#else
    ::malloc_trim(0);
    const auto info = ::mallinfo2();
    memory.live = info.uordblks + info.hblkhd;
#endif
    std::ifstream statm("/proc/self/statm");
    std::size_t total = 0;
    std::size_t pages = 0;
    statm >> total >> pages;
    memory.resident = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return memory;
}

std::size_t resident_growth_kb(const Memory& before, const Memory& after) {
    return growth_kb(before.resident, after.resident);
}

std::size_t live_growth_kb(const Memory& before, const Memory& after) {
    return growth_kb(before.live, after.live);
}

RawPeer::RawPeer(std::uint16_t port) : fd_(connect_raw(port)) {}

RawPeer::~RawPeer() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

RawPeer::RawPeer(RawPeer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

bool RawPeer::write(const std::string& bytes) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto sent = ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        done += static_cast<std::size_t>(sent);
    }
    return true;
}

std::string RawPeer::read_until(const std::string& marker) {
    std::string all;
    std::array<char, 4096> part{};
    while (all.find(marker) == std::string::npos) {
        const auto got = ::recv(fd_, part.data(), part.size(), 0);
        if (got <= 0) {
            return "";
        }
        all.append(part.data(), static_cast<std::size_t>(got));
    }
    return all;
}

bool RawPeer::ends() const {
    std::array<char, 4096> part{};
    ssize_t got = 1;
    while (got > 0) {
        got = ::recv(fd_, part.data(), part.size(), 0);
    }
    return got == 0 || errno == ECONNRESET;
}

bool RawPeer::upgrade(const std::string& target) {
    write("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    return read_until("\r\n\r\n").starts_with("HTTP/1.1 101");
}

bool RawPeer::send_text(const std::string& text) const {
    return write(frame(text));
}

std::string RawPeer::exchange(const std::string& method, const std::string& target, const std::string& body,
                              const std::string& marker) {
    write(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body);
    return read_until(marker);
}

}  // namespace flow::socketio::testing
