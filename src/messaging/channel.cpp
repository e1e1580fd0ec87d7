#include "messaging/channel.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace flow::messaging {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kPiece = 16u << 10;  ///< read at once: then others have their turn
constexpr mode_t kMode = 0666;

/// One for all channels: nothing is kept in it between two reads.
std::array<char, kPiece>& piece() {
    static thread_local std::array<char, kPiece> bytes;
    return bytes;
}

domain::Error socket_error(const std::string& what, const std::string& path, const std::string& why) {
    domain::Error error;
    error.type = domain::ErrorType::socket_error;
    error.message = "cannot " + what + " the socket " + path + ": " + why;
    error.details["path"] = path;
    return error;
}

}  // namespace

Channel::Channel(asio::any_io_executor executor, ChannelConfig config, ChannelOwner& owner)
    : config_(std::move(config)), owner_(&owner), acceptor_(executor), connection_(executor) {}

domain::Result<void> Channel::listen() {
    error_code failed;
    acceptor_.close(failed);
    ::unlink(config_.path.c_str());
    const Protocol::endpoint place{config_.path};
    acceptor_.open(place.protocol(), failed);
    if (!failed) {
        acceptor_.bind(place, failed);
    }
    if (failed) {
        const domain::Error error = socket_error("make", config_.path, failed.message());
        acceptor_.close(failed);
        return error;
    }
    // A flow may run as any user, and as root without the right to write where others may not.
    if (::chmod(config_.path.c_str(), kMode) != 0) {
        failed.assign(errno, boost::system::system_category());
    } else {
        acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    }
    if (failed) {
        const domain::Error error = socket_error("listen on", config_.path, failed.message());
        acceptor_.close(failed);
        return error;
    }
    struct stat file{};
    inode_ = ::stat(config_.path.c_str(), &file) == 0 ? file.st_ino : 0;
    accept();
    return {};
}

bool Channel::is_bound() const {
    struct stat file{};
    return acceptor_.is_open() && ::stat(config_.path.c_str(), &file) == 0 && file.st_ino == inode_;
}

void Channel::close() {
    error_code ignored;
    acceptor_.close(ignored);
    owner_ = nullptr;
    end_connection();
}

/// Where no more files may be opened it ends: whoever looks whether it is bound begins anew, a while later.
void Channel::accept() {
    acceptor_.async_accept([self = weak_from_this()](const error_code& failed, Protocol::socket socket) {
        const auto channel = self.lock();
        if (!channel || !channel->acceptor_.is_open() || failed == asio::error::operation_aborted) {
            return;
        }
        if (failed) {
            error_code ignored;
            channel->acceptor_.close(ignored);
            return;
        }
        channel->accepted(std::move(socket));
        channel->accept();
    });
}

void Channel::tell_connection(bool connected) {
    if (owner_ != nullptr) {
        owner_->on_connection(config_.id, connected);
    }
}

/// A container that was started anew may be here before the end of its old connection was read.
void Channel::accepted(Protocol::socket socket) {
    if (connected() && !other_side_is_gone()) {
        if (!std::exchange(second_told_, true) && owner_ != nullptr) {
            owner_->on_trouble(config_.id, "a second connection was refused: a container has one");
        }
        return;
    }
    end_connection();
    ++number_;
    second_told_ = false;
    connection_ = std::move(socket);
    error_code ignored;
    connection_.non_blocking(true, ignored);
    reader_ = std::make_unique<FrameReader>(config_.framing, config_.max_message);
    wait_in_silence();
    wait_for_bytes();
    tell_connection(true);
}

bool Channel::other_side_is_gone() {
    char byte = 0;
    const ssize_t got = ::recv(connection_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

void Channel::wait_in_silence() {
    if (config_.framing != Framing::automatic) {
        return;
    }
    silence_.emplace(connection_.get_executor(), config_.silence);
    silence_->async_wait([self = weak_from_this(), number = number_](const error_code& failed) {
        const auto channel = self.lock();
        if (failed || !channel || channel->number_ != number || !channel->reader_ ||
            channel->reader_->framing() != Framing::automatic) {
            return;
        }
        channel->reader_->use_lines();
        channel->tell_connection(true);
    });
}

void Channel::wait_for_bytes() {
    if (paused_ || std::exchange(reading_, true)) {
        return;
    }
    connection_.async_wait(Protocol::socket::wait_read,
                           [self = weak_from_this(), number = number_](const error_code& failed) {
                               const auto channel = self.lock();
                               if (channel && channel->number_ == number && !failed) {
                                   channel->reading_ = false;
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
    error_code failed;
    const std::size_t got = connection_.read_some(asio::buffer(piece()), failed);
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
    const bool undecided = reader_->framing() == Framing::automatic;
    std::vector<Frame> frames = reader_->feed(bytes);
    for (Frame& frame : frames) {
        if (owner_ == nullptr || number != number_ || !connected()) {
            return false;
        }
        owner_->on_frame(config_.id, std::move(frame));
    }
    if (number != number_ || !connected()) {
        return false;
    }
    if (undecided && reader_->framing() != Framing::automatic) {
        silence_.reset();
        tell_connection(true);
    }
    if (number != number_ || !connected()) {
        return false;
    }
    if (reader_->lost()) {
        end_connection();
        return false;
    }
    return true;
}

bool Channel::write(std::uint64_t ticket, std::string_view text) {
    const bool full = !out_.empty() && out_.size() + text.size() > config_.write_ahead;
    if (!connected() || broken_ || full || reader_->framing() == Framing::automatic) {
        return false;
    }
    out_ += framed(text, reader_->framing());
    marks_.push_back({out_.size(), ticket});
    if (!writing_) {
        flush();
    }
    return true;
}

/// What the kernel takes at once; the rest when it can take more.
void Channel::flush() {
    error_code failed;
    const std::size_t sent = out_.empty() ? 0 : connection_.write_some(asio::buffer(out_), failed);
    if (failed && failed != asio::error::would_block) {
        broken_ = true;     // its last words may be here already: the end is what read() finds behind them
        return;
    }
    out_.erase(0, sent);
    std::optional<std::uint64_t> last;
    for (Mark& mark : marks_) {
        last = mark.end <= sent ? std::optional{mark.ticket} : last;
        mark.end -= std::min(mark.end, sent);
    }
    std::erase_if(marks_, [](const Mark& mark) { return mark.end == 0; });
    writing_ = !out_.empty();
    if (writing_) {
        wait_for_room();
    }
    if (last && owner_ != nullptr) {
        owner_->on_written(config_.id, *last);
    }
}

void Channel::wait_for_room() {
    connection_.async_wait(Protocol::socket::wait_write,
                           [self = weak_from_this(), number = number_](const error_code& failed) {
                               const auto channel = self.lock();
                               if (channel && channel->number_ == number && !failed) {
                                   channel->flush();
                               }
                           });
}

void Channel::end_connection() {
    if (!connected()) {
        return;
    }
    ++number_;
    error_code ignored;
    connection_.close(ignored);
    silence_.reset();
    reader_.reset();
    out_ = std::string{};
    marks_ = std::vector<Mark>{};
    writing_ = broken_ = reading_ = false;
    tell_connection(false);
}

}  // namespace flow::messaging
