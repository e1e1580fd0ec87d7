// What waits to be written for one client: a text packet and the binary attachments that must
// follow it without anything between. Bytes are shared, so a broadcast costs a pointer for each
// receiver.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace flow::socketio {

using Bytes = std::shared_ptr<const std::string>;

inline Bytes make_bytes(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
}

struct Message {
    /// An Engine.IO packet with its type character; null when there are only binary frames.
    Bytes text;
    std::vector<Bytes> attachments;
    /// May be dropped when the queue is full.
    bool droppable = false;
    /// The next message shall not arrive in the same read (websocket only).
    bool pause_after = false;

    std::size_t packets() const { return attachments.size() + (text ? 1 : 0); }

    /// What the message counts in a queue's bound: its bytes and a flat price for keeping it.
    std::size_t cost() const {
        constexpr std::size_t kFlatCost = 64;
        std::size_t sum = kFlatCost + (text ? text->size() : 0);
        for (const Bytes& attachment : attachments) {
            sum += kFlatCost + attachment->size();
        }
        return sum;
    }
};

inline Message text_message(std::string text) {
    Message message;
    message.text = make_bytes(std::move(text));
    return message;
}

}  // namespace flow::socketio
