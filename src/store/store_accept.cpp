// Accepting a request (contract 3, model 2): repetitions, names, dependencies, manifests, then the
// model.
#include <utility>

#include "store/persist.hpp"
#include "store/request_draft.hpp"
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
    const DraftContext context{*this, copy_.manifests, *files_.reader, config_, next_seq_ - 1};
    auto drafted = draft_request(context, request, transaction.changes, transaction.moment);
    if (!drafted) {
        return refuse(request, drafted.error(), std::move(done));
    }
    if (drafted->unchanged_document) {
        return answer_unchanged(std::move(*drafted), request, std::move(done));
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
        const auto logged = [done = std::move(done), error](Result<void> result) {
            done(result ? error : result.error());
        };
        return log({refusal_draft(request, find(request.container_id), error)}, logged);
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
void Store::answer_unchanged(RequestDraft draft, const Request& request, AcceptDone done) {
    domain::RequestEnd& end = draft.accepted.end.emplace();
    end.request_id = draft.accepted.request_id;
    end.container_id = draft.accepted.container_id;
    end.operation = domain::to_string(Operation::manifest);
    Transaction transaction = begin();
    note_applied(request, draft.accepted, transaction);
    transaction.pending.done = [done = std::move(done),
                                accepted = draft.accepted](std::optional<Error> error) {
        done(error ? Result<Accepted>{std::move(*error)} : Result<Accepted>{accepted});
    };
    submit(std::move(transaction));
}

/// The new row, or the new content of the known one, with its request and its manifest's digest.
void Store::keep(RequestDraft draft, const Request& request, Transaction transaction) {
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
        note_applied(request, draft.accepted, transaction);
    }
    finish(std::move(transaction), row);
}

}  // namespace flow::store
