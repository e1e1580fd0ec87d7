// Contact with the engine found, lost, or not to be had: what the loop does about it (contract 3, design 4).
#include <utility>

#include <spdlog/spdlog.h>

#include "domain/model/model.hpp"
#include "domain/model/steps.hpp"
#include "reconciler/activity.hpp"
#include "reconciler/reconciler.hpp"

namespace flow::reconciler {

namespace model = domain::model;

void Reconciler::found() {
    const bool first = outages_ == 0 && armed_ == domain::Time{} && passes_ == 0;
    ++outages_;
    services_.store.set_contact(true, false);
    spdlog::info("engine observed version={} api={} first={}", watch_.engine_info().version,
                 watch_.engine_info().api_version, first);
    if (std::exchange(away_told_, false)) {
        tell_activity(services_.store, "engine_found", "the Docker Engine answers again");
    }
    settle_all();
    services_.store.for_each([this](const domain::Record& record) { mark(record.container_id); });
    for (const std::string& container_id : cache_.container_ids()) {
        mark(container_id);
    }
    for (const std::string& container_id : executor_.made_for()) {
        mark(container_id);     // undone meanwhile: what was made for it has to go
    }
}

void Reconciler::lost(const domain::Error& error) {
    executor_.forget();
    pulls_.forget();
    services_.store.set_contact(false, false);
    tell_lost(error);
    const std::uint64_t outage = ++outages_;
    services_.clock.after(config_.unknown_after, [this, outage] {
        if (outage == outages_) {
            tell_unknown();
        }
    });
}

void Reconciler::tell_unknown() {
    if (!running_ || watch_.contact()) {
        return;
    }
    services_.store.set_contact(false, true);
    settle_all();
}

/// States that depend on contact alone are told anew: an empty change settles a row.
void Reconciler::settle_all() {
    std::vector<std::string> ids;
    services_.store.for_each([&](const domain::Record& record) { ids.push_back(record.container_id); });
    for (const std::string& id : ids) {
        services_.store.change(
            id, [](domain::Record&, domain::Changes&, const domain::Moment&) {},
            [](const domain::Result<void>&) {});
    }
}

void Reconciler::connect_failed(domain::Time tried_at, const domain::Error& error) {
    if (!away_told_) {
        tell_lost(error);       // it was not there when we started
    }
    if (services_.clock.now() - started_at_ < config_.start_patience) {
        return;
    }
    std::vector<std::string> ids;
    services_.store.for_each([&](const domain::Record& record) {
        if (!record.open.empty()) {
            ids.push_back(record.container_id);
        }
    });
    domain::Error away = error;
    away.type = domain::ErrorType::docker_api_error;
    away.message = "the Docker Engine does not answer; the wish is kept and is done on its "
                   "return (" + error.message + ")";
    for (const std::string& id : ids) {
        services_.store.change(
            id,
            [tried_at, away](domain::Record& record, domain::Changes& out, const domain::Moment&) {
                model::record_away(record, tried_at, away, out);
            },
            [](const domain::Result<void>&) {});
    }
}

void Reconciler::tell_lost(const domain::Error& error) {
    away_told_ = true;
    spdlog::warn("no contact with the engine error=\"{}\"", error.message);
    tell_activity(services_.store, "engine_lost",
                  "the Docker Engine does not answer: " + error.message);
}

}  // namespace flow::reconciler
