// `apply` (contract 3 and 5): each document becomes a request of the store's, held against the row as it is; with prune,
// what the same set made before and does not declare any more is deleted. A dry run asks the store what it would do
// and the loop for its steps, and writes nothing. Borrows store and services, which outlive it; on the io_context's
// thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/apply_documents.hpp"
#include "api/controls.hpp"
#include "api/errors.hpp"
#include "api/payload.hpp"
#include "api/services.hpp"
#include "domain/change.hpp"
#include "domain/ports/store.hpp"

namespace flow::api {

struct ApplyCall {
    std::vector<ApplyDocument> documents;
    bool dry_run = false;
    bool prune = false;
    std::string set = "apply";      ///< what prune looks at: "apply", or "apply:NAME" by the field `source`
    std::string request_id;         ///< a row's request has ID/NAME
    bool client_gave_id = false;
    std::string payload_digest;
    std::optional<domain::Duration> wait;
};

class Apply {
public:
    /// `{results}`. An error when a document was refused, or with `wait` did not end well; details.results has all.
    using Done = std::function<void(domain::Result<Json>)>;

    Apply(domain::Store& store, const Services& services) : store_(store), services_(services) {}

    /// Reads everything but the payload's digest; notes what is wrong.
    ApplyCall read(Payload& payload, const Controls& controls) const;
    /// The policy's word on the documents.
    std::optional<Error> check(ApplyCall& call) const;
    /// `done` is called once, later or at once.
    void run(ApplyCall call, Done done);
    /// A request ended; it may be one of a row that somebody waits for.
    void ended(const domain::RequestEnd& end);

    /// What a dry run shows of one request: generation, changed, diff and the steps.
    domain::Result<Json> try_out(domain::Request request) const;

private:
    struct Row;
    struct Pass;
    using PassPtr = std::shared_ptr<Pass>;
    using Key = std::pair<std::string, std::string>;    // actor, request id

    Json dry_run(const ApplyCall& call, std::optional<Error>& refused) const;
    void accept(const PassPtr& pass, domain::Request request, Json known);
    void took(const PassPtr& pass, std::size_t at, const domain::Result<domain::Accepted>& result);
    void note_end(const PassPtr& pass, std::size_t at, const domain::RequestEnd& end);
    void answered(const PassPtr& pass);
    void finish(const PassPtr& pass);
    void timed_out(const PassPtr& pass);
    std::vector<const domain::Record*> gone_rows(const ApplyCall& call,
                                                 std::vector<std::string>* vanished) const;

    domain::Store& store_;
    const Services& services_;
    std::map<Key, std::pair<PassPtr, std::size_t>> open_;
};

}  // namespace flow::api
