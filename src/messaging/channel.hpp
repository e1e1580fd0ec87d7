// One container's socket on our side (contract 6): listens, takes the container's connection, reads and writes frames.
// A second connection beside a living one is refused. Bounded in both directions: what cannot be written stays with the
// caller. On the io_context's thread; the hooks may close the channel, not destroy it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "domain/error.hpp"
#include "messaging/frames.hpp"

namespace flow::messaging {

struct ChannelConfig {
    std::string path;                               ///< of the socket; at most 107 bytes
    Framing framing = Framing::automatic;
    std::size_t max_message = 1u << 20;             ///< bytes
    std::chrono::milliseconds silence{1000};        ///< after that a container that says nothing is written lines
    std::size_t write_ahead = 256u << 10;           ///< bytes handed over and not written yet; one message always may
};

class Channel : public std::enable_shared_from_this<Channel> {
public:
    struct Hooks {
        std::function<void(bool connected)> connection;
        /// What came; of a wrong one the excerpt.
        std::function<void(Frame frame)> received;
        /// Everything up to this ticket has left us.
        std::function<void(std::uint64_t ticket)> written;
        /// A sentence: what is wrong with the connection ("a second connection was refused").
        std::function<void(std::string what)> trouble;
    };
    Channel(boost::asio::any_io_executor executor, ChannelConfig config, Hooks hooks);

    /// Binds the socket file with mode 0666, in place of one that is there. Again when it is lost.
    domain::Result<void> listen();
    /// Is the file there, and ours?
    bool is_bound() const;
    void close();
    bool connected() const { return connection_.is_open(); }
    /// Takes it while there is room and the framing is known; answers whether it did.
    bool write(std::uint64_t ticket, std::string_view text);

private:
    using Protocol = boost::asio::local::stream_protocol;

    void accept();
    void accepted(Protocol::socket socket);
    void wait_for_bytes();
    void read();
    void flush();
    void end_connection();
    bool other_side_is_gone();
    void wait_in_silence();

    ChannelConfig config_;
    Hooks hooks_;
    Protocol::acceptor acceptor_;
    Protocol::socket connection_;
    boost::asio::steady_timer silence_;
    std::unique_ptr<FrameReader> reader_;
    std::string out_;                       ///< bytes that are still to be written
    struct Mark { std::size_t end; std::uint64_t ticket; };
    std::vector<Mark> marks_;               ///< ends of messages in out_, counted from its beginning
    bool writing_ = false;
    std::uint64_t number_ = 0;              ///< of the connection: late answers of another one mean nothing
    std::uint64_t inode_ = 0;
    bool second_told_ = false;
};

}  // namespace flow::messaging
