// Tells crashes when their 250 ms are over, with the log lines that have come by then (design 4, model 3).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "domain/model/facts.hpp"
#include "reconciler/services.hpp"

namespace flow::reconciler {

class Crashes {
public:
    using Lost = std::function<void(const domain::Error&)>;
    Crashes(Services& services, const Config& config, Lost lost)
        : services_(services), config_(config), lost_(std::move(lost)) {}

    /// Looks at a row that changed: fetches logs and sets the timer for exits it has not seen yet.
    void look_at(const std::string& container_id);
    /// The engine serves one call for a container at a time: behind a start, the last lines of the exit before it come
    /// hundreds of ms late. Waits until they are here, or surely asked for.
    boost::asio::awaitable<void> let_lines_go_first(std::string docker_id);
    const domain::model::CrashLogs& logs() const { return logs_; }

private:
    boost::asio::awaitable<void> fetch_logs(std::string container_id, domain::PendingExit exit, domain::Time last_exit);
    bool is_pending(const std::string& container_id, const domain::PendingExit& exit) const;
    boost::asio::awaitable<void> tell(std::string container_id);
    /// Those of the row's containers that ended by KILL and are gone: then somebody removed them.
    Awaitable<std::vector<std::string>> removed(std::string container_id);
    /// The last lines of one of its exits are on their way, and that has not taken too long yet.
    bool waits_for_lines(const domain::Record& record) const;
    bool reads_lines_of(const std::string& docker_id) const;
    void forget_logs(const std::string& container_id, const std::vector<domain::PendingExit>& before);
    void arm_next(const std::string& container_id);
    void arm(const std::string& container_id, domain::Time due);

    Services& services_;
    const Config& config_;
    Lost lost_;
    domain::model::CrashLogs logs_;
    std::map<std::string, domain::Time> armed_;         ///< container id to the timer that is set
    std::map<std::string, domain::Time> fetched_;       ///< docker id to the last exit whose logs were asked for
    std::map<domain::model::ExitKey, domain::Time> reading_;    ///< exits whose logs are on their way, since when
};

}  // namespace flow::reconciler
