#include "api/answers.hpp"

#include <vector>

namespace flow::api {

namespace {

std::string seconds_text(domain::Duration duration) {
    return std::to_string(std::chrono::duration<double>(duration).count()).substr(0, 5);
}

Json outcome_ack(const domain::Accepted& accepted, const domain::RequestEnd& end) {
    if (end.outcome == domain::Outcome::done) {
        Json ack = accepted.to_json();
        ack["outcome"] = "done";
        ack["result"] = end.answer;
        return ack;
    }
    Json ack = failed_ack(end.error);
    ack["outcome"] = domain::to_string(end.outcome);
    return ack;
}

}  // namespace

Answers::Token Answers::attach(Waiter waiter) {
    const Token token = ++last_;
    if (const auto session = waiter.session.lock()) {
        ++session->open_requests;
    }
    by_request_.emplace(Key(waiter.actor, waiter.request_id), token);
    entries_[token].waiter = std::move(waiter);
    return token;
}

Answers::Entry Answers::take(Token token) {
    const auto found = entries_.find(token);
    Entry entry = std::move(found->second);
    entries_.erase(found);
    auto [at, last] = by_request_.equal_range(Key(entry.waiter.actor, entry.waiter.request_id));
    while (at != last) {
        at = at->second == token ? by_request_.erase(at) : std::next(at);
    }
    if (const auto session = entry.waiter.session.lock()) {
        --session->open_requests;
    }
    return entry;
}

void Answers::accepted(Token token, const domain::Accepted& answer) {
    const auto found = entries_.find(token);
    if (found == entries_.end()) {
        return;
    }
    Entry& entry = found->second;
    entry.accepted = answer;
    if (answer.end) {
        entry.end = {*answer.end, 0};
    }
    if (!entry.waiter.wait) {
        if (const Ack ack = std::exchange(entry.waiter.ack, nullptr)) {
            ack(answer.to_json());
        }
    } else if (!entry.end) {
        start_waiting(token, entry);
    }
    // The acknowledgement may have ended the session and all that was attached to it.
    if (entries_.contains(token) && entries_.at(token).end) {
        finish(token);
    }
}

void Answers::refused(Token token) {
    if (entries_.contains(token)) {
        take(token);
    }
}

void Answers::start_waiting(Token token, const Entry& entry) {
    if (entry.waiter.ack) {
        const auto time = std::chrono::ceil<std::chrono::milliseconds>(*entry.waiter.wait);
        call_later_(time, [this, token] { timed_out(token); });
    }
}

/// The request stays in force; its answer event still comes.
void Answers::timed_out(Token token) {
    const auto found = entries_.find(token);
    if (found == entries_.end()) {
        return;
    }
    Entry& entry = found->second;
    const Ack ack = std::exchange(entry.waiter.ack, nullptr);
    if (!ack) {
        return;
    }
    Error error = make_error(
        ErrorType::timeout, entry.waiter.operation + " was accepted but has not ended within " +
                                seconds_text(*entry.waiter.wait) +
                                " s; it goes on, and its answer event will come");
    const About subject{entry.waiter.operation, entry.accepted->container_id,
                        entry.waiter.request_id};
    ack(failed_ack(about(std::move(error), subject)));
}

void Answers::ended(const domain::RequestEnd& end, Seq seq) {
    std::vector<Token> ready;
    const auto [first, last] = by_request_.equal_range(Key(end.actor, end.request_id));
    for (auto at = first; at != last; ++at) {
        Entry& entry = entries_.at(at->second);
        entry.end = {end, seq};
        if (entry.accepted) {
            ready.push_back(at->second);
        }
    }
    for (const Token token : ready) {
        if (entries_.contains(token)) {
            finish(token);
        }
    }
}

void Answers::finish(Token token) {
    auto entry = std::make_shared<Entry>(take(token));
    const auto session = entry->waiter.session.lock();
    if (!session || session->gone()) {
        return;
    }
    const auto [end, seq] = *entry->end;
    // Kept by the session until its feed has come so far; the session is alive when that is called.
    session->when_reached(seq, [raw = session.get(), entry] {
        deliver(*raw, *entry, entry->end->first);
    });
}

void Answers::deliver(Session& session, Entry& entry, const domain::RequestEnd& end) {
    const domain::Accepted& accepted = *entry.accepted;
    domain::RequestEnd told = end;
    const About subject{end.operation, accepted.container_id, end.request_id};
    if (told.outcome == domain::Outcome::done) {
        told.answer.emplace("request_id", end.request_id);
    } else {
        told.error = about(std::move(told.error), subject);
    }
    if (const Ack ack = std::exchange(entry.waiter.ack, nullptr)) {
        ack(outcome_ack(accepted, told));
    }
    if (told.outcome == domain::Outcome::done) {
        session.emit(told.operation, told.answer);
    } else {
        session.emit("error", told.error.to_json());
    }
}

}  // namespace flow::api
