// A row, its engine containers and what else a plan is made from: the stage of the planner's tests. What the loop does
// is played by Foresight, what others do by the functions here; each keeps row and containers in step.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "reconciler/foresee.hpp"
#include "reconciler/planner.hpp"
#include "unit/domain/model/row.hpp"

namespace flow::reconciler::test {

using domain::DesiredState;
using domain::Operation;
using domain::Spec;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Scene {
public:
    explicit Scene(DesiredState desired, Spec spec = domain::test::plain_spec());

    PlanInput input() const;
    std::optional<Action> next() const { return plan_next(input()); }
    std::vector<Action> plan(int limit = 64) const { return plan_all(input(), limit); }
    /// The plan as golden text.
    std::string text() const;

    /// Does `steps` steps, or all there are; answers how many there were.
    int run(int steps = 200);
    /// The engine answers pings, so that starts need none.
    void ping() { last_ping = row.moment.now; }

    // -- what others do with `docker` --------------------------------------------------------------------
    void outside_remove(const std::string& docker_id);
    void outside_stop(const std::string& docker_id);
    void outside_start(const std::string& docker_id);
    void outside_pause(const std::string& docker_id);
    void outside_rename(const std::string& docker_id, const std::string& name);
    /// One field of its inspect is another now (domain/drift.hpp).
    void outside_set(const std::string& docker_id, const std::string& field,
                     const domain::Settings& value);
    /// Its process ends by itself; the crash is told.
    void exits(const std::string& docker_id, int code);
    /// A container with our labels that the row does not know.
    void add_container(const std::string& docker_id, const std::string& hash);

    std::string main_id() const { return row.record.status.docker_id; }
    int running() const;

    domain::test::Row row;
    Containers containers;
    std::set<std::string> missing_images;
    std::set<std::string> known_networks;
    domain::Time last_ping;
    domain::Time name_wait;
    bool stop_in_hand = false;
    domain::Generation pulling = 0;
};

/// Scenes whose loop has come to rest.
Scene running_scene(Spec spec = domain::test::plain_spec());
Scene stopped_scene();
Scene completed_scene();
Scene failed_scene();       ///< state `error`

}  // namespace flow::reconciler::test
