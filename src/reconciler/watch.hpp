// Contact with the engine: connects, subscribes, observes, reads the ring, pings; notices when contact is lost and
// comes back (model 3, design 4). Keeps the cache; the facts go to the store before anybody is told of a key.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reconciler/awaits.hpp"
#include "reconciler/look_round.hpp"
#include "reconciler/observed_cache.hpp"
#include "reconciler/services.hpp"

namespace flow::reconciler {

class Watch {
public:
    struct Hooks {
        std::function<void(const std::string& container_id)> mark;
        std::function<void()> found;                        ///< contact, and everything is observed
        std::function<void(const domain::Error&)> lost;
        std::function<void(domain::Time tried_at, const domain::Error&)> failed;    ///< a try to connect
    };
    Watch(Services& services, const Config& config, ObservedCache& cache, Hooks hooks);

    /// Runs until stop(); one coroutine for contact, one for pings.
    void start();
    void stop();

    bool contact() const { return contact_; }
    /// Contact, and no resync in hand: facts are told as they come.
    bool live() const { return live_; }
    domain::Time last_ping() const { return last_ping_; }
    /// The newest moment of which the state is known: of the last list, or, while the stream of events is live, of the
    /// last answered ping.
    domain::Time observed_at() const { return live_ ? std::max(observed_at_, last_ping_) : observed_at_; }
    const EngineInfo& engine_info() const { return info_; }

    /// A call found the engine away.
    void lose(const domain::Error& error);
    /// Reads everything again, as after a gap: an event that must have come did not.
    void resync_soon();
    /// A request waits: try to connect now rather than at the end of the pause.
    void try_now();
    boost::asio::awaitable<void> ping_now();

private:
    using Ring = std::vector<domain::EngineEvent>;
    struct Observation {
        domain::Time at;
        std::uint64_t version = 0;
        std::vector<domain::Observed> containers;
        std::vector<domain::Observed> unseen;       ///< listed, but not inspected
        Ring ring;
    };

    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> ping_loop();
    boost::asio::awaitable<void> stay();
    Awaitable<void> resync();
    Awaitable<Observation> observe();
    boost::asio::awaitable<bool> list_agrees();
    void on_event(const domain::EngineEvent& event);
    void on_network(const domain::NetworkEvent& event);
    void look_again(const std::string& docker_id, std::string container_id);
    void on_end(const domain::Error& error);
    void record_all(const Observation& observation);
    bool engine_stayed(const Observation& observation) const;
    void go_live();

    Services& services_;
    const Config& config_;
    ObservedCache& cache_;
    Hooks hooks_;
    Signal broken_;                 ///< contact lost or a resync wanted
    Signal pause_;
    Signal looked_;                 ///< of the round in hand
    std::weak_ptr<LookRound> round_;
    std::set<std::string> restarted_unseen_;    ///< not seen when all was read after a restart of the engine
    std::unique_ptr<EventStream> stream_;
    std::uint64_t stream_number_ = 0;
    Ring buffer_;                   ///< events that came during a resync
    std::vector<domain::NetworkEvent> network_buffer_;
    EngineInfo info_;
    bool running_ = false;
    bool contact_ = false;
    bool live_ = false;
    bool resync_wanted_ = false;
    bool stream_lost_ = false;
    domain::Time last_ping_;
    domain::Time observed_at_;
};

}  // namespace flow::reconciler
