#include "daemon/real_clock.hpp"

#include <memory>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace flow::daemon {

domain::Time system_now() {
    return std::chrono::time_point_cast<domain::Duration>(std::chrono::system_clock::now());
}

void RealClock::after(domain::Duration delay, std::function<void()> work) {
    if (delay <= domain::Duration{0}) {
        boost::asio::post(io_, std::move(work));
        return;
    }
    auto timer = std::make_shared<boost::asio::steady_timer>(io_, delay);
    timer->async_wait([timer, work = std::move(work)](const boost::system::error_code& error) {
        if (!error) {
            work();
        }
    });
}

}  // namespace flow::daemon
