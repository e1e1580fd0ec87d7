// What the store tells of requests and documents beside the rows themselves: what a request would do, what was declared
// before, and which document made which row. Plain values.
#pragma once

#include <string>

#include "domain/record.hpp"
#include "domain/request.hpp"

namespace flow::domain {

/// What accepting a request would make of its row. Nothing is written.
struct Preview {
    Record record;
    Accepted accepted;
};

/// One generation of a container's spec, as it was written; it never changes.
struct Revision {
    Generation generation = 0;
    Spec spec;
    std::string actor;
    std::string request_id;
    Seq seq = 0;                    ///< of its acceptance
    Time at;
};

/// A document of a set (Request::document_set) as it was applied last.
struct AppliedDocument {
    std::string name;               ///< in lower case: names are unique without regard to case
    std::string digest;             ///< "" when it was applied by hand
    std::string container_id;       ///< the row that it made; "": the row was somebody else's
    bool operator==(const AppliedDocument&) const = default;
};

}  // namespace flow::domain
