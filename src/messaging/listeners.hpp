// All listening sockets of the containers behind one descriptor: an epoll instance of our own that the io_context waits
// for. A container that never connects costs a file descriptor and a pointer here, no acceptor with its buffers.
// Each listener is of the Taker who opened it, and closed by it. On the io_context's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "domain/error.hpp"

namespace flow::messaging {

class Listeners {
public:
    class Taker {
    public:
        virtual ~Taker() = default;
        /// False: who comes waits in the queue, until resume() or the next retry().
        virtual bool may_take() { return true; }
        /// A connection has come; its descriptor, which does not block, is the Taker's now.
        virtual void take(int connection) = 0;
        /// One waits and cannot be taken ("Too many open files"). It is tried again at the next retry().
        virtual void cannot_take(const std::string& why) = 0;
    };

    explicit Listeners(boost::asio::any_io_executor executor) : executor_(executor), ready_(executor) {}
    ~Listeners();
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;

    /// Binds `path` with mode 0666, in place of a file that is there, and listens. The answer names it for close().
    domain::Result<int> open(const std::string& path, Taker& taker);
    void close(int listener);
    /// Listeners that could not take a connection are listened to again.
    void retry();
    /// That one may take a connection now.
    void resume(int listener);
    const boost::asio::any_io_executor& executor() const { return executor_; }

private:
    domain::Result<void> begin(const std::string& path);
    domain::Result<void> watch(int listener, const std::string& path);
    void wait();
    void look();
    void accept(int listener);
    void rest(int listener);

    boost::asio::any_io_executor executor_;
    boost::asio::posix::stream_descriptor ready_;       ///< the epoll instance, from the first listener on
    std::vector<Taker*> takers_;                        ///< by descriptor, which are small numbers
    std::vector<int> resting_;                          ///< not listened to until retry()
    std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace flow::messaging
