#include "reconciler/spawn.hpp"

#include <boost/asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

namespace flow::reconciler {

void spawn(const boost::asio::any_io_executor& executor, boost::asio::awaitable<void> work,
           std::string what) {
    boost::asio::co_spawn(executor, std::move(work), [what](const std::exception_ptr& error) {
        if (!error) {
            return;
        }
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& bug) {
            spdlog::error("coroutine ended by an exception what={} error={}", what, bug.what());
        }
    });
}

}  // namespace flow::reconciler
