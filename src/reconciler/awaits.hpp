// Small awaitables of the loop: a commit, a pause, a signal, a gate. All on the io_context's thread; the objects must
// outlive the coroutines that wait on them (the loop stops first, then is destroyed).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "domain/ports/store.hpp"
#include "reconciler/clock.hpp"

namespace flow::reconciler {

/// One transaction on a row; answers when it is durable. False: the row is gone or the store failed (logged there).
boost::asio::awaitable<bool> commit(domain::Store& store, std::string container_id,
                                    domain::Store::Change change);

/// Wakes the one coroutine that waits, or the next that will.
class Signal {
public:
    explicit Signal(Clock& clock) : clock_(clock) {}
    /// Until notify() or `limit` has passed.
    boost::asio::awaitable<void> wait(domain::Duration limit);
    void notify();

private:
    struct Waiter;
    Clock& clock_;
    std::shared_ptr<Waiter> waiter_;
    bool pending_ = false;
};

/// At most `places` at once; the others wait in order.
class Gate {
public:
    explicit Gate(int places) : free_(places) {}
    boost::asio::awaitable<void> enter();
    void leave();

private:
    int free_;
    std::deque<std::function<void()>> waiting_;
};

/// Leaves the gate at the end of a scope.
class GatePass {
public:
    explicit GatePass(Gate& gate) : gate_(gate) {}
    ~GatePass() { gate_.leave(); }
    GatePass(const GatePass&) = delete;
    GatePass& operator=(const GatePass&) = delete;

private:
    Gate& gate_;
};

}  // namespace flow::reconciler
