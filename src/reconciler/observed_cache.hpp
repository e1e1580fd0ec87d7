// What the engine has, as far as lists, events and answers told: one entry a docker id (design 4). Free of I/O.
// An answer that was on its way while an event came never overwrites what the event said: each entry has a version.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "domain/observed.hpp"
#include "reconciler/planner.hpp"

namespace flow::reconciler {

class ObservedCache {
public:
    /// Before a call is sent; hand it to put() with the answer.
    std::uint64_t version() const { return version_; }

    /// The answer of an inspect that was sent at `version`. What events changed since then stays.
    void put(domain::Observed seen, std::uint64_t version);
    /// The answer of a list (with inspects) that was sent at `version`: what it lacks is gone. Those of `unseen` are
    /// there as far as the list says, and are to be inspected.
    void replace_all(const std::vector<domain::Observed>& all,
                     const std::vector<domain::Observed>& unseen, std::uint64_t version);
    /// Applies an event. True: about a container that is not known yet, so it has to be inspected. An `update` makes it
    /// doubted.
    bool apply(const domain::EngineEvent& event);
    void renamed(const std::string& docker_id, const std::string& name);
    /// A call about it was not answered, or somebody changed it: it is inspected before anything is planned. An answer
    /// that is on its way is not enough.
    void doubt(const std::string& docker_id);
    /// Doubts those whose networks are others in the engine's list; answers their rows. The list was asked for at
    /// `version`: of what has changed since it says nothing.
    std::vector<std::string> doubt_networks(const std::vector<domain::Observed>& listed,
                                            std::uint64_t version);
    void erase(const std::string& docker_id);
    void clear();

    /// The containers of one row; empty when there are none.
    const Containers& of(const std::string& container_id) const;
    const domain::Observed* find(const std::string& docker_id) const;
    /// Docker ids of that row that only an event has told of.
    std::vector<std::string> to_inspect(const std::string& container_id) const;
    std::vector<std::string> container_ids() const;
    /// A list of the engine (without inspects) that was asked for at `version` says what the cache says.
    bool agrees(const std::vector<domain::Observed>& listed, std::uint64_t version) const;

private:
    bool is_newer(const std::string& docker_id, std::uint64_t version) const;
    domain::Observed* get(const std::string& docker_id);
    void touch(const std::string& docker_id) { known_.at(docker_id).touched = ++version_; }
    void insert(const domain::Observed& seen, std::uint64_t version);
    void drop(const std::string& docker_id);

    std::uint64_t version_ = 0;
    std::map<std::string, Containers> rows_;                ///< by container id
    struct Known {
        std::string container_id;
        std::uint64_t added = 0;        ///< when it was first known
        std::uint64_t touched = 0;      ///< last change by an event or a call
    };
    std::map<std::string, Known> known_;                    ///< by docker id
    std::map<std::string, std::uint64_t> erased_;           ///< docker ids that are gone, for late answers
    struct Unseen {
        std::string container_id;
        std::uint64_t since = 0;    ///< an answer to an older question does not count
    };
    std::map<std::string, Unseen> unseen_;                  ///< by docker id: to be inspected
};

}  // namespace flow::reconciler
