// What the loop works with, handed down by main: the ports, a few functions that touch the host, and its options.
// The references outlive the loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "domain/ports/store.hpp"
#include "reconciler/clock.hpp"
#include "reconciler/code_folders.hpp"
#include "reconciler/engine.hpp"

namespace flow::reconciler {

struct Services {
    boost::asio::any_io_executor executor;
    domain::Store& store;
    Engine& engine;
    Clock& clock;
    /// Checks the host paths of a spec once more, before each start (contract 2, the policy).
    std::function<domain::Result<void>(const domain::Spec&)> check_host_paths;
    /// Makes the folder of the socket, 0755; removes it with what is in it.
    std::function<domain::Result<void>(const std::string& path)> make_folder;
    std::function<domain::Result<bool>(const std::string& path)> remove_folder;
    /// Tells clients how far a pull has come, and which rows wait for it.
    std::function<void(const domain::PullProgress&, const std::vector<std::string>&)> pull_progress;
    /// All has been read anew: at the start, and after a gap.
    std::function<void()> all_read;
    CodeFolders* code = nullptr;            ///< outlives the loop; nullptr: no spec has code
};

/// Where the store remembers whether the last job of that name completed (contract 2, depends_on).
std::string completed_job_key(const std::string& name);

/// Options of the loop; defaults are those of contract and design.
struct Config {
    std::string instance_id;                                            ///< our label flow.manager
    std::string name_prefix = "flow-";
    domain::Duration monitor = std::chrono::seconds{5};                 ///< window of a replace
    domain::Duration resync_interval = std::chrono::seconds{60};        ///< list as a net
    domain::Duration ping_interval = std::chrono::seconds{5};
    domain::Duration reconnect_first = std::chrono::milliseconds{100};
    domain::Duration reconnect_max = std::chrono::seconds{2};           ///< its return is seen within 5 s
    domain::Duration start_patience = std::chrono::seconds{5};          ///< before the engine is called away
    domain::Duration unknown_after = std::chrono::seconds{15};
    domain::Duration event_patience = std::chrono::seconds{2};          ///< for an event that must come
    domain::Duration name_retry = std::chrono::seconds{5};
    domain::Duration orphan_grace = std::chrono::hours{1};
    domain::Duration cleanup_interval = std::chrono::minutes{5};        ///< 0: never
    std::string folder_set;                                             ///< of the documents of --manifests
    domain::Duration keep_stopped{0};                                   ///< rows that have not run for so long go; 0: never
    bool cleanup_dry_run = false;                                       ///< only tells what would be removed
    domain::Duration look_patience = std::chrono::seconds{5};           ///< for an inspect while others wait for it
    int looks_at_once = 8;                                              ///< inspects when everything is read
    int max_running_jobs = 0;                                           ///< 0: no limit
    int calls_at_once = 8;                                              ///< create, start, remove
    int crash_log_lines = 20;
};

}  // namespace flow::reconciler
