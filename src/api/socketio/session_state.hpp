// The states of an Engine.IO session, free of I/O and of clocks: `now` is an argument, the
// coroutines around them obey. Heartbeat says when to ping and when to give up; TransportState says
// which transport may carry data and how far an upgrade is; SendQueue keeps what waits to be
// written within its bound.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "api/socketio/engine_packet.hpp"
#include "api/socketio/message.hpp"

namespace flow::socketio {

using TimePoint = std::chrono::steady_clock::time_point;
using Millis = std::chrono::milliseconds;

class Heartbeat {
public:
    enum class Due { nothing, ping, timeout };

    Heartbeat(Millis interval, Millis timeout, TimePoint now);

    /// `ping` is told once, and counts as sent.
    Due check(TimePoint now);
    /// Any packet is a sign of life: it moves the limit of an open ping.
    void on_packet(TimePoint now);
    /// The next ping is due one interval after the pong.
    void on_pong(TimePoint now);
    TimePoint next() const { return next_; }

private:
    Millis interval_;
    Millis timeout_;
    TimePoint next_;
    bool awaiting_pong_ = false;
};

enum class TransportKind { polling, websocket };

class TransportState {
public:
    enum class Step { answer_probe, take_over, refuse };

    explicit TransportState(TransportKind first) : kind_(first) {}

    TransportKind kind() const { return kind_; }
    /// False: there is one already, which is the client's mistake and ends the session.
    bool poll_begins() { return begin(poll_open_); }
    void poll_ends() { poll_open_ = false; }
    bool poll_open() const { return poll_open_; }
    bool post_begins() { return begin(post_open_); }
    void post_ends() { post_open_ = false; }

    /// A websocket came with this session's id. False: the session has one, or is being tried by
    /// one.
    bool upgrade_begins();
    /// What a packet on that websocket means; `5` without a probe is fine, and so is a payload with
    /// it.
    Step on_candidate_packet(const PacketView& packet);
    /// That websocket went away before it took over: polling goes on.
    void upgrade_abandoned();
    /// Between the probe and `5` polls are ended with a noop, and data waits for the websocket.
    bool poll_gets_noop() const { return kind_ == TransportKind::websocket || probed_; }

private:
    static bool begin(bool& open);

    TransportKind kind_;
    bool candidate_ = false;
    bool probed_ = false;
    bool poll_open_ = false;
    bool post_open_ = false;
};

class SendQueue {
public:
    explicit SendQueue(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    /// False: it does not fit even without the droppable ones. An empty queue takes one message of
    /// any size.
    bool push(Message message);
    /// Protocol packets, which are small and must go in time: before all that waits, though never inside a message.
    void push_control(Message message);
    /// Drops the oldest droppable ones until they take no more than this; the newest message stays however large it is.
    void trim_droppable(std::size_t max_bytes);
    std::optional<Message> pop();
    const Message& front() const { return messages_[first_]; }
    bool empty() const { return first_ == messages_.size(); }
    std::size_t bytes() const { return bytes_; }
    std::size_t droppable_bytes() const { return droppable_bytes_; }
    std::size_t dropped() const { return dropped_; }
    void clear();

private:
    static bool is_hole(const Message& message) { return message.packets() == 0; }
    void count(const Message& message);
    void uncount(const Message& message);
    void drop(Message& message);
    void release();
    void drop_until_fits(std::size_t cost);
    void tidy();

    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::size_t droppable_bytes_ = 0;   ///< of bytes_
    std::size_t dropped_ = 0;
    /// From first_ on. An empty queue costs nothing: most clients wait for nothing most of the time. What was
    /// dropped leaves a hole, though never at first_: moving the others each time would cost more the longer the
    /// queue is.
    std::vector<Message> messages_;
    std::size_t first_ = 0;
    std::size_t searched_ = 0;      ///< nothing before it can be dropped
    std::size_t holes_ = 0;
};

}  // namespace flow::socketio
