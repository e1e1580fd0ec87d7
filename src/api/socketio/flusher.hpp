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
    void add(std::shared_ptr<Flushable> writer);

private:
    struct Round {
        std::vector<std::shared_ptr<Flushable>> writers;
        std::uint64_t seen = 0;         ///< received_ when it was put off
        std::size_t put_off = 0;        ///< how often
        std::size_t quiet = 0;          ///< times in a row that nothing had come
    };
    void schedule(std::shared_ptr<Round> round);
    void run(std::shared_ptr<Round> round);

    boost::asio::any_io_executor executor_;
    /// Held by what was posted: a loop that never runs again takes its writers with it.
    std::weak_ptr<Round> round_;
    std::uint64_t received_ = 0;
};

}  // namespace flow::socketio
