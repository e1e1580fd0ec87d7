#include "reconciler/look_round.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "reconciler/spawn.hpp"

namespace flow::reconciler {

using domain::EngineFailure;

Awaitable<void> LookRound::run() {
    const auto wanted = static_cast<int>(std::min<std::size_t>(
        listed_.size(), static_cast<std::size_t>(std::max(config_.looks_at_once, 1))));
    lanes_ = wanted;
    for (int lane_number = 0; lane_number < wanted; ++lane_number) {
        spawn(services_.executor, lane(shared_from_this()), "look");
    }
    waited_for_ = true;
    while (lanes_ > 0 && !away_) {
        const std::size_t before = answers_;
        co_await progress_.wait(config_.look_patience);
        if (lanes_ > 0 && answers_ == before) {
            break;
        }
    }
    waited_for_ = false;
    over_ = true;
    if (away_) {
        co_return *error_;
    }
    if (done_.empty() && !listed_.empty()) {        // is it the engine, or are it the containers?
        const auto ping = co_await services_.engine.ping();
        co_return ping;
    }
    co_return domain::Result<void>{};
}

std::vector<domain::Observed> LookRound::unseen() const {
    std::vector<domain::Observed> left;
    for (std::size_t index = 0; index < listed_.size(); ++index) {
        if (!done_.contains(index)) {
            left.push_back(listed_[index]);
        }
    }
    return left;
}

/// `self` keeps the round alive: an answer may come when nobody waits any more.
boost::asio::awaitable<void> LookRound::lane(std::shared_ptr<LookRound> self) {
    while (!over_ && next_ < listed_.size()) {
        const std::size_t index = next_++;
        const auto answer = co_await services_.engine.inspect(listed_[index].docker_id);
        if (!over_) {
            answered(index, answer);
        }
    }
    --lanes_;
    if (waited_for_ && (lanes_ == 0 || away_)) {
        progress_.notify();
    }
}

void LookRound::answered(std::size_t index, const domain::Result<domain::Observed>& answer) {
    ++answers_;
    if (answer) {
        seen_.push_back(*answer);
        done_.insert(index);
        return;
    }
    if (answer.error().engine == EngineFailure::no_such_container) {
        done_.insert(index);
        return;
    }
    error_ = answer.error();
    away_ = away_ || answer.error().engine == EngineFailure::away;
    over_ = over_ || away_;
    spdlog::warn("a container could not be inspected container_id={} docker_id={} error=\"{}\"",
                 listed_[index].container_id, listed_[index].docker_id.substr(0, 12),
                 answer.error().message);
}

}  // namespace flow::reconciler
