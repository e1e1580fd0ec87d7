// Writes of one turn go together: whoever has something to write is asked once, when the loop has gone round
// without bringing a further message from a client. So a client that sent many events gets its answers in one
// write, and one that waits for its answer waits for one turn. One thread; shared by the links it serves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

namespace flow::socketio {

class Flushable {
public:
    virtual ~Flushable() = default;
    /// Gives the kernel what it takes, and never waits.
    virtual void flush() = 0;

private:
    friend class Flusher;
    bool listed_ = false;
};

class Flusher : public std::enable_shared_from_this<Flusher> {
public:
    explicit Flusher(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    /// A message has come: others may follow in this turn.
    void received() { ++received_; }
    void add(const std::shared_ptr<Flushable>& writer);

private:
    void schedule();
    void run();

    boost::asio::any_io_executor executor_;
    /// Weak, because a writer holds the flusher: a loop that is stopped would leave both behind.
    std::vector<std::weak_ptr<Flushable>> writers_;
    std::uint64_t received_ = 0;
    std::uint64_t seen_ = 0;        ///< received_ when the round was put off
    std::size_t rounds_ = 0;        ///< how often it was put off
    bool scheduled_ = false;
};

}  // namespace flow::socketio
