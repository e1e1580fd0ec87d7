#include "support/fake_store.hpp"

#include <algorithm>

namespace flow::test {

using namespace domain;

void FakeStore::commit() {
    durable_ = next_ - 1;
    const Commit commit = std::exchange(pending_, {});
    for (const Observer& observer : observers_) {
        observer(commit);
    }
    for (const auto& callback : std::exchange(callbacks_, {})) {
        callback();
    }
}

Record& FakeStore::put(Spec spec, std::string container_id) {
    Request request;
    request.spec = std::move(spec);
    if (container_id.empty()) {
        const std::string number = std::to_string(next_id_++);
        container_id = std::string(12 - number.size(), 'a') + number;
    }
    if (request.spec->name.empty()) {
        request.spec->name = "flow-" + container_id;
    }
    Moment at = moment;
    at.now += std::chrono::seconds{static_cast<int>(rows_.size())};
    Record record = model::create_record(request, container_id, at);
    record.socket_folder = "/run/" + container_id;
    return *(rows_[container_id] = std::make_unique<Record>(std::move(record)));
}

void FakeStore::keep(Changes changes) {
    for (EventDraft& draft : changes.events) {
        StoredEvent event;
        event.seq = next_++;
        event.time = moment.now;
        event.kind = draft.kind;
        event.type = draft.type;
        event.container_id = draft.container_id;
        event.payload = std::move(draft.payload);
        if (draft.kind == LogKind::event) {
            event.payload["seq"] = event.seq;
            event.payload["timestamp"] = to_rfc3339(moment.now);
            events_.push_back(event);
            pending_.events.push_back(std::move(event));
        }
    }
    for (RequestEnd& end : changes.ends) {
        this->end(std::move(end));
    }
}

Seq FakeStore::tell(std::string type, std::string container_id, Json payload) {
    Changes changes;
    EventDraft draft;
    draft.type = std::move(type);
    draft.container_id = std::move(container_id);
    draft.payload = std::move(payload);
    changes.events.push_back(std::move(draft));
    keep(std::move(changes));
    return next_ - 1;
}

void FakeStore::end(RequestEnd end) {
    const auto found = requests_.find({end.actor, end.request_id});
    if (found != requests_.end()) {
        found->second.end = end;
    }
    pending_.ends.push_back(std::move(end));
}

void FakeStore::forget_until(Seq seq) {
    std::erase_if(events_, [seq](const StoredEvent& event) { return event.seq <= seq; });
    first_ = seq + 1;
}

const Record* FakeStore::find(std::string_view container_id) const {
    const auto found = rows_.find(std::string(container_id));
    return found == rows_.end() ? nullptr : found->second.get();
}

const Record* FakeStore::find_name(std::string_view name) const {
    for (const auto& [id, record] : rows_) {
        if (!record->deleted && record->spec().name == name) {
            return record.get();
        }
    }
    return nullptr;
}

const Record* FakeStore::resolve(std::string_view reference) const {
    const Record* record = find(reference);
    return record ? record : find_name(reference);
}

void FakeStore::for_each(const std::function<void(const Record&)>& visit) const {
    for (const auto& [id, record] : rows_) {
        visit(*record);
    }
}

bool FakeStore::remembers(std::string_view actor, std::string_view request_id) const {
    return requests_.contains({std::string(actor), std::string(request_id)});
}

Result<Accepted> FakeStore::take(const Request& request) {
    if (refusal_) {
        return *std::exchange(refusal_, std::nullopt);
    }
    const auto known = requests_.find({request.actor, request.request_id});
    if (known != requests_.end()) {
        if (known->second.digest != request.payload_digest) {
            Error error;
            error.type = ErrorType::conflict_error;
            error.message = "request_id used";
            return error;
        }
        Accepted again = known->second.answer;
        again.repeated = true;
        again.end = known->second.end;
        return again;
    }
    const bool manifest = request.operation == Operation::manifest;
    const Record* holder = manifest ? find_name(request.spec->name) : nullptr;
    const bool makes = request.operation == Operation::create || (manifest && !holder);
    Record* record = makes ? &put(*request.spec) : nullptr;
    if (makes && manifest) {
        record->source = request.source;
        record->desired = request.desired;
    }
    if (holder) {
        record = rows_.at(holder->container_id).get();
    }
    if (const auto found = rows_.find(request.container_id); found != rows_.end()) {
        record = found->second.get();
    }
    if (record == nullptr) {
        Error error;
        error.type = ErrorType::container_not_found;
        error.message = "no such row";
        return error;
    }
    Changes changes;
    changes.first_seq = next_;
    auto answer = model::accept(*record, request, changes, moment);
    if (answer) {
        requests_[{request.actor, request.request_id}] = {request.payload_digest, *answer, {}};
        keep(std::move(changes));
    }
    return answer;
}

void FakeStore::accept(Request request, AcceptDone done) {
    accepted.push_back(request);
    auto answer = take(request);
    callbacks_.push_back([done = std::move(done), answer = std::move(answer)] { done(answer); });
}

Result<Preview> FakeStore::preview(Request request) const {
    const bool manifest = request.operation == Operation::manifest;
    const Record* holder = manifest ? find_name(request.spec->name) : find(request.container_id);
    Preview preview;
    preview.record = holder ? *holder : model::create_record(request, "bbbbbbbbbbbb", moment);
    Changes changes;
    auto taken = model::accept(preview.record, request, changes, moment);
    if (!taken) {
        return taken.error();
    }
    preview.accepted = *taken;
    return preview;
}

Result<std::vector<Revision>> FakeStore::revisions(std::string_view id) const {
    const auto found = history.find(std::string(id));
    return found == history.end() ? std::vector<Revision>{} : found->second;
}

std::vector<AppliedDocument> FakeStore::applied(std::string_view document_set) const {
    const auto found = sets.find(std::string(document_set));
    return found == sets.end() ? std::vector<AppliedDocument>{} : found->second;
}

void FakeStore::forget_applied(std::string set, std::vector<std::string> names, Done done) {
    for (const std::string& name : names) {
        std::erase_if(sets[set], [&](const auto& document) { return document.name == name; });
    }
    if (done) {
        callbacks_.push_back([done = std::move(done)] { done({}); });
    }
}

void FakeStore::change(std::string_view container_id, Change change, Done done) {
    Changes changes;
    changes.first_seq = next_;
    change(row(container_id), changes, moment);
    keep(std::move(changes));
    callbacks_.push_back([done = std::move(done)] { done({}); });
}

void FakeStore::log(std::vector<EventDraft> drafts, Done done) {
    Changes changes;
    for (EventDraft& draft : drafts) {
        if (draft.kind == LogKind::refusal) {
            refusals.push_back(draft);
        }
        changes.events.push_back(std::move(draft));
    }
    keep(std::move(changes));
    callbacks_.push_back([done = std::move(done)] { done({}); });
}

void FakeStore::set_meta(std::string, std::string, Done done) {
    callbacks_.push_back([done = std::move(done)] { done({}); });
}

void FakeStore::set_contact(bool contact, bool unknown) {
    moment.contact = contact;
    moment.unknown = unknown;
}

Result<std::vector<StoredEvent>> FakeStore::events_after(Seq after, std::size_t limit) const {
    ++log_reads;
    if (log_broken) {
        Error error;
        error.message = "disk on fire";
        return error;
    }
    std::vector<StoredEvent> found;
    for (const StoredEvent& event : events_) {
        if (event.seq > after && event.seq <= durable_ && found.size() < std::min(limit, log_at_once)) {
            found.push_back(event);
        }
    }
    return found;
}

}  // namespace flow::test
