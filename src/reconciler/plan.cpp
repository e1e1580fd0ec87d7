#include "reconciler/plan.hpp"

namespace flow::reconciler {

std::string_view to_string(Action::Kind kind) {
    using Kind = Action::Kind;
    switch (kind) {
        case Kind::pull_image: return "PullImage";
        case Kind::ensure_network: return "EnsureNetwork";
        case Kind::create: return "CreateContainer";
        case Kind::start: return "StartContainer";
        case Kind::stop: return "StopContainer";
        case Kind::cut_short: return "KillContainer";
        case Kind::remove: return "RemoveContainer";
        case Kind::rename: return "RenameContainer";
        case Kind::update: return "UpdateContainer";
        case Kind::unpause: return "UnpauseContainer";
        case Kind::repair: return "RepairContainer";
        case Kind::connect_network: return "ConnectNetwork";
        case Kind::disconnect_network: return "DisconnectNetwork";
        case Kind::ping: return "PingEngine";
        case Kind::read_ports: return "ReadPorts";
        case Kind::read_health: return "ReadHealth";
        case Kind::adopt: return "AdoptContainer";
        case Kind::stop_done: return "StopDone";
        case Kind::keep: return "KeepNew";
        case Kind::kept: return "ReplaceDone";
        case Kind::rolled_back: return "RollBackDone";
        case Kind::activate: return "Activate";
        case Kind::gone_containers: return "ContainersGone";
        case Kind::nothing_in_hand: return "NothingInHand";
        case Kind::observe_generation: return "ObserveGeneration";
        case Kind::take_baseline: return "TakeBaseline";
        case Kind::recreate: return "RecreateContainer";
        case Kind::give_up: return "GiveUpRepair";
        case Kind::deadline_passed: return "EndJob";
        case Kind::expire: return "ExpireJob";
        case Kind::no_image: return "MissImage";
        case Kind::switch_code: return "SwitchCode";
        case Kind::keep_code: return "KeepCode";
        case Kind::drop_code: return "DropCode";
        case Kind::code_rolled_back: return "CodeRolledBack";
        case Kind::clean_volumes: return "CleanVolumes";
        case Kind::clean_socket: return "CleanSocket";
        case Kind::clean_code: return "CleanCode";
        case Kind::clean_workspace: return "CleanWorkspace";
        case Kind::gone: return "DeleteRow";
        case Kind::wait: return "Wait";
    }
    return "Nothing";
}

std::string render(const Action& action, const std::string& name, int number) {
    std::string text = "#" + std::to_string(number) + " " + std::string{to_string(action.kind)} +
                       " " + name;
    if (!action.subject.empty()) {
        text += " " + action.subject;
    }
    if (!action.engine_name.empty()) {
        text += " as " + action.engine_name;
    }
    return text + ": " + action.cause;
}

}  // namespace flow::reconciler
