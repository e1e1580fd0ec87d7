// The work queue: keys with deadlines, each handed out to one pass at a time (design 4). Free of I/O; now is an argument.
// Added while queued: the earlier deadline wins. Added while processing: handed out once more when that pass is done.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "domain/time.hpp"

namespace flow::reconciler {

class WorkQueue {
public:
    void add(const std::string& key, domain::Time due);
    /// The most overdue key that no pass has; it counts as processing until done().
    std::optional<std::string> take(domain::Time now);
    void done(const std::string& key);
    /// When take() will have something next; nothing when the queue is empty or all of it is processing.
    std::optional<domain::Time> next_due() const;
    bool idle() const { return order_.empty() && processing_.empty(); }

private:
    std::map<std::string, domain::Time> due_;                   ///< queued
    std::set<std::pair<domain::Time, std::string>> order_;      ///< the same, by deadline
    std::map<std::string, std::optional<domain::Time>> processing_;   ///< with what was added meanwhile
};

}  // namespace flow::reconciler
