#include "api/apply.hpp"

#include <algorithm>
#include <set>

#include <spdlog/spdlog.h>

#include "api/request_ids.hpp"
#include "domain/spec_canonical.hpp"

namespace flow::api {

using domain::Operation;
using domain::Request;

/// One document, or one container that goes.
struct Apply::Row {
    Json result;
    std::optional<Error> wrong;     ///< refused, failed or superseded
    bool repeated = false;          ///< the same request came before
    bool ended = false;
};

struct Apply::Pass {
    ApplyCall call;
    Done done;
    std::vector<Row> rows;
    std::size_t unanswered = 1;     ///< requests that the store has not answered, and the pass itself
    bool pruned = false;
};

namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return text;
}

Request request_of(const ApplyCall& call, const ApplyDocument& document) {
    Request request;
    request.operation = Operation::manifest;
    request.actor = kAnonymous;
    request.request_id = call.request_id + "/" + document.spec.name;
    request.client_gave_id = call.client_gave_id;
    request.payload_digest = call.payload_digest;
    request.spec = document.spec;
    request.desired = document.desired;
    request.source = request.document_set = call.set;
    return request;
}

/// Never its named volumes (contract 7).
Request removal_of(const ApplyCall& call, const domain::Record& record) {
    Request request;
    request.operation = Operation::remove;
    request.actor = kAnonymous;
    request.request_id = call.request_id + "/" + record.spec().name + "/delete";
    request.client_gave_id = call.client_gave_id;
    request.payload_digest = call.payload_digest;
    request.container_id = record.container_id;
    request.remove_volumes = false;
    request.source = call.set;
    return request;
}

std::string_view action_of(const domain::Accepted& accepted) {
    return accepted.created ? "created" : accepted.changed ? "updated" : "unchanged";
}

void add_refusal(Json& result, const Error& error) {
    result["action"] = "refused";
    result["error"] = error.to_json();
}

Error summed_up(const Error& first, std::size_t wrong, const Json& results) {
    Error error = first;
    error.message = std::to_string(wrong) + " of " + std::to_string(results.size()) +
                    (results.size() == 1 ? " document" : " documents") +
                    " could not be applied: " + first.message;
    error.details["results"] = results;
    return error;
}

}  // namespace

ApplyCall Apply::read(Payload& payload, const Controls& controls) const {
    ApplyCall call;
    call.dry_run = payload.boolean("dry_run").value_or(false);
    call.prune = payload.boolean("prune").value_or(false);
    if (const auto source = payload.text("source", {1, 128})) {
        call.set += ":" + *source;
    }
    if (controls.expected_generation) {
        payload.fail("expected_generation", "several containers have no generation in common");
    }
    call.client_gave_id = controls.client_gave_id;
    call.request_id = controls.client_gave_id ? controls.request_id : make_request_id();
    call.wait = controls.wait;
    call.documents = read_documents(payload, store_);
    payload.finish();
    return call;
}

std::optional<Error> Apply::check(ApplyCall& call) const {
    for (ApplyDocument& document : call.documents) {
        const std::string id = call.request_id + "/" + document.spec.name;
        auto allowed = services_.check_policy(document.spec, call.dry_run);
        // What is refused now may have been taken when it came first: that gets its first answer again.
        if (!allowed && !(call.client_gave_id && store_.remembers(kAnonymous, id))) {
            Error error = allowed.error();
            error.message = document.spec.name + ": " + error.message;
            error.details["name"] = document.spec.name;
            return error;
        }
    }
    return std::nullopt;
}

/// The live rows that the set made and does not declare any more. `vanished`: names whose row is gone, or was
/// never its own.
std::vector<const domain::Record*> Apply::gone_rows(const ApplyCall& call,
                                                    std::vector<std::string>* vanished) const {
    std::set<std::string> declared;
    for (const ApplyDocument& document : call.documents) {
        declared.insert(lower(document.spec.name));
    }
    std::vector<const domain::Record*> rows;
    for (const domain::AppliedDocument& applied : store_.applied(call.set)) {
        if (declared.contains(applied.name)) {
            continue;
        }
        const domain::Record* record = store_.find(applied.container_id);
        if (record != nullptr && !record->deleted) {
            rows.push_back(record);
        }
        if (vanished != nullptr) {
            vanished->push_back(applied.name);
        }
    }
    return rows;
}

domain::Result<Json> Apply::try_out(Request request) const {
    auto preview = store_.preview(std::move(request));
    if (!preview) {
        return preview.error();
    }
    const domain::Accepted& accepted = preview->accepted;
    const bool removal = preview->record.deleted;
    Json shown;
    shown["name"] = accepted.name;
    shown["container_id"] = accepted.created ? Json(nullptr) : Json(accepted.container_id);
    shown["action"] = removal ? "deleted" : action_of(accepted);
    shown["generation"] = accepted.generation;
    shown["diff"] = accepted.created ? domain::spec_diff(preview->record.spec()) : accepted.diff;
    const auto steps = services_.plan(preview->record);
    shown["plan"] = steps ? Json(*steps) : Json(nullptr);
    return json_result(std::move(shown));
}

Json Apply::dry_run(const ApplyCall& call, std::optional<Error>& refused) const {
    std::vector<Request> requests;
    for (const ApplyDocument& document : call.documents) {
        requests.push_back(request_of(call, document));
    }
    if (call.prune) {
        for (const domain::Record* record : gone_rows(call, nullptr)) {
            requests.push_back(removal_of(call, *record));
        }
    }
    Json results = Json::array();
    std::size_t wrong = 0;
    for (Request& request : requests) {
        const std::string name = request.spec ? request.spec->name : "";
        auto shown = try_out(std::move(request));
        Json result;
        if (shown) {
            result = std::move(*shown);
        } else {
            result["name"] = name;
            add_refusal(result, shown.error());
            refused = ++wrong == 1 ? shown.error() : refused;
        }
        results.push_back(std::move(result));
    }
    if (refused) {
        refused = summed_up(*refused, wrong, results);
    }
    return results;
}

