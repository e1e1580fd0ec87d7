#include "messaging/listeners.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace flow::messaging {
namespace {

constexpr mode_t kMode = 0666;
constexpr std::size_t kAtOnce = 64;         ///< connections: then others have their turn

std::string text_of(int error) { return std::system_category().message(error); }

domain::Error socket_error(const char* what, const std::string& path, const std::string& why) {
    domain::Error error;
    error.type = domain::ErrorType::socket_error;
    error.message = std::string{"cannot "} + what + " the socket " + path + ": " + why;
    error.details["path"] = path;
    return error;
}

/// Closed at the end of its scope unless it was released.
class File {
public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    ~File() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const { return descriptor_; }
    int release() { return std::exchange(descriptor_, -1); }

private:
    int descriptor_;
};

/// The connection went before it was taken, or another look will find it: nothing is wrong with the listener.
bool is_passing(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ECONNABORTED;
}

}  // namespace

Listeners::~Listeners() {
    for (std::size_t listener = 0; listener < takers_.size(); ++listener) {
        if (takers_[listener] != nullptr) {
            ::close(static_cast<int>(listener));
        }
    }
}

domain::Result<int> Listeners::open(const std::string& path, Taker& taker) {
    if (auto begun = begin(path); !begun) {
        return begun.error();
    }
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    const std::size_t longest = sizeof place.sun_path - 1;
    if (path.size() > longest) {
        return socket_error("make", path, "its path has " + std::to_string(path.size()) + " bytes, at most " +
                                              std::to_string(longest) + " can be bound; use a shorter data directory");
    }
    path.copy(place.sun_path, longest);
    File file{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (file.get() < 0) {
        return socket_error("make", path, text_of(errno));
    }
    ::unlink(path.c_str());
    if (::bind(file.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) {
        return socket_error("make", path, text_of(errno));
    }
    // A flow may run as any user, and as root without the right to write where others may not.
    if (::chmod(path.c_str(), kMode) != 0 || ::listen(file.get(), SOMAXCONN) != 0) {
        return socket_error("listen on", path, text_of(errno));
    }
    if (auto watched = watch(file.get(), path); !watched) {
        return watched.error();
    }
    const int listener = file.release();
    takers_.resize(std::max(takers_.size(), static_cast<std::size_t>(listener) + 1));
    takers_[static_cast<std::size_t>(listener)] = &taker;
    return listener;
}

/// At the first listener, not before: where no file may be opened at that time, a later call tries again.
domain::Result<void> Listeners::begin(const std::string& path) {
    if (ready_.is_open()) {
        return {};
    }
    File file{::epoll_create1(EPOLL_CLOEXEC)};
    if (file.get() < 0) {
        return socket_error("make", path, text_of(errno));
    }
    boost::system::error_code failed;
    ready_.assign(file.get(), failed);
    if (failed) {
        return socket_error("make", path, failed.message());
    }
    file.release();
    wait();
    return {};
}

domain::Result<void> Listeners::watch(int listener, const std::string& path) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.fd = listener;
    if (::epoll_ctl(ready_.native_handle(), EPOLL_CTL_ADD, listener, &wanted) != 0) {
        return socket_error("listen on", path, text_of(errno));
    }
    return {};
}

void Listeners::close(int listener) {
    const auto at = static_cast<std::size_t>(listener);
    if (listener < 0 || at >= takers_.size() || takers_[at] == nullptr) {
        return;
    }
    takers_[at] = nullptr;
    std::erase(resting_, listener);
    // Said, and not left to close(): a child that is just being started may still have the descriptor.
    ::epoll_ctl(ready_.native_handle(), EPOLL_CTL_DEL, listener, nullptr);
    ::close(listener);
}

void Listeners::retry() {
    for (const int listener : std::exchange(resting_, {})) {
        if (!watch(listener, {})) {
            resting_.push_back(listener);
        }
    }
}

void Listeners::resume(int listener) {
    if (std::erase(resting_, listener) != 0 && !watch(listener, {})) {
        resting_.push_back(listener);
    }
}

void Listeners::wait() {
    ready_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, alive = std::weak_ptr<char>{alive_}](const boost::system::error_code& failed) {
                          if (!failed && !alive.expired()) {
                              look();
                              wait();
                          }
                      });
}

/// One connection of each: what is left shows at the next look.
void Listeners::look() {
    std::array<epoll_event, kAtOnce> events{};
    const int count = ::epoll_wait(ready_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    for (int index = 0; index < count; ++index) {
        accept(events[static_cast<std::size_t>(index)].data.fd);
    }
}

/// What the one before it did may have closed this one, or even opened another under its number.
void Listeners::accept(int listener) {
    Taker* taker = takers_[static_cast<std::size_t>(listener)];
    if (taker == nullptr) {
        return;
    }
    if (!taker->may_take()) {
        return rest(listener);
    }
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
        return taker->take(connection);
    }
    if (!is_passing(errno)) {
        const std::string why = text_of(errno);
        rest(listener);
        taker->cannot_take(why);
    }
}

/// It would be told as ready again and again. Who waits to be taken stays in its queue.
void Listeners::rest(int listener) {
    ::epoll_ctl(ready_.native_handle(), EPOLL_CTL_DEL, listener, nullptr);
    resting_.push_back(listener);
}

}  // namespace flow::messaging
