#include "api/rollback.hpp"

#include <algorithm>
#include <utility>

#include "domain/spec_canonical.hpp"

namespace flow::api {
namespace {

using domain::Generation;
using domain::Revision;

Error unknown_generation(const domain::Record& record, std::optional<Generation> wanted,
                         const std::vector<Revision>& known) {
    const std::string& name = record.spec().name;
    std::string message;
    if (wanted) {
        message = name + " has no generation " + std::to_string(*wanted) + "; it has";
        for (const Revision& revision : known) {
            message += (revision.generation == known.front().generation ? " " : ", ") +
                       std::to_string(revision.generation);
        }
    } else {
        message = name + " has no generation before " +
                  std::to_string(record.status.active_generation) + " to go back to";
    }
    return domain::validation_failed({{"to_generation", std::move(message)}});
}

}  // namespace

domain::Result<domain::Spec> old_spec(const domain::Store& store, const domain::Record& record,
                                      std::optional<Generation> wanted) {
    auto known = store.revisions(record.container_id);
    if (!known) {
        return known.error();
    }
    const Generation active = record.status.active_generation;
    const auto fits = [&](const Revision& revision) {
        return wanted ? revision.generation == *wanted : revision.generation < active;
    };
    const auto found = std::find_if(known->rbegin(), known->rend(), fits);
    if (found == known->rend()) {
        return unknown_generation(record, wanted, *known);
    }
    return std::move(found->spec);
}

domain::Result<Json> revisions_json(const domain::Store& store, const domain::Record& record) {
    const auto known = store.revisions(record.container_id);
    if (!known) {
        return known.error();
    }
    Json list = Json::array();
    for (auto at = known->rbegin(); at != known->rend(); ++at) {
        Json entry;
        entry["generation"] = at->generation;
        entry["active"] = at->generation == record.status.active_generation;
        entry["actor"] = at->actor;
        entry["request_id"] = at->request_id;
        entry["seq"] = at->seq;
        entry["created_at"] = at->at == domain::Time{} ? Json(nullptr)
                                                       : Json(domain::to_rfc3339(at->at));
        const bool first = std::next(at) == known->rend();
        entry["changed_fields"] = first ? std::vector<std::string>{}
                                        : changed_fields(std::next(at)->spec, at->spec);
        entry["spec"] = domain::to_public(at->spec);
        list.push_back(std::move(entry));
    }
    Json answer;
    answer["container_id"] = record.container_id;
    answer["name"] = record.spec().name;
    answer["generation"] = record.generation;
    answer["active_generation"] = record.status.active_generation;
    answer["revisions"] = std::move(list);
    return json_result(std::move(answer));
}

}  // namespace flow::api
