// A client without a network: keeps what it was sent, and is as slow as the test wants.
// Single-threaded.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/peer.hpp"

namespace flow::test {

class FakePeer final : public api::Peer {
public:
    struct Sent {
        std::string event;
        domain::Json payload;
        const api::SharedEvent* shared = nullptr;
        bool droppable = false;
    };

    bool connected() const override { return online; }
    std::string remote() const override { return "127.0.0.1:4711"; }
    void emit(std::string_view event, const domain::Json& payload) override {
        note({std::string(event), payload, nullptr, false});
    }
    void send(const api::SharedEvent& event, api::Delivery delivery) override {
        note({event.name(), event.payload(), &event, delivery == api::Delivery::droppable});
    }
    std::size_t pending_bytes() const override { return pending; }
    void on_drain(std::function<void()> drained) override { drained_ = std::move(drained); }

    /// All that waited was written.
    void drain() {
        pending = 0;
        drained_();
    }
    std::vector<std::string> events() const {
        std::vector<std::string> names;
        for (const Sent& one : sent) {
            names.push_back(one.event);
        }
        return names;
    }
    std::vector<std::int64_t> seqs() const {
        std::vector<std::int64_t> found;
        for (const Sent& one : sent) {
            if (one.payload.contains("seq")) {
                found.push_back(one.payload.at("seq").get<std::int64_t>());
            }
        }
        return found;
    }
    /// The newest event of that name; a JSON null when there is none.
    domain::Json last(std::string_view event) const {
        for (auto at = sent.rbegin(); at != sent.rend(); ++at) {
            if (at->event == event) {
                return at->payload;
            }
        }
        return nullptr;
    }

    std::vector<Sent> sent;
    bool online = true;
    std::size_t pending = 0;
    /// Added to `pending` by each event: a client that does not read.
    std::size_t bytes_an_event = 0;

private:
    void note(Sent one) {
        pending += bytes_an_event;
        sent.push_back(std::move(one));
    }
    std::function<void()> drained_;
};

}  // namespace flow::test
