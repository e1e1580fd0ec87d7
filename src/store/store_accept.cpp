// Accepting a request (contract 3, model 2): repetitions, names, dependencies, manifests, then the model.
#include <utility>

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include "domain/model/model.hpp"
#include "store/checks.hpp"
#include "store/database.hpp"
#include "store/persist.hpp"
#include "store/store.hpp"

namespace flow::store {

using domain::Accepted;
using domain::Error;
using domain::Operation;
using domain::Request;
using domain::Result;

void Store::accept(Request request, AcceptDone done) {
    if (auto ready = writable(); !ready) {
        return later([done = std::move(done), error = ready.error()] { done(error); });
    }
    if (request.client_gave_id) {
        if (const Remembered* known = copy_.requests.find(request.actor, request.request_id)) {
            return repeat(*known, request, std::move(done));
        }
    }
    Transaction transaction = begin();
    auto drafted = draft(request, transaction.changes, transaction.moment);
    if (!drafted) {
        return refuse(request, drafted.error(), std::move(done));
    }
    if (drafted->unchanged_document) {
        return answer_unchanged(std::move(*drafted), std::move(done));
    }
    transaction.pending.done = [done = std::move(done),
                                accepted = drafted->accepted](std::optional<Error> error) {
        done(error ? Result<Accepted>{std::move(*error)} : Result<Accepted>{accepted});
    };
    keep(std::move(*drafted), request, std::move(transaction));
}

/// The first answer once more, behind everything submitted before: it may not be durable yet.
void Store::repeat(const Remembered& known, const Request& request, AcceptDone done) {
    if (known.payload_digest != request.payload_digest) {
        Error error;
        error.type = domain::ErrorType::conflict_error;
        error.message = "the request_id " + request.request_id +
                        " was used with another payload; make a new one for a new request";
        error.details["request_id"] = request.request_id;
        log({refusal_draft(request, find(request.container_id), error)}, [done = std::move(done), error](Result<void> logged) {
            done(logged ? error : logged.error());
        });
        return;
    }
    Result<Accepted> answer = known.answer;
    if (known.refusal) {
        answer = *known.refusal;
    } else {
        answer->repeated = true;
        answer->end = known.end;
    }
    barrier([done = std::move(done), answer = std::move(answer)](std::optional<Error> error) {
        done(error ? Result<Accepted>{std::move(*error)} : answer);
    });
}

/// Nothing but an audit row is written, and the answer to repetitions, unless the fault is ours.
void Store::refuse(const Request& request, Error error, AcceptDone done) {
    Transaction transaction = begin();
    transaction.changes.add(refusal_draft(request, find(request.container_id), error));
    if (request.client_gave_id && error.type != domain::ErrorType::system_error) {
        Remembered remembered;
        remembered.client_gave_id = true;
        remembered.payload_digest = request.payload_digest;
        remembered.refusal = error;
        remembered.ended_at = transaction.moment.now;
        domain::OpenRequest never;
        never.seq = next_seq_;
        never.at = transaction.moment.now;
        transaction.statements.push_back(request_row(request, remembered, never));
        copy_.requests.put({request.actor, request.request_id}, std::move(remembered));
    }
    transaction.pending.done = [done = std::move(done), error](std::optional<Error> failure) {
        done(failure ? std::move(*failure) : error);
    };
    finish(std::move(transaction), nullptr);
}

/// A document that was applied before does nothing, whatever was done since; its request is done.
void Store::answer_unchanged(Draft draft, AcceptDone done) {
    domain::RequestEnd& end = draft.accepted.end.emplace();
    end.request_id = draft.accepted.request_id;
    end.container_id = draft.accepted.container_id;
    end.operation = domain::to_string(Operation::manifest);
    barrier([done = std::move(done), accepted = draft.accepted](std::optional<Error> error) {
        done(error ? Result<Accepted>{std::move(*error)} : Result<Accepted>{accepted});
    });
}

/// The new row, or the new content of the known one, with its request and its manifest's digest.
void Store::keep(Draft draft, const Request& request, Transaction transaction) {
    const domain::Time now = transaction.moment.now;
    transaction.author = Author{request.actor, request.request_id, now};
    Row* row = copy_.rows.find(draft.record.container_id);
    if (row) {
        row->record = std::move(draft.record);
    } else {
        row = &copy_.rows.add(std::move(draft.record));
    }
    Remembered remembered;
    remembered.client_gave_id = request.client_gave_id;
    remembered.payload_digest = request.payload_digest;
    remembered.answer = draft.accepted;
    transaction.statements.push_back(request_row(request, remembered, draft.open));
    row->written.open.push_back(draft.open);
    copy_.requests.put({request.actor, request.request_id}, std::move(remembered));
    if (request.operation == Operation::manifest) {
        const std::string& name = request.spec->name;
        copy_.manifests[{request.source, name}] = request.document_digest;
        Statement applied{Sql::put_manifest, {}};
        applied.values = {request.source, name, request.document_digest,
                          number(domain::to_nanos(now))};
        transaction.statements.push_back(std::move(applied));
    }
    finish(std::move(transaction), row);
}

/// Everything that can refuse, on a copy: a refusal leaves nothing behind.
Result<Store::Draft> Store::draft(Request& request, domain::Changes& changes,
                                  const domain::Moment& moment) const {
    const domain::Record* holder =
        request.operation == Operation::manifest ? find_name(request.spec->name) : nullptr;
    if (request.operation == Operation::manifest) {
        request.container_id = holder ? holder->container_id : "";
        if (is_applied(request)) {
            return unchanged(request, holder);
        }
    }
    const bool is_new = request.operation == Operation::create ||
                        (request.operation == Operation::manifest && !holder);
    auto draft = is_new ? draft_new(request, moment) : draft_known(request);
    if (!draft) {
        return draft;
    }
    if (request.spec) {
        auto checked = check_spec(*this, draft->record.container_id, *request.spec);
        if (!checked) {
            return checked.error();
        }
    }
    auto accepted = domain::model::accept(draft->record, request, changes, moment);
    if (!accepted) {
        return accepted.error();
    }
    draft->accepted = std::move(*accepted);
    for (const domain::OpenRequest& open : draft->record.open) {
        if (open.actor == request.actor && open.request_id == request.request_id) {
            draft->open = open;
        }
    }
    domain::model::settle(draft->record, changes, moment);
    return draft;
}

Result<Store::Draft> Store::draft_new(Request& request, const domain::Moment& moment) const {
    auto container_id = new_container_id();
    if (!container_id) {
        return container_id.error();
    }
    if (request.spec->name.empty()) {
        request.spec->name = "flow-" + *container_id;
    }
    Draft draft;
    draft.record = domain::model::create_record(request, *container_id, moment);
    draft.record.socket_folder = config_.run_dir + "/" + *container_id;
    return draft;
}

Result<Store::Draft> Store::draft_known(const Request& request) const {
    const domain::Record* record = find(request.container_id);
    if (!record) {
        Error error;
        error.type = domain::ErrorType::container_not_found;
        error.message = "no container has the id " + request.container_id;
        error.details["container_id"] = request.container_id;
        return error;
    }
    Draft draft;
    draft.record = *record;
    return draft;
}

/// Applied with this very content. By the digest alone: a container that was deleted by hand, or a finished job that
/// was cleaned away, does not come back because the daemon was started again (contract 7).
bool Store::is_applied(const Request& request) const {
    const auto found = copy_.manifests.find({request.source, request.spec->name});
    return found != copy_.manifests.end() && found->second == request.document_digest;
}

Store::Draft Store::unchanged(const Request& request, const domain::Record* holder) const {
    Draft draft;
    draft.unchanged_document = true;
    draft.accepted.name = request.spec->name;
    draft.accepted.request_id = request.request_id;
    draft.accepted.seq = next_seq_ - 1;
    if (holder) {
        draft.accepted.container_id = holder->container_id;
        draft.accepted.name = holder->spec().name;
        draft.accepted.generation = holder->generation;
    }
    return draft;
}

/// Never one that was used before, as far as the history reaches.
Result<std::string> Store::new_container_id() const {
    constexpr int kTries = 100;
    try {
        SQLite::Statement used{*reader_,
                               "SELECT 1 FROM spec_revisions WHERE container_id = ? LIMIT 1"};
        for (int i = 0; i < kTries; ++i) {
            const std::string id = config_.make_id();
            used.reset();
            used.bind(1, id);
            if (!find(id) && !used.executeStep()) {
                return id;
            }
        }
    } catch (const SQLite::Exception& failure) {
        return sqlite_error("no container id could be made, " + config_.file + " cannot be read",
                            failure.what());
    }
    return sqlite_error("no container id could be made", "all that were tried are in use");
}

}  // namespace flow::store
