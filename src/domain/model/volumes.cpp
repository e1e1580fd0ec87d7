#include "domain/model/volumes.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace flow::domain::model {
namespace {

using Volumes = std::map<std::string, std::string>;     // target to name

/// The engine names an anonymous volume with 64 hex characters.
bool looks_anonymous(const ObservedMount& mount) {
    return mount.type == "volume" && mount.name.size() == 64 &&
           mount.name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool declares(const Spec& spec, const std::string& target) {
    return std::any_of(spec.volumes.begin(), spec.volumes.end(),
                       [&](const Mount& mount) { return mount.target == target; });
}

bool names(const Spec& spec, const std::string& volume) {
    return std::any_of(spec.volumes.begin(), spec.volumes.end(), [&](const Mount& mount) {
        return mount.type == Mount::Type::volume && mount.source == volume;
    });
}

/// Something else of the spec is at that place.
bool is_taken(const Spec& spec, const std::string& target) {
    const auto at_target = [&](const std::string& tmpfs) {
        return tmpfs.substr(0, tmpfs.find(':')) == target;
    };
    return (spec.code->wanted() && spec.code->target == target) ||
           (spec.workspace.enabled && target == Workspace::kTarget) ||
           std::any_of(spec.tmpfs.begin(), spec.tmpfs.end(), at_target);
}

/// Those of `before` that are not in `now` are kept in mind: nobody else knows their names.
void leave(Status& status, const Volumes& before, const Volumes& now) {
    for (const auto& [target, name] : before) {
        const auto same = [&name = name](const auto& entry) { return entry.second == name; };
        if (std::none_of(now.begin(), now.end(), same)) {
            status.spare_volumes.edit().left.insert(name);
        }
    }
}

}  // namespace

void record_volumes(Record& record, const Observed& made, Generation generation, Role role) {
    Status& status = record.status;
    const auto spec = record.specs.find(generation);
    Volumes volumes;
    for (const ObservedMount& mount : made.mounts) {
        if (looks_anonymous(mount) && (spec == record.specs.end() || !names(spec->second, mount.name))) {
            volumes[mount.target] = mount.name;
        }
    }
    if (role == Role::main) {
        leave(status, std::exchange(status.anonymous_volumes, volumes), volumes);
        return;
    }
    // Of one that was tried before and given up.
    leave(status, status.spare_volumes->next, status.anonymous_volumes);
    if (!volumes.empty() || !status.spare_volumes->next.empty()) {
        status.spare_volumes.edit().next = std::move(volumes);
    }
}

void keep_volumes(Status& status) {
    const Volumes now = status.spare_volumes->next;
    leave(status, std::exchange(status.anonymous_volumes, now), now);
    if (!now.empty()) {
        status.spare_volumes.edit().next.clear();
    }
}

std::map<std::string, std::string> carried_volumes(const Record& record, const Spec& spec) {
    const auto active = record.specs.find(record.status.active_generation);
    Volumes carried = record.status.anonymous_volumes;
    std::erase_if(carried, [&](const auto& entry) {
        const bool dropped = active != record.specs.end() && declares(active->second, entry.first) &&
                             !declares(spec, entry.first);
        return dropped || is_taken(spec, entry.first);
    });
    return carried;
}

std::vector<std::string> volumes_of_its_own(const Record& record) {
    std::set<std::string> all = record.status.spare_volumes->left;
    for (const Volumes* volumes : {&record.status.anonymous_volumes, &record.status.spare_volumes->next}) {
        for (const auto& [target, name] : *volumes) {
            all.insert(name);
        }
    }
    // One that was adopted by its name is the user's.
    std::erase_if(all, [&record](const std::string& name) {
        return std::any_of(record.specs.begin(), record.specs.end(),
                           [&name](const auto& entry) { return names(entry.second, name); });
    });
    return {all.begin(), all.end()};
}

}  // namespace flow::domain::model
