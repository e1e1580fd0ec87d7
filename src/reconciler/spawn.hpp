// Starts a coroutine of the loop; what it throws is a bug and is logged with the place it came from.
#pragma once

#include <exception>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace flow::reconciler {

void spawn(const boost::asio::any_io_executor& executor, boost::asio::awaitable<void> work,
           std::string what);

}  // namespace flow::reconciler
