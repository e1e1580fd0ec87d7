// What the Store carries from the model's work to the writer and back: a transaction in the making,
// what is due when it is durable, and a request that was accepted but not written yet. Plain values
// of the io_context's thread.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "domain/change.hpp"
#include "domain/ports/store.hpp"
#include "domain/request.hpp"
#include "store/persist.hpp"
#include "store/statements.hpp"

namespace flow::store {

/// What is due when a transaction is durable.
struct Pending {
    domain::Commit commit;
    domain::Seq last_seq = 0;
    domain::Seq first_seq = 0;              ///< rows before it were pruned; 0: none
    bool wrote = false;
    std::function<void(std::optional<domain::Error>)> done;
};

/// A caller's callback as that of a transaction.
inline std::function<void(std::optional<domain::Error>)> when_durable(domain::Store::Done done) {
    return [done = std::move(done)](std::optional<domain::Error> error) {
        if (done) {
            done(error ? domain::Result<void>{std::move(*error)} : domain::Result<void>{});
        }
    };
}

struct Transaction {
    domain::Moment moment;
    domain::Changes changes;
    std::vector<Statement> statements;
    Author author;                          ///< of a new generation; by default who wrote the row
    Pending pending;
};

/// An accepted request before anything is written.
struct RequestDraft {
    domain::Record record;
    domain::Accepted accepted;
    domain::OpenRequest open;
    bool unchanged_document = false;
};

}  // namespace flow::store
