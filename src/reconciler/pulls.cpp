#include "reconciler/pulls.hpp"

#include <algorithm>

#include "domain/model/steps.hpp"
#include "reconciler/spawn.hpp"

namespace flow::reconciler {

void Pulls::wait_for(const std::string& container_id, const std::string& image,
                     domain::Generation generation, domain::Run run) {
    Key key{image, ""};
    const domain::Record* record = services_.store.find(container_id);
    if (record != nullptr && record->specs.contains(generation)) {
        key.second = record->specs.at(generation).registry_auth;
    }
    const auto before = waiting_.find(container_id);
    if (before != waiting_.end() && before->second.key != key) {
        release(before);
    }
    waiting_[container_id] = Wait{key, generation, run};
    if (pulls_.contains(key)) {
        return;
    }
    auto token = std::make_shared<Pull>();
    pulls_[key] = token;
    spawn(services_.executor, pull(std::move(key), std::move(token)), "pull");
}

domain::Generation Pulls::generation(const std::string& container_id) const {
    const auto found = waiting_.find(container_id);
    return found == waiting_.end() ? 0 : found->second.generation;
}

boost::asio::awaitable<void> Pulls::pull(Key key, std::shared_ptr<Pull> token) {
    PullCall call;
    call.image = key.first;
    call.registry_auth = key.second;
    std::function<void(const domain::PullProgress&)> progress =
        [this, key](const domain::PullProgress& now) {
            if (services_.pull_progress) {
                services_.pull_progress(now, waiters(key));
            }
        };
    const domain::Result<std::string> result =
        co_await services_.engine.pull(std::move(call), std::move(progress));
    const auto found = pulls_.find(key);
    if (found == pulls_.end() || found->second != token) {
        co_return;      // cancelled or forgotten meanwhile
    }
    pulls_.erase(found);
    finish(key, result);
}

void Pulls::finish(const Key& key, const domain::Result<std::string>& result) {
    if (result) {
        hooks_.arrived(key.first);
    } else if (result.error().engine == domain::EngineFailure::away) {
        hooks_.away(result.error());
    }
    std::optional<domain::Error> error;
    if (!result) {
        error = result.error();
    }
    for (const std::string& container_id : waiters(key)) {
        const Wait wait = waiting_.at(container_id);
        waiting_.erase(container_id);
        const domain::model::Pulled pulled{wait.generation, wait.run, result ? *result : ""};
        services_.store.change(
            container_id,
            [pulled, error](domain::Record& record, domain::Changes& out,
                                const domain::Moment& moment) {
                domain::model::record_pulled(record, pulled, error ? &*error : nullptr, out,
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
    const auto asks_for = [&key = found->second.key](const domain::Spec& spec) {
        return spec.image == key.first && spec.registry_auth == key.second;
    };
    const bool wanted = record != nullptr && !record->deleted &&
                        (asks_for(record->spec()) || asks_for(record->active_spec()));
    if (!wanted) {
        release(found);
    }
}

void Pulls::release(std::map<std::string, Wait>::iterator wait) {
    const Key key = wait->second.key;
    waiting_.erase(wait);
    if (!waiters(key).empty()) {
        return;
    }
    pulls_.erase(key);
    const bool other = std::any_of(pulls_.begin(), pulls_.end(), [&](const auto& entry) {
        return entry.first.first == key.first;
    });
    if (!other) {
        services_.engine.cancel_pull(key.first);
    }
}

void Pulls::forget() {
    waiting_.clear();
    pulls_.clear();
}

std::vector<std::string> Pulls::waiters(const Key& key) const {
    std::vector<std::string> ids;
    for (const auto& [container_id, wait] : waiting_) {
        if (wait.key == key) {
            ids.push_back(container_id);
        }
    }
    return ids;
}

}  // namespace flow::reconciler
