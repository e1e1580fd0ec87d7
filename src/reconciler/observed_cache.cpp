#include "reconciler/observed_cache.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace flow::reconciler {
namespace {

const Containers kNone;
constexpr std::size_t kErasedKept = 4096;

}  // namespace

domain::Observed* ObservedCache::get(const std::string& docker_id) {
    const auto known = known_.find(docker_id);
    return known == known_.end() ? nullptr : &rows_[known->second.container_id].at(docker_id);
}

const domain::Observed* ObservedCache::find(const std::string& docker_id) const {
    const auto known = known_.find(docker_id);
    return known == known_.end() ? nullptr : &rows_.at(known->second.container_id).at(docker_id);
}

void ObservedCache::insert(const domain::Observed& seen, std::uint64_t version) {
    rows_[seen.container_id][seen.docker_id] = seen;
    Known& known = known_[seen.docker_id];
    known.container_id = seen.container_id;
    ++version_;
    known.added = known.added == 0 ? version_ : known.added;
    const auto unseen = unseen_.find(seen.docker_id);
    if (unseen != unseen_.end() && unseen->second.since <= version) {
        unseen_.erase(unseen);
    }
}

void ObservedCache::drop(const std::string& docker_id) {
    const auto known = known_.find(docker_id);
    if (known == known_.end()) {
        return;
    }
    const auto containers = rows_.find(known->second.container_id);
    containers->second.erase(docker_id);
    if (containers->second.empty()) {
        rows_.erase(containers);
    }
    known_.erase(known);
}

void ObservedCache::put(domain::Observed seen, std::uint64_t version) {
    if (erased_.contains(seen.docker_id)) {
        return;
    }
    const domain::Observed* present = find(seen.docker_id);
    if (present != nullptr && known_.at(seen.docker_id).touched > version) {
        // An event came while the answer was on its way: only what events do not tell is taken.
        seen.running = present->running;
        seen.paused = present->paused;
        seen.name = present->name;
        seen.started_at = std::max(seen.started_at, present->started_at);
        seen.finished_at = std::max(seen.finished_at, present->finished_at);
    }
    insert(seen, version);
}

void ObservedCache::replace_all(const std::vector<domain::Observed>& all,
                                const std::vector<domain::Observed>& unseen,
                                std::uint64_t version) {
    std::set<std::string> there;
    for (const domain::Observed& seen : all) {
        there.insert(seen.docker_id);
        put(seen, version);
    }
    for (const domain::Observed& listed : unseen) {
        there.insert(listed.docker_id);
        if (erased_.contains(listed.docker_id)) {
            continue;
        }
        if (find(listed.docker_id) == nullptr) {
            insert(listed, version);
        }
        unseen_[listed.docker_id].container_id = listed.container_id;
    }
    std::vector<std::string> gone;
    for (const auto& [docker_id, known] : known_) {
        const bool newer = known.touched > version || known.added > version;
        if (!there.contains(docker_id) && !newer) {
            gone.push_back(docker_id);
        }
    }
    for (const std::string& docker_id : gone) {
        erase(docker_id);
    }
}

bool ObservedCache::apply(const domain::EngineEvent& event) {
    using Type = domain::EngineEvent::Type;
    if (event.type == Type::destroy) {
        erase(event.docker_id);
        return false;
    }
    domain::Observed* known = get(event.docker_id);
    if (known == nullptr) {
        if (!erased_.contains(event.docker_id)) {
            Unseen& unseen = unseen_[event.docker_id];
            unseen.container_id = event.container_id;
            if (event.type == Type::update) {
                unseen.since = ++version_;      // an answer that is on its way may be older than the change
            }
        }
        return true;
    }
    switch (event.type) {
        case Type::start:
            if (!known->running && event.time <= known->finished_at) {
                return false;   // the answer that is kept is newer
            }
            known->running = true;
            known->started_at = std::max(known->started_at, event.time);
            break;
        case Type::die:
            if (event.time < known->started_at) {
                return false;
            }
            known->running = known->paused = false;
            known->pid = 0;
            known->finished_at = event.time;
            known->exit_code = event.exit_code;
            break;
        case Type::rename: known->name = event.name; break;
        case Type::pause: known->paused = true; break;
        case Type::unpause: known->paused = false; break;
        case Type::update: doubt(event.docker_id); return false;
        default: return false;
    }
    touch(event.docker_id);
    return false;
}

void ObservedCache::renamed(const std::string& docker_id, const std::string& name) {
    if (domain::Observed* known = get(docker_id)) {
        known->name = name;
        touch(docker_id);
    }
}

void ObservedCache::doubt(const std::string& docker_id) {
    const auto known = known_.find(docker_id);
    if (known != known_.end()) {
        unseen_[docker_id] = Unseen{known->second.container_id, ++version_};
    }
}

bool ObservedCache::is_newer(const std::string& docker_id, std::uint64_t version) const {
    const auto known = known_.find(docker_id);
    const bool changed = known != known_.end() &&
                         std::max(known->second.touched, known->second.added) > version;
    const auto erased = erased_.find(docker_id);
    return changed || (erased != erased_.end() && erased->second > version) ||
           unseen_.contains(docker_id);
}

std::vector<std::string> ObservedCache::doubt_networks(
    const std::vector<domain::Observed>& listed, std::uint64_t version) {
    std::vector<std::string> rows;
    for (const domain::Observed& seen : listed) {
        const domain::Observed* known = find(seen.docker_id);
        if (known != nullptr && known->networks != seen.networks &&
            !is_newer(seen.docker_id, version)) {
            doubt(seen.docker_id);
            rows.push_back(known->container_id);
        }
    }
    return rows;
}

void ObservedCache::erase(const std::string& docker_id) {
    drop(docker_id);
    unseen_.erase(docker_id);
    erased_[docker_id] = ++version_;
    if (erased_.size() > kErasedKept) {
        // Ids are never used again; only answers still on their way matter, so any old one may go.
        auto oldest = erased_.begin();
        for (auto entry = erased_.begin(); entry != erased_.end(); ++entry) {
            oldest = entry->second < oldest->second ? entry : oldest;
        }
        erased_.erase(oldest);
    }
}

void ObservedCache::clear() {
    rows_.clear();
    known_.clear();
    unseen_.clear();
}

const Containers& ObservedCache::of(const std::string& container_id) const {
    const auto row = rows_.find(container_id);
    return row == rows_.end() ? kNone : row->second;
}

std::vector<std::string> ObservedCache::to_inspect(const std::string& container_id) const {
    std::vector<std::string> ids;
    for (const auto& [docker_id, unseen] : unseen_) {
        if (unseen.container_id == container_id) {
            ids.push_back(docker_id);
        }
    }
    return ids;
}

std::vector<std::string> ObservedCache::container_ids() const {
    std::vector<std::string> ids;
    for (const auto& [id, containers] : rows_) {
        ids.push_back(id);
    }
    return ids;
}

bool ObservedCache::agrees(const std::vector<domain::Observed>& listed,
                           std::uint64_t version) const {
    std::set<std::string_view> there;
    for (const domain::Observed& seen : listed) {
        there.insert(seen.docker_id);
        const domain::Observed* known = find(seen.docker_id);
        const bool same = known != nullptr && known->running == seen.running &&
                          known->paused == seen.paused && known->name == seen.name;
        if (!same && !is_newer(seen.docker_id, version)) {
            return false;
        }
    }
    return std::all_of(known_.begin(), known_.end(), [&](const auto& entry) {
        return there.contains(entry.first) || is_newer(entry.first, version);
    });
}

}  // namespace flow::reconciler
