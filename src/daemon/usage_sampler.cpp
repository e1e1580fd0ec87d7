#include "daemon/usage_sampler.hpp"

#include "domain/model/rules.hpp"
#include "reconciler/spawn.hpp"

namespace flow::daemon {

void UsageSampler::sample_all() {
    std::set<std::string> running;
    store_.for_each([&](const domain::Record& record) {
        if (domain::model::runs(record)) {
            running.insert(record.status.docker_id);
            sample(record.container_id);
        }
    });
    std::erase_if(usage_, [&](const auto& entry) { return !running.contains(entry.first); });
}

void UsageSampler::sample(const std::string& container_id) {
    const domain::Record* record = store_.find(container_id);
    if (record == nullptr || !domain::model::runs(*record) ||
        !reading_.insert(record->status.docker_id).second) {
        return;
    }
    reconciler::spawn(io_.get_executor(), read(container_id, record->status.docker_id), "stats");
}

boost::asio::awaitable<void> UsageSampler::read(std::string container_id, std::string docker_id) {
    const auto usage = co_await engine_.stats(docker_id);
    reading_.erase(docker_id);
    if (usage) {
        usage_[docker_id] = *usage;
    }
}

domain::ResourceUsage UsageSampler::usage(const std::string& container_id) const {
    const domain::Record* record = store_.find(container_id);
    if (record == nullptr || !domain::model::runs(*record)) {
        return {};
    }
    const auto found = usage_.find(record->status.docker_id);
    return found == usage_.end() ? domain::ResourceUsage{} : found->second;
}

}  // namespace flow::daemon
