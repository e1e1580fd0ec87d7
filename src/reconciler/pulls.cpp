#include "reconciler/pulls.hpp"

#include "domain/model/steps.hpp"
#include "reconciler/spawn.hpp"

namespace flow::reconciler {

void Pulls::wait_for(const std::string& container_id, const std::string& image,
                     domain::Generation generation) {
    waiting_[container_id] = Wait{image, generation};
    if (pulls_.contains(image)) {
        return;
    }
    PullCall call;
    call.image = image;
    const domain::Record* record = services_.store.find(container_id);
    if (record != nullptr && record->specs.contains(generation)) {
        call.registry_auth = record->specs.at(generation).registry_auth;
    }
    auto token = std::make_shared<Pull>();
    pulls_[image] = token;
    spawn(services_.executor, pull(std::move(call), std::move(token)), "pull");
}

boost::asio::awaitable<void> Pulls::pull(PullCall call, std::shared_ptr<Pull> token) {
    const std::string image = call.image;
    std::function<void(const domain::PullProgress&)> progress =
        [this](const domain::PullProgress& now) { report(now); };
    const domain::Result<void> result = co_await services_.engine.pull(std::move(call), std::move(progress));
    const auto found = pulls_.find(image);
    if (found == pulls_.end() || found->second != token) {
        co_return;      // cancelled or forgotten meanwhile
    }
    pulls_.erase(found);
    finish(image, result);
}

void Pulls::finish(const std::string& image, const domain::Result<void>& result) {
    if (result) {
        hooks_.arrived(image);
    } else if (result.error().engine == domain::EngineFailure::away) {
        hooks_.away(result.error());
    }
    std::optional<domain::Error> error;
    if (!result) {
        error = result.error();
    }
    for (const std::string& container_id : waiters(image)) {
        const domain::Generation generation = waiting_.at(container_id).generation;
        waiting_.erase(container_id);
        services_.store.change(
            container_id,
            [generation, error](domain::Record& record, domain::Changes& out,
                                const domain::Moment& moment) {
                domain::model::record_pulled(record, generation, error ? &*error : nullptr, out,
                                             moment);
            },
            [this, container_id](const domain::Result<void>&) { hooks_.mark(container_id); });
    }
}

void Pulls::release_unwanted(const std::string& container_id, const domain::Record* record) {
    const auto found = waiting_.find(container_id);
    if (found == waiting_.end()) {
        return;
    }
    const std::string image = found->second.image;
    bool wanted = false;
    if (record != nullptr && !record->deleted) {
        wanted = record->spec().image == image || record->active_spec().image == image;
    }
    if (wanted) {
        return;
    }
    waiting_.erase(found);
    if (waiters(image).empty()) {
        pulls_.erase(image);
        services_.engine.cancel_pull(image);
    }
}

void Pulls::forget() {
    waiting_.clear();
    pulls_.clear();
}

void Pulls::report(const domain::PullProgress& progress) const {
    if (services_.pull_progress) {
        services_.pull_progress(progress, waiters(progress.image));
    }
}

std::vector<std::string> Pulls::waiters(const std::string& image) const {
    std::vector<std::string> ids;
    for (const auto& [container_id, wait] : waiting_) {
        if (wait.image == image) {
            ids.push_back(container_id);
        }
    }
    return ids;
}

}  // namespace flow::reconciler
