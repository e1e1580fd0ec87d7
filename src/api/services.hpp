// What the API needs from the rest of the daemon, as functions that main fills in, and the API's
// own settings. All functions are called on the io_context's thread and must not block.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/access.hpp"
#include "api/answers.hpp"
#include "api/feed.hpp"
#include "domain/change.hpp"
#include "domain/error.hpp"
#include "domain/observed.hpp"
#include "domain/ports/messages.hpp"
#include "domain/record.hpp"
#include "domain/spec.hpp"
#include "domain/time.hpp"

namespace flow::api {

/// Is the daemon ready to serve, and if not, why.
struct Readiness {
    bool ready = false;
    std::vector<std::string> reasons;
};

struct Services {
    /// The time, and whether the engine answers at this moment.
    std::function<domain::Moment()> moment;
    /// Latest resource usage of a container; all zero when it does not run.
    std::function<domain::ResourceUsage(const std::string& container_id)> usage;
    /// When the engine was observed last; Time{} before the first observation.
    std::function<domain::Time()> last_observation;
    std::function<Readiness()> readiness;
    /// The policy of contract 2: resolves host paths in the spec, or refuses it.
    std::function<domain::Result<void>(domain::Spec&, bool dry_run)> check_policy;
    /// The steps that the loop would take for this row, rendered; it may be as nobody has stored it. Nothing while
    /// the engine is not observed.
    std::function<std::optional<std::vector<std::string>>(const domain::Record&)> plan;
    CallLater call_later;
    /// Carries messages to containers; outlives the API. nullptr: nobody does.
    domain::Messages* messages = nullptr;
};

struct Config {
    std::string server_version = "0.1.0";
    FeedConfig feed;
    AccessConfig access;
    /// `wait: true` without wait_timeout.
    std::chrono::seconds wait_timeout{30};
    std::chrono::seconds longest_wait{3600};
    /// Requests of one client that have not ended; more are rate_limited.
    std::size_t open_requests = 10'000;
    std::size_t list_limit = 1000;
    std::size_t longest_list = 10'000;
};

}  // namespace flow::api
