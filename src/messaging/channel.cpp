#include "messaging/channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace flow::messaging {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kPiece = 16u << 10;  ///< read at once: then others have their turn

/// One for all channels: nothing is kept in it between two reads.
std::array<char, kPiece>& piece() {
    static thread_local std::array<char, kPiece> bytes;
    return bytes;
}

}  // namespace

Channel::Channel(Listeners& listeners, ChannelConfig config, ChannelOwner& owner)
    : listeners_(listeners), config_(std::move(config)), owner_(&owner) {}

domain::Result<void> Channel::listen() {
    listeners_.close(std::exchange(listener_, -1));
    const auto opened = listeners_.open(config_.path, *this);
    if (!opened) {
        return opened.error();
    }
    listener_ = *opened;
    struct stat file{};
    inode_ = ::stat(config_.path.c_str(), &file) == 0 ? file.st_ino : 0;
    return {};
}

bool Channel::is_bound() const {
    struct stat file{};
    return listener_ >= 0 && ::stat(config_.path.c_str(), &file) == 0 && file.st_ino == inode_;
}

void Channel::close() {
    listeners_.close(std::exchange(listener_, -1));
    owner_ = nullptr;
    end_connection();
}

void Channel::tell_connection(bool connected) {
    if (owner_ != nullptr) {
        owner_->on_connection(config_.id, connected);
    }
}

/// Once, until it is over.
void Channel::tell_trouble(bool& told, const std::string& what) {
    if (!std::exchange(told, true) && owner_ != nullptr) {
        owner_->on_trouble(config_.id, what);
    }
}

void Channel::cannot_take(const std::string& why) {
    tell_trouble(untaken_told_,
                 "its connection could not be taken: " + why + "; it waits, and is tried again in a few seconds");
}

/// Last words come before the first ones of the next connection, which waits until they were read.
bool Channel::may_take() { return !connected() || !other_side_is_gone() || !has_unread(); }

/// A container that was started anew may be here before the end of its old connection was read.
void Channel::take(int connection) {
    const auto self = shared_from_this();       // what is told may close the channel, and its owner let go of it
    untaken_told_ = false;
    error_code failed;
    Protocol::socket socket{listeners_.executor()};
    socket.assign(Protocol{}, connection, failed);
    if (failed) {
        ::close(connection);
        return tell_trouble(untaken_told_, "its connection could not be taken: " + failed.message());
    }
    if (connected() && !other_side_is_gone()) {
        return tell_trouble(second_told_, "a second connection was refused: a container has one");
    }
    end_connection();
    if (owner_ == nullptr) {
        return;
    }
    ++number_;
    second_told_ = false;
    socket.non_blocking(true, failed);
    live_ = std::make_unique<Live>(std::move(socket), config_);
    wait_in_silence();
    wait_for_bytes();
    tell_connection(true);
}

/// Also when it left something to read.
bool Channel::other_side_is_gone() const {
    constexpr short kEnd = POLLHUP | POLLRDHUP | POLLERR;
    pollfd state{live_->socket.native_handle(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & kEnd) != 0;
}

bool Channel::has_unread() const {
    char byte = 0;
    return connected() && ::recv(live_->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void Channel::wait_in_silence() {
    if (config_.framing != Framing::automatic) {
        return;
    }
    live_->silence.emplace(listeners_.executor(), config_.silence);
    live_->silence->async_wait([self = weak_from_this(), number = number_](const error_code& failed) {
        const auto channel = self.lock();
        if (failed || !channel || channel->number_ != number || !channel->connected() ||
            channel->live_->reader.framing() != Framing::automatic) {
            return;
        }
        channel->live_->reader.use_lines();
        channel->tell_connection(true);
    });
}

void Channel::wait_for_bytes() {
    if (paused_ || std::exchange(live_->reading, true)) {
        return;
    }
    live_->socket.async_wait(Protocol::socket::wait_read,
                             [self = weak_from_this(), number = number_](const error_code& failed) {
                                 const auto channel = self.lock();
                                 if (channel && channel->number_ == number && !failed) {
                                     channel->live_->reading = false;
                                     channel->read();
                                 }
                             });
}

void Channel::pause(bool paused) {
    if (std::exchange(paused_, paused) && !paused && connected()) {
        wait_for_bytes();
    }
}

/// One piece: a container that floods must not keep others from their turn.
void Channel::read() {
    if (paused_) {
        return;     // since it began to wait for bytes
    }
    error_code failed;
    const std::size_t got = live_->socket.read_some(asio::buffer(piece()), failed);
    if (failed && failed != asio::error::would_block) {
        return end_connection();
    }
    if (failed || feed({piece().data(), got})) {
        wait_for_bytes();
    }
}

/// False: the connection that these bytes came from is over.
bool Channel::feed(std::string_view bytes) {
    const std::uint64_t number = number_;
    const bool undecided = live_->reader.framing() == Framing::automatic;
    std::vector<Frame> frames = live_->reader.feed(bytes);
    for (Frame& frame : frames) {
        if (owner_ == nullptr || number != number_ || !connected()) {
            return false;
        }
        owner_->on_frame(config_.id, std::move(frame));
    }
    if (number != number_ || !connected()) {
        return false;
    }
    if (undecided && live_->reader.framing() != Framing::automatic) {
        live_->silence.reset();
        tell_connection(true);
    }
    if (number != number_ || !connected()) {
        return false;
    }
    if (live_->reader.lost()) {
        end_connection();
        return false;
    }
    return true;
}

bool Channel::write(std::uint64_t ticket, std::string_view text) {
    if (!connected() || live_->broken || live_->reader.framing() == Framing::automatic) {
        return false;
    }
    if (!live_->out.empty() && live_->out.size() + text.size() > config_.write_ahead) {
        return false;
    }
    live_->out += framed(text, live_->reader.framing());
    live_->marks.push_back({live_->out.size(), ticket});
    if (!live_->writing) {
        flush();
    }
    return true;
}

/// What the kernel takes at once; the rest when it can take more.
void Channel::flush() {
    Live& live = *live_;
    error_code failed;
    const std::size_t sent = live.out.empty() ? 0 : live.socket.write_some(asio::buffer(live.out), failed);
    if (failed && failed != asio::error::would_block) {
        live.broken = true;     // its last words may be here already: the end is what read() finds behind them
        return;
    }
    live.out.erase(0, sent);
    std::optional<std::uint64_t> last;
    for (Mark& mark : live.marks) {
        last = mark.end <= sent ? std::optional{mark.ticket} : last;
        mark.end -= std::min(mark.end, sent);
    }
    std::erase_if(live.marks, [](const Mark& mark) { return mark.end == 0; });
    live.writing = !live.out.empty();
    if (live.writing) {
        wait_for_room();
    }
    if (last && owner_ != nullptr) {
        owner_->on_written(config_.id, *last);
    }
}

void Channel::wait_for_room() {
    live_->socket.async_wait(Protocol::socket::wait_write,
                             [self = weak_from_this(), number = number_](const error_code& failed) {
                                 const auto channel = self.lock();
                                 if (channel && channel->number_ == number && !failed) {
                                     channel->flush();
                                 }
                             });
}

void Channel::end_connection() {
    if (connected()) {
        ++number_;
        live_.reset();
        listeners_.resume(listener_);
        tell_connection(false);
    }
}

}  // namespace flow::messaging
