#include "daemon/usage_sampler.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "domain/model/rules.hpp"
#include "reconciler/spawn.hpp"

namespace flow::daemon {
namespace {

/// The docker id whose process stands for the container: in an update's window that is the new one. Empty: none runs.
std::string running_id(const domain::Record* record) {
    if (record == nullptr) {
        return "";
    }
    if (domain::model::runs(*record)) {
        return record->status.docker_id;
    }
    const auto next = record->status.periods.find(record->status.next_id);
    return next != record->status.periods.end() && next->second.open ? next->first : "";
}

}  // namespace

void UsageSampler::sample_all() {
    std::set<std::string> running;
    store_.for_each([&](const domain::Record& record) {
        const std::string docker_id = running_id(&record);
        running.insert(docker_id);
        enqueue(docker_id);
    });
    read_next();
    std::erase_if(usage_, [&](const auto& entry) { return !running.contains(entry.first); });
}

void UsageSampler::sample(const std::string& container_id) {
    enqueue(running_id(store_.find(container_id)));
    read_next();
}

void UsageSampler::enqueue(const std::string& docker_id) {
    if (!docker_id.empty() && reading_.insert(docker_id).second) {
        due_.push_back(docker_id);
    }
}

/// One container's files take up to a millisecond, and mostly they are read at once, in spawn() already: each reading has a
/// turn of the loop of its own, so that 500 of them hold up nobody.
void UsageSampler::read_next() {
    if (turn_posted_ || at_once_ >= kAtOnce || due_.empty()) {
        return;
    }
    turn_posted_ = true;
    boost::asio::post(io_, [this] {
        turn_posted_ = false;
        if (at_once_ < kAtOnce && !due_.empty()) {
            std::string docker_id = std::move(due_.front());
            due_.pop_front();
            ++at_once_;
            reconciler::spawn(io_.get_executor(), read(std::move(docker_id)), "stats");
        }
        read_next();
    });
}

bool UsageSampler::lacks(const std::string& container_id) const {
    const std::string docker_id = running_id(store_.find(container_id));
    return !docker_id.empty() && !usage_.contains(docker_id) && !reading_.contains(docker_id);
}

boost::asio::awaitable<void> UsageSampler::read(std::string docker_id) {
    const auto usage = co_await engine_.stats(docker_id);
    reading_.erase(docker_id);
    --at_once_;
    if (usage) {
        usage_[docker_id] = *usage;
    }
    read_next();
}

domain::ResourceUsage UsageSampler::usage(const std::string& container_id) const {
    const auto found = usage_.find(running_id(store_.find(container_id)));
    return found == usage_.end() ? domain::ResourceUsage{} : found->second;
}

}  // namespace flow::daemon
