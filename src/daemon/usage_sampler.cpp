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
        running.insert(running_id(&record));
        sample(record.container_id);
    });
    std::erase_if(usage_, [&](const auto& entry) { return !running.contains(entry.first); });
}

void UsageSampler::sample(const std::string& container_id) {
    const std::string docker_id = running_id(store_.find(container_id));
    if (!docker_id.empty() && reading_.insert(docker_id).second) {
        due_.push_back(docker_id);
        read_next();
    }
}

/// Some of it is done at once, in spawn() already: others get their turn in between, and nothing goes deeper and deeper.
void UsageSampler::read_next() {
    for (int turn = 0; turn < kAtOnce && at_once_ < kAtOnce && !due_.empty(); ++turn) {
        std::string docker_id = std::move(due_.front());
        due_.pop_front();
        ++at_once_;
        reconciler::spawn(io_.get_executor(), read(std::move(docker_id)), "stats");
    }
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
    boost::asio::post(io_, [this] { read_next(); });
}

domain::ResourceUsage UsageSampler::usage(const std::string& container_id) const {
    const auto found = usage_.find(running_id(store_.find(container_id)));
    return found == usage_.end() ? domain::ResourceUsage{} : found->second;
}

}  // namespace flow::daemon