void Apply::run(ApplyCall call, Done done) {
    if (call.dry_run) {
        std::optional<Error> refused;
        Json answer;
        answer["dry_run"] = true;
        answer["results"] = dry_run(call, refused);
        return refused ? done(*refused) : done(json_result(std::move(answer)));
    }
    auto pass = std::make_shared<Pass>();
    pass->call = std::move(call);
    pass->done = std::move(done);
    for (const ApplyDocument& document : pass->call.documents) {
        Json known;
        known["name"] = document.spec.name;
        accept(pass, request_of(pass->call, document), std::move(known));
    }
    answered(pass);
}

void Apply::accept(const PassPtr& pass, Request request, Json known) {
    const std::size_t at = pass->rows.size();
    pass->rows.push_back({std::move(known), std::nullopt, false});
    ++pass->unanswered;
    if (pass->call.wait) {
        open_[{request.actor, request.request_id}] = {pass, at};
    }
    const Key key{request.actor, request.request_id};
    store_.accept(std::move(request), [this, pass, at, key](domain::Result<domain::Accepted> result) {
        if (!result || result->end) {
            open_.erase(key);
        }
        took(pass, at, result);
        answered(pass);
    });
}

void Apply::took(const PassPtr& pass, std::size_t at,
                 const domain::Result<domain::Accepted>& result) {
    Row& row = pass->rows[at];
    if (!result) {
        row.wrong = result.error();
        row.ended = true;
        return add_refusal(row.result, result.error());
    }
    row.repeated = result->repeated;
    const bool removal = row.result.contains("action");
    row.result["container_id"] = result->container_id;
    if (!removal) {
        row.result["action"] = action_of(*result);
    }
    row.result["generation"] = result->generation;
    row.result["diff"] = result->diff;
    spdlog::info("document applied name={} container_id={} action={} generation={} set={}",
                 result->name, result->container_id,
                 row.result["action"].get_ref<const std::string&>(), result->generation,
                 pass->call.set);
    if (result->end) {
        note_end(pass, at, *result->end);
    }
}

void Apply::note_end(const PassPtr& pass, std::size_t at, const domain::RequestEnd& end) {
    Row& row = pass->rows[at];
    row.ended = true;
    if (pass->call.wait) {
        row.result["outcome"] = domain::to_string(end.outcome);
        if (end.outcome != domain::Outcome::done) {
            row.wrong = end.error;
            row.result["error"] = end.error.to_json();
        }
    }
}

void Apply::ended(const domain::RequestEnd& end) {
    const auto found = open_.find({end.actor, end.request_id});
    if (found == open_.end()) {
        return;
    }
    const auto [pass, at] = std::move(found->second);
    open_.erase(found);
    note_end(pass, at, end);
    if (pass->unanswered == 0) {
        finish(pass);
    }
}

/// When all are taken, what is not declared any more goes; when a document was refused, nothing does.
void Apply::answered(const PassPtr& pass) {
    if (--pass->unanswered > 0) {
        return;
    }
    const bool refused = std::ranges::any_of(pass->rows, [](const Row& row) {
        return row.wrong && row.result.value("action", "") == "refused";
    });
    // A repetition does nothing: what was declared since is not its business.
    const bool anew = pass->rows.empty() || std::ranges::any_of(pass->rows, [](const Row& row) {
        return !row.repeated;
    });
    if (pass->call.prune && !pass->pruned && !refused && anew) {
        pass->pruned = true;
        pass->unanswered = 1;
        std::vector<std::string> names;
        for (const domain::Record* record : gone_rows(pass->call, &names)) {
            Json known;
            known["name"] = record->spec().name;
            known["action"] = "deleted";
            accept(pass, removal_of(pass->call, *record), std::move(known));
        }
        store_.forget_applied(pass->call.set, std::move(names), nullptr);
        return answered(pass);
    }
    if (pass->call.wait) {
        const auto time = std::chrono::ceil<std::chrono::milliseconds>(*pass->call.wait);
        services_.call_later(time, [this, pass] { timed_out(pass); });
    }
    finish(pass);
}

/// Answers, unless somebody waits for rows that have not ended.
void Apply::finish(const PassPtr& pass) {
    const auto open = [](const Row& row) { return !row.ended; };
    if (!pass->done || (pass->call.wait && std::ranges::any_of(pass->rows, open))) {
        return;
    }
    Json results = Json::array();
    std::optional<Error> first;
    std::size_t wrong = 0;
    for (const Row& row : pass->rows) {
        results.push_back(row.result);
        if (row.wrong) {
            first = ++wrong == 1 ? row.wrong : first;
        }
    }
    const Done done = std::exchange(pass->done, nullptr);
    if (first) {
        return done(summed_up(*first, wrong, results));
    }
    Json answer;
    answer["results"] = std::move(results);
    done(json_result(std::move(answer)));
}

/// The requests stay in force.
void Apply::timed_out(const PassPtr& pass) {
    if (!pass->done) {
        return;
    }
    std::erase_if(open_, [&](const auto& entry) { return entry.second.first == pass; });
    Json results = Json::array();
    for (const Row& row : pass->rows) {
        results.push_back(row.result);
    }
    Error error = make_error(ErrorType::timeout,
                             "apply was accepted but not all of it has ended in time; it goes on");
    error.details["results"] = std::move(results);
    std::exchange(pass->done, nullptr)(std::move(error));
}

}  // namespace flow::api
