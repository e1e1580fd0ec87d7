#include "daemon/folder_watch.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <spdlog/spdlog.h>
#include <sys/inotify.h>

namespace flow::daemon {
namespace {

/// Nothing has changed for so long: what belongs together is there.
constexpr std::chrono::milliseconds kQuiet{300};
/// A tool that removes files and writes them anew is done with it.
constexpr std::chrono::seconds kSettled{2};
/// A pass is put off no longer, by a file that is never closed or by changes that do not end.
constexpr std::chrono::seconds kLongestWait{30};
constexpr std::chrono::seconds kAgain{2};

constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MODIFY |
                                   IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF |
                                   IN_MOVE_SELF;

/// Writing to a file of another kind, a log for instance, is no change of the manifests.
bool counts(const inotify_event& event, const std::string& name) {
    const bool content = (event.mask & (IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB)) != 0;
    return !content || name.ends_with(".yaml") || name.ends_with(".yml");
}

}  // namespace

FolderWatch::FolderWatch(boost::asio::io_context& io, std::string path, Pass pass)
    : path_(std::move(path)), pass_(std::move(pass)), events_(io), quiet_(io), settled_(io),
      again_(io) {}

void FolderWatch::start() {
    if (!watch()) {
        watch_later();
    }
}

void FolderWatch::stop() {
    stopped_ = true;
    unwatch();
    quiet_.cancel();
    settled_.cancel();
    again_.cancel();
}

bool FolderWatch::watch() {
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ErrorCode failed{errno, boost::system::system_category()};
    if (descriptor >= 0) {
        events_.assign(descriptor, failed);
        if (!failed && ::inotify_add_watch(descriptor, path_.c_str(), kChanges | IN_ONLYDIR) >= 0) {
            warned_ = false;
            read_events();
            return true;
        }
        failed.assign(errno, boost::system::system_category());
        unwatch();
    }
    if (!std::exchange(warned_, true)) {
        spdlog::warn("the folder of manifests cannot be watched, looking at it every {} s "
                     "folder={} error=\"{}\"",
                     kAgain.count(), path_, failed.message());
    }
    return false;
}

void FolderWatch::unwatch() {
    ErrorCode ignored;
    events_.close(ignored);
    written_to_.clear();
}

void FolderWatch::watch_later() {
    again_.expires_after(kAgain);
    again_.async_wait([this](ErrorCode error) {
        if (error || stopped_) {
            return;
        }
        if (!watch()) {
            watch_later();
        }
        look();
    });
}

void FolderWatch::read_events() {
    events_.async_read_some(boost::asio::buffer(buffer_), [this](ErrorCode error, std::size_t size) {
        if (stopped_ || error == boost::asio::error::operation_aborted) {
            return;
        }
        if (error) {
            unwatch();
            return watch_later();
        }
        take_events(size);
        if (events_.is_open()) {
            read_events();
        }
    });
}

void FolderWatch::take_events(std::size_t size) {
    bool lost = false;
    bool changed = false;
    std::size_t at = 0;
    while (at + sizeof(inotify_event) <= size) {
        inotify_event event{};
        std::memcpy(&event, buffer_.data() + at, sizeof event);
        const char* text = buffer_.data() + at + sizeof event;
        const std::string name(text, ::strnlen(text, event.len));
        at += sizeof event + event.len;
        changed = changed || counts(event, name);
        lost = lost || (event.mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0;
        if ((event.mask & IN_Q_OVERFLOW) != 0) {
            written_to_.clear();
        } else if ((event.mask & IN_MODIFY) != 0 && counts(event, name)) {
            written_to_.insert(name);
        } else if ((event.mask & (IN_CREATE | IN_ATTRIB)) == 0) {
            written_to_.erase(name);
        }
    }
    if (lost) {
        unwatch();
        watch_later();
    }
    if (changed) {
        look();
    }
}

bool FolderWatch::waited_long() const {
    return std::chrono::steady_clock::now() - changed_at_ > kLongestWait;
}

void FolderWatch::look() {
    if (!waits_) {
        waits_ = true;
        changed_at_ = std::chrono::steady_clock::now();
    } else if (waited_long()) {
        return;     // what is due is not put off any more
    }
    when_quiet(false);
    when_quiet(true);
}

void FolderWatch::when_quiet(bool settled) {
    boost::asio::steady_timer& timer = settled ? settled_ : quiet_;
    if (settled) {
        timer.expires_after(kSettled);
    } else {
        timer.expires_after(kQuiet);
    }
    timer.async_wait([this, settled](ErrorCode error) {
        if (error || stopped_) {
            return;
        }
        if (!written_to_.empty() && !waited_long()) {
            return when_quiet(settled);
        }
        waits_ = waits_ && !settled;
        run(settled);
    });
}

void FolderWatch::run(bool settled) {
    if (passing_) {
        changed_ = true;
        return;
    }
    passing_ = true;
    pass_(settled, [this] {
        passing_ = false;
        if (std::exchange(changed_, false) && !stopped_) {
            look();
        }
    });
}

}  // namespace flow::daemon
