// What others changed on the engine container by hand, put back in place or by a recreate (design 4, model 11).
#include <algorithm>

#include "domain/model/drift.hpp"
#include "reconciler/planner_parts.hpp"

namespace flow::reconciler {

using Next = Planner::Next;
namespace model = domain::model;
using domain::Difference;
using domain::Observed;
using domain::Purpose;
using domain::Remedy;

/// The container that counts has the row's name. Another than a helper's or an older one of ours was given by somebody.
Next Planner::own_name(const Observed& main) const {
    if (main.name == main_name()) {
        return std::nullopt;
    }
    if (name_held()) {
        return named(rename(main, main_name(), ""));
    }
    Action action = rename(main, main_name(), "its name is " + main.name);
    const auto known = status_.baselines.find(main.docker_id);
    const bool last = known != status_.baselines.end() && main.name == known->second.name;
    const bool ours = last || main.name == helper_name(".prev") || main.name == helper_name(".next") ||
                      main.name == in_.name_prefix + record_.active_spec().name;
    if (ours) {
        return after_backoff(domain::BackoffKind::name, std::move(action));
    }
    const Difference difference{domain::kNameField, main.name, main_name()};
    if (model::given_up(record_, difference)) {
        return std::nullopt;
    }
    action.differences.push_back(difference);
    if (model::comes_again(record_, difference, in_.now)) {
        action.kind = Kind::give_up;
        action.cause = to_text(action.differences);
        return action;
    }
    return after_backoff(domain::BackoffKind::name, std::move(action));
}

Next Planner::drift(const Observed& main) const {
    if (main.settings.empty()) {
        return std::nullopt;    // not known
    }
    const auto known = status_.baselines.find(main.docker_id);
    if (known == status_.baselines.end()) {
        return on(Kind::take_baseline, main, "what it was is not known");
    }
    const domain::Baseline& baseline = known->second;
    if (baseline.settings == main.settings) {
        return std::nullopt;
    }
    std::vector<Difference> found = domain::differences(baseline.settings, main.settings);
    const bool reshaped = baseline.engine != main.engine &&
                          std::any_of(found.begin(), found.end(), domain::is_fixed);
    if (reshaped) {
        return on(Kind::take_baseline, main,
                  "engine " + main.engine + " tells it otherwise than " + baseline.engine);
    }
    std::erase_if(found, [&](const Difference& difference) {
        return model::given_up(record_, difference);
    });
    return found.empty() ? std::nullopt : put_back(main, std::move(found));
}

/// One engine call: limits all at once, networks one by one; what cannot be put in place needs a recreate.
Next Planner::put_back(const Observed& main, std::vector<Difference> found) const {
    const auto with = [&](Kind kind, std::vector<Difference> differences) {
        Action action = on(kind, main, to_text(differences));
        action.differences = std::move(differences);
        return action;
    };
    std::vector<Difference> again, limits;
    const Difference* network = nullptr;
    bool recreate = false;
    for (const Difference& difference : found) {
        const Remedy remedy = remedy_of(difference);
        recreate = recreate || remedy == Remedy::recreate;
        if (model::comes_again(record_, difference, in_.now)) {
            again.push_back(difference);
        } else if (remedy == Remedy::update) {
            limits.push_back(difference);
        } else if (remedy != Remedy::recreate) {
            network = &difference;
        }
    }
    if (!again.empty()) {
        return with(Kind::give_up, std::move(again));
    }
    const bool once = record_.active_spec().restart.policy == domain::Restart::Policy::no;
    if (recreate && main.running && once) {
        return std::nullopt;    // it would run a second time: put off until it has ended
    }
    if (recreate) {
        return with(Kind::recreate, std::move(found));
    }
    if (!limits.empty()) {
        return after_backoff(domain::BackoffKind::change, with(Kind::repair, std::move(limits)));
    }
    const bool joins = remedy_of(*network) == Remedy::connect;
    Action action = with(joins ? Kind::connect_network : Kind::disconnect_network, {*network});
    action.subject = network->field.substr(std::string{domain::kNetworksPrefix}.size());
    if (joins && !in_.known_networks.contains(action.subject)) {
        Action ensure = make(Kind::ensure_network, "the spec names it");
        ensure.subject = action.subject;
        return after_backoff(domain::BackoffKind::change, std::move(ensure));
    }
    return after_backoff(domain::BackoffKind::change, std::move(action));
}

Next Planner::recreate(const Observed& main) const {
    const auto& differences = status_.drift->recreating;
    const std::string cause = differences.empty()
                                  ? "it cannot be started any more: its network is gone"
                                  : to_text(differences);
    if (main.running) {
        return stop(main, Purpose::restart, cause);
    }
    return step(on(Kind::remove, main, cause));
}

}  // namespace flow::reconciler
