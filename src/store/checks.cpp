#include "store/checks.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace flow::store {
namespace {

using domain::Error;
using domain::Record;
using domain::Result;
using domain::Spec;

Result<void> check_name(const domain::Store& store, const std::string& container_id,
                        const Spec& spec) {
    const Record* holder = store.find_name(spec.name);
    if (!holder || holder->container_id == container_id) {
        return {};
    }
    Error error;
    error.type = domain::ErrorType::name_conflict;
    error.message = "the name '" + spec.name + "' is taken by container " + holder->container_id +
                    "; choose another, or delete that one first";
    error.details["field"] = "name";
    error.details["name"] = spec.name;
    error.details["holder"] = holder->container_id;
    return error;
}

/// A walk along dependencies, depth first, with the names on the way.
class CycleSearch {
public:
    CycleSearch(const domain::Store& store, const std::string& container_id, const Spec& spec)
        : store_{store}, container_id_{container_id}, spec_{spec} {}

    /// "a -> b -> a", or "" when there is none.
    std::string run() {
        struct Level {
            const Spec* spec;
            std::size_t next = 0;
        };
        std::vector<Level> path{{&spec_}};
        while (!path.empty()) {
            Level& level = path.back();
            if (level.next == level.spec->depends_on.size()) {
                path.pop_back();
                continue;
            }
            const std::string& name = level.spec->depends_on[level.next++].name;
            if (is_start(name)) {
                std::string words;
                for (const Level& step : path) {
                    words += step.spec->name + " -> ";
                }
                return words + spec_.name;
            }
            const Record* next = store_.find_name(name);
            if (next && seen_.insert(next->container_id).second) {
                path.push_back({&next->spec()});
            }
        }
        return {};
    }

private:
    /// By its new name: the row may stand under an older one.
    bool is_start(const std::string& name) const {
        const auto same = [](char one, char other) {
            return std::tolower(static_cast<unsigned char>(one)) ==
                   std::tolower(static_cast<unsigned char>(other));
        };
        return std::equal(name.begin(), name.end(), spec_.name.begin(), spec_.name.end(), same);
    }

    const domain::Store& store_;
    const std::string& container_id_;
    const Spec& spec_;
    std::set<std::string> seen_{container_id_};
};

}  // namespace

Result<void> check_spec(const domain::Store& store, const std::string& container_id,
                        const Spec& spec) {
    if (auto free = check_name(store, container_id, spec); !free) {
        return free;
    }
    const std::string cycle = CycleSearch{store, container_id, spec}.run();
    if (!cycle.empty()) {
        return domain::validation_failed(
            {{"depends_on", "the dependencies go round in a circle: " + cycle}});
    }
    return {};
}

}  // namespace flow::store
