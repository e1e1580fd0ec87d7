// One connected client: how far it has been told the log (its one cursor), what it wants to hear,
// and what must reach it only after a certain event. Owned by the Feed while connected; others hold
// weak pointers. Everything is on the io_context's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "api/filter.hpp"
#include "api/peer.hpp"
#include "domain/record.hpp"

namespace flow::api {

using domain::Seq;

class Session {
public:
    Session(std::shared_ptr<Peer> peer, Seq cursor) : peer_(std::move(peer)), cursor_(cursor) {}

    Peer& peer() { return *peer_; }
    bool gone() const { return gone_ || !peer_->connected(); }
    void set_gone() { gone_ = true; }
    void emit(std::string_view event, const Json& payload) { peer_->emit(event, payload); }

    // -- the cursor
    // -----------------------------------------------------------------------------------
    /// Everything wanted up to this seq was sent.
    Seq cursor() const { return cursor_; }
    /// Moves the cursor forward and does what waited for it.
    void advance(Seq seq);
    /// Goes back to tell what was missed; what was sent already is skipped, so no seq comes twice.
    void rewind(Seq since);
    /// Forgets what was sent: a snapshot has replaced it.
    void jump(Seq seq);
    /// Is it wanted, and was it not sent before?
    bool takes(Seq seq, const EventFacts& event) const;
    /// Calls `action` when the session has been told everything up to `seq`; at once if it has.
    void when_reached(Seq seq, std::function<void()> action);
    /// Actions that wait for the cursor.
    std::size_t waiting() const { return waiting_.size(); }

    // -- subscriptions
    // --------------------------------------------------------------------------------
    const FilterSet& filters() const { return filters_; }
    /// Changes take effect for what comes after the cursor.
    void set_filters(FilterSet filters);

    /// Requests of this client that wait for their end (bounded by the API's limits).
    std::size_t open_requests = 0;
    /// True while the feed is writing to it.
    bool pumping = false;

private:
    /// A stretch of the log, (from, to], that was told through these filters.
    struct Told {
        Seq from = 0;
        Seq to = 0;
        FilterSet filters;
    };
    void close_stretch();

    static constexpr std::size_t kMostStretches = 64;

    std::shared_ptr<Peer> peer_;
    Seq cursor_ = 0;
    Seq stretch_from_ = cursor_;
    FilterSet filters_;
    std::vector<Told> told_;
    std::multimap<Seq, std::function<void()>> waiting_;
    bool gone_ = false;
};

}  // namespace flow::api
