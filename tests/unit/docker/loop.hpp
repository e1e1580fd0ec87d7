// Runs one awaitable on a test's own io_context to its end, with a deadline; and polls for a
// condition. Single thread; the loop owns nothing of the test.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace flow::docker::testing {

class Loop {
public:
    boost::asio::io_context& context() { return context_; }
    boost::asio::any_io_executor executor() { return context_.get_executor(); }

    /// The awaitable's value; throws when it takes longer than `limit`, or throws itself.
    template <class T>
    T run(boost::asio::awaitable<T> work, std::chrono::seconds limit = std::chrono::seconds{60}) {
        std::optional<T> value;
        std::exception_ptr thrown;
        boost::asio::co_spawn(context_, std::move(work), [&](std::exception_ptr failed, T got) {
            thrown = failed;
            value.emplace(std::move(got));
        });
        if (!eventually([&value] { return value.has_value(); }, limit)) {
            throw std::runtime_error("the call did not end in time");
        }
        if (thrown) {
            std::rethrow_exception(thrown);
        }
        return std::move(*value);
    }

    /// Runs the loop until `check` holds; false when it does not within `limit`.
    bool eventually(const std::function<bool()>& check,
                    std::chrono::seconds limit = std::chrono::seconds{30}) {
        const auto until = std::chrono::steady_clock::now() + limit;
        while (!check()) {
            if (std::chrono::steady_clock::now() > until) {
                return false;
            }
            context_.restart();
            context_.run_one_for(std::chrono::milliseconds{20});
        }
        return true;
    }

private:
    boost::asio::io_context context_;
};

}  // namespace flow::docker::testing
