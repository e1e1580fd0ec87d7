// Inspects everything that a list has shown, several at once. One inspect that hangs or fails does not hold up the
// others: its container stays unseen, and is asked for again before anything is planned for its row. Its lanes hold it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/awaits.hpp"
#include "reconciler/services.hpp"

namespace flow::reconciler {

class LookRound : public std::enable_shared_from_this<LookRound> {
public:
    /// `progress` is not its own: whoever waits there holds the round, and would never let go of it.
    LookRound(Services& services, const Config& config, Signal& progress,
              std::vector<domain::Observed> listed)
        : services_(services), config_(config), progress_(progress), listed_(std::move(listed)) {}

    /// Ends when all have answered, or when none has for `look_patience`. An error: the engine is away, or answers
    /// nothing at all.
    Awaitable<void> run();
    /// Nobody waits any more: no further inspect is sent.
    void end() { over_ = true; }
    std::vector<domain::Observed> take_seen() { return std::move(seen_); }
    /// Entries of the list that were not answered.
    std::vector<domain::Observed> unseen() const;

private:
    boost::asio::awaitable<void> lane(std::shared_ptr<LookRound> self);
    void answered(std::size_t index, const domain::Result<domain::Observed>& answer);

    Services& services_;
    const Config& config_;
    Signal& progress_;
    const std::vector<domain::Observed> listed_;
    std::size_t next_ = 0;
    std::size_t answers_ = 0;
    int lanes_ = 0;
    bool over_ = false;
    bool waited_for_ = false;
    std::vector<domain::Observed> seen_;
    std::set<std::size_t> done_;                ///< indices that were answered: there, or gone
    std::optional<domain::Error> error_;        ///< the last one
    bool away_ = false;
};

}  // namespace flow::reconciler
