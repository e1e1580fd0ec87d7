// What this process has in memory, and bare TCP clients that cost next to nothing themselves: for tests that do a thing
// thousands of times and look whether anything stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace flow::socketio::testing {

struct Memory {
    std::size_t resident = 0;   ///< bytes, from /proc/self/statm
    std::size_t live = 0;       ///< bytes allocated and not freed
};

/// Gives what is free back to the system first, so that `resident` is about what is in use.
Memory measure_memory();

/// How much more there is, in kB; less counts as 0.
std::size_t resident_growth_kb(const Memory& before, const Memory& after);
std::size_t live_growth_kb(const Memory& before, const Memory& after);

/// A blocking TCP connection to 127.0.0.1 that closes itself. Reads give up after 10 s.
class RawPeer {
public:
    explicit RawPeer(std::uint16_t port);
    ~RawPeer();
    RawPeer(RawPeer&& other) noexcept;
    RawPeer& operator=(RawPeer&&) = delete;

    bool write(const std::string& bytes) const;
    /// Reads until `marker` has come; everything read so far, or "" when the connection ended first.
    std::string read_until(const std::string& marker);
    /// The server has closed it (or reset it), sooner or later.
    bool ends() const;

    /// Asks for a websocket and reads the answer's header.
    bool upgrade(const std::string& target);
    bool send_text(const std::string& text) const;
    /// A whole HTTP exchange; the answer's body must contain `marker`.
    std::string exchange(const std::string& method, const std::string& target, const std::string& body,
                         const std::string& marker);

private:
    int fd_;
};

}  // namespace flow::socketio::testing
