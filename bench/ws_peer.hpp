// The client side of many websockets on one thread: nonblocking sockets and one epoll, no more of RFC 6455 than the load
// needs (text frames out, whole frames in). It shares nothing with the server it measures. What a peer sends in one turn
// goes to the kernel in one write. Everything is called from run_once().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow::bench {

/// What the peers tell; `peer` is the number that open() gave.
class PeerUser {
public:
    virtual ~PeerUser() = default;
    virtual void on_open(std::size_t peer) = 0;
    virtual void on_text(std::size_t peer, std::string_view text) = 0;
    virtual void on_closed(std::size_t peer, const std::string& why) = 0;
};

class Peers {
public:
    explicit Peers(std::uint16_t port);
    ~Peers();
    Peers(const Peers&) = delete;
    Peers& operator=(const Peers&) = delete;

    void set_user(PeerUser& user) { user_ = &user; }
    /// Connects and asks for a websocket at `target`; numbers count from 0.
    std::size_t open(const std::string& target);
    /// Kept until the end of this turn.
    void send(std::size_t peer, std::string_view text);
    /// Waits for what comes, hands it on, writes what was sent meanwhile. False: nothing came in time.
    bool run_once(int timeout_ms);
    std::size_t open_count() const { return open_count_; }

private:
    enum class Stage { handshake, open, closed };
    struct Peer {
        int fd = -1;
        Stage stage = Stage::handshake;
        bool dirty = false;         ///< has something to write in this turn
        bool wants_write = false;   ///< the kernel took a part only
        std::string in;             ///< the beginning of a frame whose rest has not come
        std::string out;
    };

    void on_readable(std::size_t peer);
    void consume(std::size_t peer, std::string_view bytes);
    std::size_t take_handshake(std::size_t peer, std::string_view bytes);
    std::size_t take_frame(std::size_t peer, std::string_view bytes);
    void write_out(std::size_t peer);
    void mark_dirty(std::size_t peer);
    void close(std::size_t peer, const std::string& why);
    std::uint32_t next_mask();

    std::uint16_t port_;
    int epoll_;
    PeerUser* user_ = nullptr;
    std::vector<Peer> peers_;
    std::vector<std::size_t> dirty_;
    std::string buffer_;
    std::uint32_t mask_ = 0x9e3779b9U;
    std::size_t open_count_ = 0;
};

}  // namespace flow::bench
