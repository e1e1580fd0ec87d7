#include "reconciler/watch.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "domain/model/facts.hpp"
#include "reconciler/spawn.hpp"

namespace flow::reconciler {

namespace model = domain::model;

Watch::Watch(Services& services, const Config& config, ObservedCache& cache, Hooks hooks)
    : services_(services), config_(config), cache_(cache), hooks_(std::move(hooks)),
      broken_(services.clock), pause_(services.clock), looked_(services.clock) {}

void Watch::start() {
    running_ = true;
    spawn(services_.executor, run(), "watch");
    spawn(services_.executor, ping_loop(), "ping loop");
}

void Watch::stop() {
    running_ = false;
    live_ = contact_ = false;
    stream_.reset();
    if (const auto round = round_.lock()) {
        round->end();
    }
    broken_.notify();
    pause_.notify();
}

boost::asio::awaitable<void> Watch::run() {
    domain::Duration delay = config_.reconnect_first;
    while (running_) {
        const domain::Time tried_at = services_.clock.now();
        const domain::Result<void> result = co_await resync();
        if (!running_) {
            break;
        }
        if (result) {
            delay = config_.reconnect_first;
            co_await stay();
            continue;
        }
        lose(result.error());
        hooks_.failed(tried_at, result.error());
        co_await pause_.wait(delay);
        delay = std::min(delay * 2, config_.reconnect_max);
    }
}

/// Returns when contact is lost, a resync is wanted, or the regular list shows something that no event told.
boost::asio::awaitable<void> Watch::stay() {
    while (running_ && contact_ && !resync_wanted_) {
        co_await broken_.wait(config_.resync_interval);
        if (!running_ || !contact_ || resync_wanted_) {
            break;
        }
        const bool agrees = co_await list_agrees();
        if (!agrees) {
            spdlog::info("the engine's list differs from what events told: reading all again");
            break;
        }
    }
}

boost::asio::awaitable<bool> Watch::list_agrees() {
    const std::uint64_t version = cache_.version();
    const auto listed = co_await services_.engine.list();
    if (!listed) {
        lose(listed.error());
        co_return false;
    }
    observed_at_ = services_.clock.now();
    for (const std::string& container_id : cache_.doubt_networks(*listed, version)) {
        hooks_.mark(container_id);
    }
    co_return cache_.agrees(*listed, version);
}

boost::asio::awaitable<void> Watch::ping_loop() {
    while (running_) {
        co_await sleep_for(services_.clock, config_.ping_interval);
        if (running_ && contact_) {
            co_await ping_now();
        }
    }
}

boost::asio::awaitable<void> Watch::ping_now() {
    const domain::Time sent = services_.clock.now();
    const auto answer = co_await services_.engine.ping();
    if (answer) {
        last_ping_ = std::max(last_ping_, sent);
    } else {
        lose(answer.error());
    }
}

Awaitable<Watch::Observation> Watch::observe() {
    Observation observation;
    observation.at = services_.clock.now();
    observation.version = cache_.version();
    const auto listed = co_await services_.engine.list();
    if (!listed) {
        co_return listed.error();
    }
    const auto round = std::make_shared<LookRound>(services_, config_, looked_, *listed);
    round_ = round;
    const auto looked = co_await round->run();
    if (!looked) {
        co_return looked.error();
    }
    observation.containers = round->take_seen();
    observation.unseen = round->unseen();
    const auto ring = co_await services_.engine.ring();
    if (!ring) {
        co_return ring.error();
    }
    observation.ring = *ring;
    co_return observation;
}

/// Subscribe first, observe second, read the ring last (model 3): nothing falls between.
Awaitable<void> Watch::resync() {
    live_ = resync_wanted_ = stream_lost_ = false;
    buffer_.clear();
    network_buffer_.clear();
    stream_.reset();
    const domain::Time sent = services_.clock.now();
    const auto info = co_await services_.engine.connect();
    if (!info) {
        co_return info.error();
    }
    info_ = *info;
    EventSink sink;
    const std::uint64_t number = ++stream_number_;
    sink.on_event = [this, number](const domain::EngineEvent& event) {
        if (number == stream_number_) {
            on_event(event);
        }
    };
    sink.on_end = [this, number](const domain::Error& error) {
        if (number == stream_number_) {
            on_end(error);
        }
    };
    sink.on_network = [this, number](const domain::NetworkEvent& event) {
        if (number == stream_number_) {
            on_network(event);
        }
    };
    auto stream = co_await services_.engine.subscribe(std::move(sink));
    if (!stream) {
        co_return stream.error();
    }
    stream_ = std::move(*stream);
    const auto observation = co_await observe();
    if (!observation) {
        co_return observation.error();
    }
    if (stream_lost_) {
        domain::Error error;
        error.type = domain::ErrorType::docker_api_error;
        error.message = "the engine's event stream ended while its state was read";
        error.engine = domain::EngineFailure::away;
        co_return error;
    }
    last_ping_ = std::max(last_ping_, sent);
    observed_at_ = observation->at;
    record_all(*observation);
    go_live();
    if (services_.all_read) {
        services_.all_read();
    }
    co_return domain::Result<void>{};
}

bool Watch::engine_stayed(const Observation& observation) const {
    const auto known = [&](const domain::EngineEvent& event) {
        const domain::Record* record = services_.store.find(event.container_id);
        return record != nullptr &&
               record->seen.contains({event.docker_id, domain::to_nanos(event.time),
                                      static_cast<int>(event.type)});
    };
    if (std::any_of(observation.ring.begin(), observation.ring.end(), known)) {
        return true;
    }
    std::map<std::string, std::vector<domain::Observed>> rows;
    for (const domain::Observed& seen : observation.containers) {
        rows[seen.container_id].push_back(seen);
    }
    return std::any_of(rows.begin(), rows.end(), [&](const auto& entry) {
        const domain::Record* record = services_.store.find(entry.first);
        return record != nullptr && model::ran_through(*record, entry.second);
    });
}

void Watch::record_all(const Observation& observation) {
    const bool stayed = engine_stayed(observation);
    std::map<std::string, Ring> events;
    std::map<std::string, model::Snapshot> snapshots;
    for (const domain::EngineEvent& event : observation.ring) {
        events[event.container_id].push_back(event);
        snapshots[event.container_id];
    }
    services_.store.for_each([&](const domain::Record& record) { snapshots[record.container_id]; });
    cache_.replace_all(observation.containers, observation.unseen, observation.version);
    std::set<std::string> blurred;      // rows of which only a part was seen: their facts are what events told
    for (const domain::Observed& unseen : observation.unseen) {
        blurred.insert(unseen.container_id);
        if (!stayed) {
            restarted_unseen_.insert(unseen.container_id);
        }
    }
    for (const domain::Observed& seen : observation.containers) {
        // One removed since it was listed is forgotten already; its last exit would be taken for a new one.
        if (cache_.find(seen.docker_id) != nullptr) {
            snapshots[seen.container_id].containers.push_back(seen);
        }
    }
    for (auto& [container_id, snapshot] : snapshots) {
        if (services_.store.find(container_id) == nullptr) {
            continue;
        }
        snapshot.observed_at = observation.at;
        // Seen late, its exit is no younger than the engine's restart for that.
        snapshot.stayed = stayed && !restarted_unseen_.contains(container_id);
        if (!blurred.contains(container_id)) {
            restarted_unseen_.erase(container_id);
        }
        services_.store.change(
            container_id,
            [snapshot, whole = !blurred.contains(container_id), ring = events[container_id]](domain::Record& record, domain::Changes& out,
                                                    const domain::Moment& moment) {
                for (const domain::EngineEvent& event : ring) {
                    model::record_event(record, event, out, moment);
                }
                if (whole) {
                    model::record_snapshot(record, snapshot, out, moment);
                }
            },
            [](const domain::Result<void>&) {});
    }
}

void Watch::go_live() {
    contact_ = live_ = true;
    hooks_.found();
    const Ring buffered = std::move(buffer_);
    buffer_.clear();
    for (const domain::EngineEvent& event : buffered) {
        on_event(event);
    }
    const std::vector<domain::NetworkEvent> joined = std::exchange(network_buffer_, {});
    for (const domain::NetworkEvent& event : joined) {
        on_network(event);
    }
}

void Watch::on_event(const domain::EngineEvent& event) {
    if (!live_) {
        buffer_.push_back(event);
        return;
    }
    cache_.apply(event);
    if (services_.store.find(event.container_id) != nullptr) {
        services_.store.change(
            event.container_id,
            [event](domain::Record& record, domain::Changes& out, const domain::Moment& moment) {
                model::record_event(record, event, out, moment);
            },
            [](const domain::Result<void>&) {});
    }
    hooks_.mark(event.container_id);
}

/// Each start joins networks, which is nothing new. Each exit leaves them a moment after its `die`, as somebody's
/// `docker network disconnect` may: looked at when that is over.
void Watch::on_network(const domain::NetworkEvent& event) {
    constexpr domain::Duration kLeaving = std::chrono::seconds{1};
    if (!live_) {
        network_buffer_.push_back(event);
        return;
    }
    const domain::Observed* seen = cache_.find(event.docker_id);
    if (seen == nullptr) {
        return;     // not ours, or inspected anyway
    }
    if (!seen->running && event.connected) {
        return;     // for its start
    }
    if (!seen->running && event.time - seen->finished_at < kLeaving) {
        services_.clock.after(kLeaving, [this, docker_id = event.docker_id] {
            const domain::Observed* later = cache_.find(docker_id);
            if (live_ && later != nullptr && !later->running) {
                look_again(docker_id, later->container_id);
            }
        });
        return;
    }
    look_again(event.docker_id, seen->container_id);
}

void Watch::look_again(const std::string& docker_id, std::string container_id) {
    cache_.doubt(docker_id);
    hooks_.mark(container_id);
}

void Watch::on_end(const domain::Error& error) {
    stream_lost_ = true;    // the stream itself is destroyed later: this is its own call
    lose(error);
}

void Watch::lose(const domain::Error& error) {
    live_ = false;
    if (!contact_) {
        return;
    }
    contact_ = false;
    ++stream_number_;       // what still comes of the stream is not listened to
    hooks_.lost(error);
    broken_.notify();
}

void Watch::resync_soon() {
    resync_wanted_ = true;
    broken_.notify();
}

void Watch::try_now() {
    if (!contact_) {
        pause_.notify();
    }
}

}  // namespace flow::reconciler
