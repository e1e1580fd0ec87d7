// The working copy: all Records in memory, found by id, by name (live rows, without regard to case)
// and by docker id, and what of each has been handed to the writer, so that only what changed is
// written. Rows do not move while they live. io_context's thread only; owned by the Store.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "domain/record.hpp"
#include "store/statements.hpp"

namespace flow::store {

/// Names are unique without regard to case: ASCII letters in lower case.
std::string lower(std::string_view text);

/// A row as it was last handed to the writer; of what is long, a digest.
struct Written {
    std::string container;
    std::string status;
    std::set<domain::Generation> specs;
    domain::Facts facts;
    std::vector<domain::OpenRequest> open;
};

struct Row {
    domain::Record record;
    Written written;
    std::string name_key;       ///< under which it stands in the index of names; "" for none
    std::string docker_key;
};

class Rows {
public:
    Row* find(std::string_view container_id);
    const Row* find(std::string_view container_id) const;
    const Row* find_name(std::string_view name) const;
    const Row* resolve(std::string_view reference) const;
    /// Rows in order of their ids.
    const std::map<std::string, Row, std::less<>>& all() const { return rows_; }

    Row& add(domain::Record record);
    /// After each change: puts the row where its name and docker id can be found.
    void index(Row& row);
    void remove(std::string_view container_id);

private:
    void unindex(const Row& row);

    std::map<std::string, Row, std::less<>> rows_;
    std::map<std::string, const Row*, std::less<>> names_;      ///< by name in lower case
    std::map<std::string, const Row*, std::less<>> docker_;     ///< by docker id
};

}  // namespace flow::store
