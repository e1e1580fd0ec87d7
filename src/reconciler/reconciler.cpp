#include "reconciler/reconciler.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"
#include "reconciler/spawn.hpp"

namespace flow::reconciler {

namespace model = domain::model;

Reconciler::Reconciler(Services services, Config config)
    : services_(std::move(services)),
      config_(std::move(config)),
      executor_(services_, config_, cache_,
                {[this](const std::string& id, domain::Duration delay) { mark(id, delay); },
                 [this](const std::string& holder, const std::string& waiter) {
                     name_waiters_[holder].insert(waiter);
                 }}),
      crashes_(services_, config_, [this](const domain::Error& error) { watch_.lose(error); }),
      pulls_(services_, {[this](const std::string& image) { executor_.image_arrived(image); },
                         [this](const std::string& id) { mark(id); },
                         [this](const domain::Error& error) { watch_.lose(error); }}),
      watch_(services_, config_, cache_,
             {[this](const std::string& id) { engine_told(id); }, [this] { found(); },
              [this](const domain::Error& error) { lost(error); },
              [this](domain::Time tried_at, const domain::Error& error) {
                  connect_failed(tried_at, error);
              }}),
      cleanup_(services_, config_, cache_, executor_, watch_) {
    executor_.connect(watch_, pulls_, crashes_);
}

void Reconciler::start() {
    running_ = true;
    started_at_ = services_.clock.now();
    services_.store.set_contact(false, false);
    services_.clock.after(config_.unknown_after, [this, outage = outages_] {
        if (outage == outages_) {
            tell_unknown();
        }
    });
    services_.store.for_each([this](const domain::Record& record) {
        crashes_.look_at(record.container_id);
        if (record.spec().kind == domain::Kind::job) {
            jobs_.insert(record.container_id);
        }
    });
    watch_.start();
    cleanup_.start();
}

void Reconciler::stop() {
    running_ = false;
    cleanup_.stop();
    watch_.stop();
}

void Reconciler::mark(const std::string& container_id, domain::Duration delay) {
    if (!running_) {
        return;
    }
    queue_.add(container_id, services_.clock.now() + delay);
    arm();
}

/// One timer at a time, for the earliest deadline.
void Reconciler::arm() {
    const auto due = queue_.next_due();
    if (!due || !running_ || (armed_ != domain::Time{} && armed_ <= *due)) {
        return;
    }
    armed_ = *due;
    const domain::Duration delay = std::max(*due - services_.clock.now(), domain::Duration{0});
    services_.clock.after(delay, [this, when = armed_] {
        if (armed_ == when) {
            armed_ = domain::Time{};
        }
        pump();
    });
}

void Reconciler::pump() {
    while (running_) {
        const auto key = queue_.take(services_.clock.now());
        if (!key) {
            break;
        }
        spawn(services_.executor, pass(*key), "pass");
    }
    arm();
}

void Reconciler::changed(const std::string& container_id) {
    mark(container_id);
    crashes_.look_at(container_id);
    if (!watch_.contact()) {
        watch_.try_now();
    }
    mark_those_who_wait(container_id, services_.store.find(container_id));
}

/// The engine told of a container of `holder`: those who want its name try again.
void Reconciler::engine_told(const std::string& holder) {
    mark(holder);
    const auto waiters = name_waiters_.find(holder);
    if (waiters == name_waiters_.end()) {
        return;
    }
    const std::set<std::string> names = std::move(waiters->second);
    name_waiters_.erase(waiters);
    for (const std::string& waiter : names) {
        executor_.name_may_be_free(waiter);
        mark(waiter);
    }
}

boost::asio::awaitable<void> Reconciler::pass(std::string container_id) {
    ++passes_;
    if (watch_.live() && running_) {
        try {
            co_await pass_row(container_id);
        } catch (const std::exception& bug) {
            spdlog::error("a pass ended by an exception container_id={} error={}", container_id,
                          bug.what());
        }
    }
    --passes_;
    queue_.done(container_id);
    arm();
}

boost::asio::awaitable<void> Reconciler::pass_row(std::string container_id) {
    const bool seen = co_await executor_.look(container_id);
    if (!seen) {        // nothing is planned on half a picture
        co_return;
    }
    pulls_.release_unwanted(container_id, services_.store.find(container_id));
    if (services_.store.find(container_id) == nullptr) {
        co_await executor_.tidy(container_id);
        const domain::Duration again = co_await cleanup_.orphans(container_id);
        if (again != domain::Duration{0}) {
            mark(container_id, again);
        }
        co_return;
    }
    co_await note_waits(container_id);
    const domain::Record* record = services_.store.find(container_id);
    if (record == nullptr || !watch_.live()) {
        co_return;
    }
    if (ahead_of_facts(*record)) {
        wait_for_event(container_id);
        co_return;
    }
    if (!record->deleted && !cache_.to_inspect(container_id).empty()) {
        mark(container_id);     // told of while the waits were written
        co_return;
    }
    std::optional<Action> action = plan_next(input_for(*record));
    if (action) {
        spdlog::debug("plan container_id={} action=\"{}\"", container_id,
                      render(*action, record->spec().name, 1));
        Action next = std::move(*action);
        co_await executor_.act(container_id, std::move(next));
    }
}

PlanInput Reconciler::input_for(const domain::Record& record) const {
    return PlanInput{record,
                     cache_.of(record.container_id),
                     services_.clock.now(),
                     executor_.stop_in_hand(record.container_id),
                     pulls_.generation(record.container_id),
                     watch_.last_ping(),
                     executor_.missing_images(),
                     executor_.known_networks(),
                     config_.name_prefix,
                     record.spec().update.monitor.value_or(config_.monitor),
                     executor_.name_wait(record.container_id)};
}

std::string Reconciler::explain(const std::string& container_id) const {
    const domain::Record* record = services_.store.find(container_id);
    if (record == nullptr) {
        return "";
    }
    return render(plan_all(input_for(*record)), record->spec().name);
}

bool Reconciler::ahead_of_facts(const domain::Record& record) const {
    const domain::Status& status = record.status;
    for (const std::string* id : {&status.docker_id, &status.next_id, &status.prev_id}) {
        if (id->empty()) {
            continue;
        }
        const domain::Observed* seen = cache_.find(*id);
        const domain::Period* facts = model::find_period(record, *id);
        const bool open = facts != nullptr && facts->open;
        const domain::Time last = facts == nullptr ? domain::Time{} : facts->last;
        if (seen == nullptr ? open : (open && !seen->running) || (!open && seen->started_at > last)) {
            return true;
        }
    }
    return false;
}

void Reconciler::wait_for_event(const std::string& container_id) {
    if (!behind_.insert(container_id).second) {
        return;
    }
    services_.clock.after(config_.event_patience, [this, container_id] {
        behind_.erase(container_id);
        const domain::Record* record = services_.store.find(container_id);
        if (running_ && watch_.live() && record != nullptr && ahead_of_facts(*record)) {
            spdlog::info("an event did not come: reading all again container_id={}", container_id);
            watch_.resync_soon();
        }
        mark(container_id);
    });
}

}  // namespace flow::reconciler
