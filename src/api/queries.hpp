// What is answered from memory (contract 3): one container's status, the list, the snapshot of a
// resync. The moment decides: without contact to the engine the state is `unknown`, never a stale
// `running`. Reads the store only; on the io_context's thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/filter.hpp"
#include "api/payload.hpp"
#include "api/services.hpp"
#include "domain/ports/store.hpp"

namespace flow::api {

struct ListQuery {
    WantedLabels labels;
    std::set<std::string> states;       ///< empty: all
    std::size_t limit = 1000;
    /// Where the last page ended; empty: from the beginning.
    std::string cursor;
};

class Queries {
public:
    Queries(const domain::Store& store, const Services& services, const Config& config)
        : store_(store), services_(services), config_(config) {}

    /// Reads `labels`, `state`, `limit` and `cursor`, and notes what is wrong with them.
    ListQuery parse_list(Payload& payload) const;
    /// `{containers, count, next_cursor}`, sorted by creation, then id; `count` is that of this
    /// page.
    Json list(const ListQuery& query) const;
    /// All entries, for a resync.
    Json snapshot() const;
    /// `container_status` of contract 3.
    Json status(const domain::Record& record) const;
    /// The status of each container that runs now.
    std::vector<Json> running() const;
    /// One container whole, as HTTP shows it: status, labels, and its spec with secrets masked.
    Json describe(const domain::Record& record) const;

private:
    std::vector<const domain::Record*> sorted() const;

    const domain::Store& store_;
    const Services& services_;
    const Config& config_;
};

}  // namespace flow::api
