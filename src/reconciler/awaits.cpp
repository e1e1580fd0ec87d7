#include "reconciler/awaits.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

namespace flow::reconciler {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable_t;

/// A completion handler that std::function can hold: Asio's are move-only.
template <class Handler>
auto shared(Handler&& handler) {
    return std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
}

/// Completes on the handler's own executor, never inside the caller.
template <class Handler, class... Args>
void complete(std::shared_ptr<Handler> handler, Args... args) {
    auto executor = asio::get_associated_executor(*handler);
    asio::post(executor, [handler = std::move(handler), args...]() mutable {
        Handler call = std::move(*handler);
        std::move(call)(args...);
    });
}

}  // namespace

asio::awaitable<void> sleep_for(Clock& clock, domain::Duration delay) {
    return asio::async_initiate<const use_awaitable_t<>&, void()>(
        [&clock, delay](auto handler) {
            auto kept = shared(std::move(handler));
            clock.after(delay, [kept] { complete(kept); });
        },
        asio::use_awaitable);
}

asio::awaitable<bool> commit(domain::Store& store, std::string container_id,
                             domain::Store::Change change) {
    return asio::async_initiate<const use_awaitable_t<>&, void(bool)>(
        [](auto handler, domain::Store* target, std::string id, domain::Store::Change verb) {
            auto kept = shared(std::move(handler));
            target->change(id, std::move(verb), [kept](domain::Result<void> result) {
                complete(kept, result.has_value());
            });
        },
        asio::use_awaitable, &store, std::move(container_id), std::move(change));
}

struct Signal::Waiter {
    std::function<void()> wake;
};

asio::awaitable<void> Signal::wait(domain::Duration limit) {
    return asio::async_initiate<const use_awaitable_t<>&, void()>(
        [this, limit](auto handler) {
            auto kept = shared(std::move(handler));
            auto waiter = std::make_shared<Waiter>();
            waiter->wake = [kept] { complete(kept); };
            waiter_ = waiter;
            if (pending_) {
                notify();
                return;
            }
            clock_.after(limit, [this, weak = std::weak_ptr<Waiter>(waiter)] {
                const auto still = weak.lock();
                if (still && still == waiter_) {
                    notify();
                }
            });
        },
        asio::use_awaitable);
}

void Signal::notify() {
    pending_ = !waiter_;
    if (waiter_) {
        const auto waiter = std::move(waiter_);
        waiter_.reset();
        waiter->wake();
    }
}

asio::awaitable<void> Gate::enter() {
    return asio::async_initiate<const use_awaitable_t<>&, void()>(
        [this](auto handler) {
            auto kept = shared(std::move(handler));
            if (free_ > 0) {
                --free_;
                complete(kept);
                return;
            }
            waiting_.push_back([kept] { complete(kept); });
        },
        asio::use_awaitable);
}

void Gate::leave() {
    if (waiting_.empty()) {
        ++free_;
        return;
    }
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    next();
}

}  // namespace flow::reconciler
