// The system's clock and Asio's timers behind the loop's port. Runs on the io_context's thread.
#pragma once

#include <boost/asio/io_context.hpp>

#include "reconciler/clock.hpp"

namespace flow::daemon {

domain::Time system_now();

class RealClock : public reconciler::Clock {
public:
    explicit RealClock(boost::asio::io_context& io) : io_(io) {}
    domain::Time now() const override { return system_now(); }
    /// Measured on the steady clock: a jump of the system's clock freezes nothing.
    void after(domain::Duration delay, std::function<void()> work) override;

private:
    boost::asio::io_context& io_;
};

}  // namespace flow::daemon
