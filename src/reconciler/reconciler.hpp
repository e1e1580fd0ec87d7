// The loop: keys in, passes out (design 1). Owns queue, cache, watch, pulls, crashes and executor; holds nothing that the
// store and the engine do not hold. Runs on the io_context's thread. stop() first, then destroy once the io_context
// runs no more of its coroutines.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/cleanup.hpp"
#include "reconciler/crashes.hpp"
#include "reconciler/executor.hpp"
#include "reconciler/observed_cache.hpp"
#include "reconciler/planner.hpp"
#include "reconciler/pulls.hpp"
#include "reconciler/services.hpp"
#include "reconciler/waits.hpp"
#include "reconciler/watch.hpp"
#include "reconciler/work_queue.hpp"

namespace flow::reconciler {

class Reconciler {
public:
    Reconciler(Services services, Config config);

    void start();
    /// No new pass and no new call; calls in flight are left to the engine.
    void stop();
    /// True when no pass is under way (for an ordered stop).
    bool idle() const { return passes_ == 0; }

    /// The commit observer calls this for every row that changed: marks it, and those who wait for it.
    void changed(const std::string& container_id);

    bool contact() const { return watch_.contact(); }
    domain::Time observed_at() const { return watch_.observed_at(); }
    const EngineInfo& engine_info() const { return watch_.engine_info(); }
    /// The engine container that counts, as observed; nullptr when there is none. For resource usage.
    const domain::Observed* observed(const std::string& docker_id) const {
        return cache_.find(docker_id);
    }
    /// All steps that would follow for a row now, as text.
    std::string explain(const std::string& container_id) const;
    /// The same for a row that may be as nobody has stored it, one text a step. Nothing while the engine is not observed.
    std::optional<std::vector<std::string>> dry_run(const domain::Record& row) const;

private:
    void mark(const std::string& container_id, domain::Duration delay = domain::Duration{0});
    void engine_told(const std::string& holder);
    void pump();
    void arm();
    boost::asio::awaitable<void> pass(std::string container_id);
    boost::asio::awaitable<void> pass_row(std::string container_id);
    PlanInput input_for(const domain::Record& record) const;
    /// The first dependency that is not met; "" when all are.
    std::string unmet_dependency(const domain::Record& record) const;
    /// A job before which as many others run, or wait, as may run at once.
    bool is_queued(const domain::Record& record) const;
    boost::asio::awaitable<void> note_waits(std::string container_id);
    /// A row that has changed (nullptr: it is gone) may be what others have waited for.
    void mark_those_who_wait(const std::string& container_id, const domain::Record* changed);
    /// An answer showed what no event has told yet: that waits for its event (model 3).
    bool ahead_of_facts(const domain::Record& record) const;
    void wait_for_event(const std::string& container_id);

    void found();
    void lost(const domain::Error& error);
    void connect_failed(domain::Time tried_at, const domain::Error& error);
    void tell_unknown();
    void settle_all();
    void tell_lost(const domain::Error& error);

    Services services_;
    Config config_;
    ObservedCache cache_;
    WorkQueue queue_;
    Executor executor_;
    Crashes crashes_;
    Pulls pulls_;
    Watch watch_;
    Cleanup cleanup_;
    bool running_ = false;
    int passes_ = 0;
    domain::Time started_at_;
    domain::Time armed_;
    std::uint64_t outages_ = 0;
    bool away_told_ = false;                                        ///< of this outage
    std::map<std::string, std::set<std::string>> name_waiters_;     ///< holder to those who want its name
    Waits waits_;
    std::set<std::string> jobs_;                                    ///< rows of that kind
    std::set<std::string> behind_;                                  ///< wait for an event
};

}  // namespace flow::reconciler
