// One container's socket on our side (contract 6): takes the container's connection, reads and writes frames.
// A second connection beside a living one is refused. Bounded in both directions: what cannot be written stays with the
// caller. Borrows the listeners, which outlive it. On the io_context's thread; what its owner does in a call of it may
// close the channel, not destroy it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "domain/error.hpp"
#include "messaging/frames.hpp"
#include "messaging/listeners.hpp"

namespace flow::messaging {

struct ChannelConfig {
    std::string id;                                 ///< of the container
    std::string path;                               ///< of the socket; at most 107 bytes
    Framing framing = Framing::automatic;
    std::size_t max_message = 1u << 20;             ///< bytes
    std::chrono::milliseconds silence{1000};        ///< after that a container that says nothing is written lines
    std::size_t write_ahead = 256u << 10;           ///< bytes handed over and not written yet; one message always may
};

/// Who is told what happens on a channel; outlives it, or closes it before it goes.
class ChannelOwner {
public:
    virtual ~ChannelOwner() = default;
    /// True again when the framing of the connection is known: from then on it can be written to.
    virtual void on_connection(const std::string& id, bool connected) = 0;
    /// What came; of a wrong one the excerpt.
    virtual void on_frame(const std::string& id, Frame frame) = 0;
    /// Everything up to this ticket has left us.
    virtual void on_written(const std::string& id, std::uint64_t ticket) = 0;
    /// A sentence: what is wrong with the connection ("a second connection was refused").
    virtual void on_trouble(const std::string& id, const std::string& what) = 0;
};

class Channel : public std::enable_shared_from_this<Channel>, private Listeners::Taker {
public:
    Channel(Listeners& listeners, ChannelConfig config, ChannelOwner& owner);
    ~Channel() override { listeners_.close(listener_); }
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Binds the socket file with mode 0666, in place of one that is there. Again when it is lost.
    domain::Result<void> listen();
    /// Is the file there, ours, and somebody listening?
    bool is_bound() const;
    /// The owner hears nothing any more.
    void close();
    bool connected() const { return live_ != nullptr; }
    const std::string& path() const { return config_.path; }
    /// Something has come and was not read yet.
    bool has_unread() const;
    /// Nothing is read while it holds: who sends has to wait.
    void pause(bool paused);
    /// Takes it while there is room and the framing is known; answers whether it did.
    bool write(std::uint64_t ticket, std::string_view text);

private:
    using Protocol = boost::asio::local::stream_protocol;
    struct Mark { std::size_t end; std::uint64_t ticket; };
    /// What only a connection needs: most containers of a large host have none.
    struct Live {
        Live(Protocol::socket taken, const ChannelConfig& config)
            : socket(std::move(taken)), reader(config.framing, config.max_message) {}

        Protocol::socket socket;
        FrameReader reader;
        std::optional<boost::asio::steady_timer> silence;
        std::string out;                    ///< bytes that are still to be written
        std::vector<Mark> marks;            ///< ends of messages in `out`, counted from its beginning
        bool writing = false;
        bool broken = false;                ///< nothing can be written; what it has said is still read
        bool reading = false;               ///< waits for bytes
    };

    bool may_take() override;
    void take(int connection) override;
    void cannot_take(const std::string& why) override;
    void tell_trouble(bool& told, const std::string& what);
    void wait_for_bytes();
    void read();
    bool feed(std::string_view bytes);
    void flush();
    void wait_for_room();
    void end_connection();
    bool other_side_is_gone() const;
    void wait_in_silence();
    void tell_connection(bool connected);

    Listeners& listeners_;
    ChannelConfig config_;
    ChannelOwner* owner_;                   ///< nullptr once it is closed
    std::unique_ptr<Live> live_;            ///< while it is connected
    std::uint64_t number_ = 0;              ///< of the connection: late answers of another one mean nothing
    std::uint64_t inode_ = 0;
    int listener_ = -1;
    bool paused_ = false;
    bool second_told_ = false;
    bool untaken_told_ = false;
};

}  // namespace flow::messaging
