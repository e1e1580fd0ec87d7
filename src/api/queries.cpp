#include "api/queries.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <utility>

#include "domain/model/model.hpp"
#include "domain/spec_canonical.hpp"

namespace flow::api {

using domain::Record;
using domain::State;

namespace {

constexpr std::array kStates = {
    State::creating, State::created,    State::starting, State::running, State::stopping,
    State::stopped,  State::updating,   State::restarting, State::removing, State::removed,
    State::completed, State::error,     State::unknown,
};

using Place = std::pair<std::int64_t, std::string>;

Place place_of(const Record& record) {
    return {domain::to_nanos(record.created), record.container_id};
}

std::string to_cursor(const Place& place) {
    return std::to_string(place.first) + "-" + place.second;
}

std::optional<Place> parse_cursor(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos || dash + 1 == text.size()) {
        return std::nullopt;
    }
    Place place{0, std::string(text.substr(dash + 1))};
    const auto read = std::from_chars(text.data(), text.data() + dash, place.first);
    if (read.ec != std::errc{} || read.ptr != text.data() + dash) {
        return std::nullopt;
    }
    return place;
}

std::vector<std::string> state_names() {
    std::vector<std::string> names;
    for (const State state : kStates) {
        names.emplace_back(domain::to_string(state));
    }
    return names;
}

}  // namespace

ListQuery Queries::parse_list(Payload& payload) const {
    ListQuery query;
    query.labels = payload.labels("labels");
    const std::vector<std::string> known = state_names();
    for (std::string& state : payload.texts("state", kStates.size())) {
        if (std::find(known.begin(), known.end(), state) == known.end()) {
            const std::string meant = nearest(state, known);
            payload.fail("state", "\"" + printable(state, 64) + "\" is not a state" +
                                      (meant.empty() ? "" : "; did you mean " + meant + "?"));
        }
        query.states.insert(std::move(state));
    }
    const auto most = static_cast<std::int64_t>(config_.longest_list);
    const auto limit = payload.integer("limit", {1, most});
    query.limit = limit ? static_cast<std::size_t>(*limit) : config_.list_limit;
    query.cursor = payload.text("cursor", {1, 64}).value_or("");
    if (!query.cursor.empty() && !parse_cursor(query.cursor)) {
        payload.fail("cursor", "is not a next_cursor that list_containers gave");
    }
    return query;
}

std::vector<const Record*> Queries::sorted() const {
    std::vector<const Record*> records;
    records.reserve(store_.size());
    store_.for_each([&](const Record& record) { records.push_back(&record); });
    std::sort(records.begin(), records.end(), [](const Record* left, const Record* right) {
        return std::tie(left->created, left->container_id) <
               std::tie(right->created, right->container_id);
    });
    return records;
}

Json Queries::list(const ListQuery& query) const {
    const domain::Moment moment = services_.moment();
    const std::optional<Place> after = parse_cursor(query.cursor);
    Json entries = Json::array();
    Json next = nullptr;
    std::optional<Place> last;
    for (const Record* record : sorted()) {
        const Place place = place_of(*record);
        if ((after && place <= *after) || !has_labels(record->spec().labels, query.labels)) {
            continue;
        }
        const auto state = domain::to_string(domain::model::state_of(*record, moment));
        if (!query.states.empty() && !query.states.contains(std::string(state))) {
            continue;
        }
        if (entries.size() == query.limit) {
            next = to_cursor(*last);
            break;
        }
        entries.push_back(domain::model::list_entry(*record, moment));
        last = place;
    }
    const std::size_t count = entries.size();
    Json result;
    result["containers"] = std::move(entries);
    result["count"] = count;
    result["next_cursor"] = std::move(next);
    return result;
}

Json Queries::snapshot() const {
    const domain::Moment moment = services_.moment();
    Json entries = Json::array();
    for (const Record* record : sorted()) {
        entries.push_back(domain::model::list_entry(*record, moment));
    }
    return entries;
}

Json Queries::status(const Record& record) const {
    const domain::Moment moment = services_.moment();
    Json status = domain::model::status_json(record, moment);
    status.erase("request_id");     // of the latest wish; a status answers a query of its own
    status["timestamp"] = domain::to_rfc3339(moment.now);
    const domain::Messages* messages = services_.messages;
    status["socket_connected"] = messages != nullptr && messages->connected(record.container_id);
    status["last_communication"] = nullptr;
    if (messages != nullptr && messages->last_communication(record.container_id) != domain::Time{}) {
        status["last_communication"] = domain::to_rfc3339(messages->last_communication(record.container_id));
    }
    const domain::Time observed = services_.last_observation();
    status["observed_at"] = nullptr;
    if (observed != domain::Time{}) {
        status["observed_at"] = domain::to_rfc3339(observed);
    }
    domain::ResourceUsage usage = services_.usage(record.container_id);
    if (usage.timestamp == domain::Time{}) {
        usage.timestamp = moment.now;   // nothing runs: the zeros are of now
    }
    status["resource_usage"] = usage.to_json();
    return status;
}

std::vector<Json> Queries::running() const {
    const domain::Moment moment = services_.moment();
    std::vector<Json> all;
    store_.for_each([&](const Record& record) {
        if (domain::model::state_of(record, moment) == State::running) {
            all.push_back(status(record));
        }
    });
    return all;
}

Json Queries::describe(const Record& record) const {
    Json whole = domain::model::list_entry(record, services_.moment());
    whole.update(status(record));
    whole["spec"] = domain::to_public(record.spec());
    return whole;
}

}  // namespace flow::api
