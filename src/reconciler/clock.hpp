// The loop's clock, as a port: real time in the daemon, virtual time in tests and schedules.
#pragma once

#include <functional>

#include <boost/asio/awaitable.hpp>

#include "domain/time.hpp"

namespace flow::reconciler {

class Clock {
public:
    virtual ~Clock() = default;
    virtual domain::Time now() const = 0;
    /// Runs `work` after `delay` on the loop's thread; never from within this call.
    virtual void after(domain::Duration delay, std::function<void()> work) = 0;
};

/// Suspends the coroutine for `delay`.
boost::asio::awaitable<void> sleep_for(Clock& clock, domain::Duration delay);

}  // namespace flow::reconciler
