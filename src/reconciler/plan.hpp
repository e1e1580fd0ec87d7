// The decision: what is to be done next for one row, with its cause in words. Data only; the planner makes it, the
// executor does it, logs, events, dry runs and tests show it as text.
#pragma once

#include <string>
#include <vector>

#include "domain/record.hpp"

namespace flow::reconciler {

struct Action {
    enum class Kind {
        // engine calls
        pull_image, ensure_network, create, start, stop, cut_short, remove, rename, update, unpause,
        // engine calls that put back what others changed
        repair, connect_network, disconnect_network,
        // looks
        ping, read_ports, read_health,
        // results that need no call
        adopt, stop_done, keep, kept, rolled_back, activate, gone_containers, nothing_in_hand,
        observe_generation, take_baseline, recreate, give_up,
        // code in the same engine container (model 6)
        switch_code, keep_code, drop_code, code_rolled_back,
        // what time alone brings about, and what cannot be had
        deadline_passed, expire, no_image,
        // delete
        clean_volumes, clean_socket, clean_code, clean_workspace, gone,
        // nothing before `until`
        wait,
    };
    Kind kind = Kind::wait;
    std::string cause;
    std::string docker_id;
    std::string engine_name;                ///< create, rename
    std::string subject;                    ///< pull_image: the image; create: its id, or ""; of a network: its name
    domain::Generation generation = 0;      ///< create, pull_image, switch_code
    domain::Role role = domain::Role::main;
    domain::Run run = 0;                    ///< start; pull_image: of the restart that asks for it
    domain::Time started_seen;              ///< start
    domain::Purpose purpose = domain::Purpose::none;
    domain::Time until;                     ///< wait
    std::vector<std::string> docker_ids;    ///< gone_containers
    std::vector<domain::Difference> differences;    ///< what it puts back, or gives up
};

/// "StopContainer", "PullImage" …
std::string_view to_string(Action::Kind kind);
/// "#1 StopContainer web: spec changed (image)"; stable, so that tests can hold it against golden text.
std::string render(const Action& action, const std::string& name, int number);

}  // namespace flow::reconciler
