// Watches the folder of --manifests and asks for a pass when something in it has changed: a first one when nothing has
// changed for a moment and no file is being written, a settled one some seconds later. A folder that is gone, or that the
// system cannot watch, is looked at from time to time. One pass at a time. On the io_context's thread; stop() before
// it is destroyed.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace flow::daemon {

class FolderWatch {
public:
    /// Calls `done` when the pass is over.
    using Pass = std::function<void(bool settled, std::function<void()> done)>;

    FolderWatch(boost::asio::io_context& io, std::string path, Pass pass);

    /// Changes count from now on.
    void start();
    void stop();
    /// A pass soon, as if something had changed.
    void look();

private:
    using ErrorCode = boost::system::error_code;

    bool watch();
    void read_events();
    void take_events(std::size_t size);
    void unwatch();
    void watch_later();
    void when_quiet(bool settled);
    void run(bool settled);
    bool waited_long() const;

    std::string path_;
    Pass pass_;
    boost::asio::posix::stream_descriptor events_;
    boost::asio::steady_timer quiet_;
    boost::asio::steady_timer settled_;
    boost::asio::steady_timer again_;
    alignas(8) std::array<char, 8192> buffer_{};
    std::set<std::string> written_to_;      ///< files that were written to and are not closed
    std::chrono::steady_clock::time_point changed_at_;  ///< the first change that no settled pass has seen
    bool waits_ = false;
    bool warned_ = false;
    bool passing_ = false;
    bool changed_ = false;                  ///< during the pass
    bool stopped_ = false;
};

}  // namespace flow::daemon
