// A store in memory for tests: real model functions, no file. Nothing is durable (no callback, no
// observer, no event visible) before commit() is called, so that a test decides about every order.
// Single-threaded.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/model/model.hpp"
#include "domain/ports/store.hpp"

namespace flow::test {

class FakeStore final : public domain::Store {
public:
    // -- what tests do and look at
    // -------------------------------------------------------------------
    /// Makes everything since the last commit durable, in order: observers first, then callbacks.
    void commit();
    /// Puts a row there as if it had always been.
    domain::Record& put(domain::Spec spec, std::string container_id = "");
    domain::Record& row(std::string_view container_id) {
        return *rows_.at(std::string(container_id));
    }
    void erase(const std::string& container_id) { rows_.erase(container_id); }
    /// A public event; returns its seq. Durable after commit().
    domain::Seq tell(std::string type, std::string container_id = "",
                     domain::Json payload = domain::Json::object());
    /// Ends an open request; it is told with the next commit().
    void end(domain::RequestEnd end);
    /// The log loses all events up to this one.
    void forget_until(domain::Seq seq);
    /// From now on the next accept() is refused with this error.
    void refuse_next(domain::Error error) { refusal_ = std::move(error); }

    std::vector<domain::Request> accepted;  ///< all that came to accept(), also refused ones
    std::map<std::string, std::vector<domain::AppliedDocument>> sets;   ///< what applied() answers
    std::map<std::string, std::vector<domain::Revision>> history;       ///< what revisions() answers
    std::vector<domain::EventDraft> refusals;       ///< audit rows written through log()
    mutable int log_reads = 0;                      ///< calls of events_after()
    std::size_t log_at_once = 100'000;              ///< events_after() answers no more, whatever is asked for
    bool log_broken = false;
    domain::Moment moment{domain::from_nanos(1'795'240'789'000'000'000), true, false};

    // -- domain::Store
    // ---------------------------------------------------------------------------------
    const domain::Record* find(std::string_view container_id) const override;
    const domain::Record* resolve(std::string_view reference) const override;
    const domain::Record* find_name(std::string_view name) const override;
    void for_each(const std::function<void(const domain::Record&)>& visit) const override;
    std::size_t size() const override { return rows_.size(); }
    std::string meta(std::string_view key) const override { return "fake-" + std::string(key); }
    bool remembers(std::string_view actor, std::string_view request_id) const override;
    domain::Result<domain::Preview> preview(domain::Request request) const override;
    domain::Result<std::vector<domain::Revision>> revisions(std::string_view id) const override;
    std::vector<domain::AppliedDocument> applied(std::string_view document_set) const override;
    void accept(domain::Request request, AcceptDone done) override;
    void change(std::string_view container_id, Change change, Done done) override;
    void log(std::vector<domain::EventDraft> drafts, Done done) override;
    void set_meta(std::string, std::string, Done done) override;
    void forget_applied(std::string set, std::vector<std::string> names, Done done) override;
    void set_contact(bool contact, bool unknown) override;
    domain::Result<std::vector<domain::StoredEvent>> events_after(domain::Seq after,
                                                                  std::size_t limit) const override;
    domain::Seq last_seq() const override { return durable_; }
    domain::Seq first_seq() const override { return first_; }
    void observe(Observer observer) override { observers_.push_back(std::move(observer)); }

private:
    using Key = std::pair<std::string, std::string>;
    struct Remembered {
        std::string digest;
        domain::Accepted answer;
        std::optional<domain::RequestEnd> end;
    };
    domain::Result<domain::Accepted> take(const domain::Request& request);
    void keep(domain::Changes changes);

    std::map<std::string, std::unique_ptr<domain::Record>> rows_;
    std::vector<domain::StoredEvent> events_;       ///< also those that are not durable yet
    std::map<Key, Remembered> requests_;
    std::vector<Observer> observers_;
    domain::Commit pending_;
    std::vector<std::function<void()>> callbacks_;
    std::optional<domain::Error> refusal_;
    domain::Seq next_ = 1;
    domain::Seq durable_ = 0;
    domain::Seq first_ = 1;
    int next_id_ = 1;
};

}  // namespace flow::test
