// What is remembered of requests for 24 h: by whom, with which payload, what was answered, how it
// ended. By it a repetition is recognised. io_context's thread only; owned by the Store; the table
// `requests` has the same.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/change.hpp"
#include "domain/request.hpp"

namespace flow::store {

using RequestKey = std::pair<std::string, std::string>;     ///< actor, request id

struct Remembered {
    bool client_gave_id = false;
    std::string payload_digest;
    domain::Accepted answer;
    std::optional<domain::Error> refusal;       ///< it was never accepted
    std::optional<domain::RequestEnd> end;
    domain::Time ended_at;
};

class RequestBook {
public:
    /// The pointer lasts until the next change of the book.
    const Remembered* find(const std::string& actor, const std::string& request_id) const;
    /// One whose id we made ourselves cannot be repeated by anybody: of it only the end is noted.
    void put(const RequestKey& key, Remembered request);
    void end(const domain::RequestEnd& end, domain::Time now);
    void erase(const RequestKey& key);

    /// Forgets the ended ones that ended before `until`, and the oldest beyond `limit`, at most
    /// `most` at once; answers which.
    std::vector<RequestKey> purge(domain::Time until, std::size_t limit, std::size_t most);

private:
    struct Ended {
        domain::Time at;
        RequestKey key;
    };
    std::map<RequestKey, Remembered> requests_;
    std::deque<Ended> ended_;       ///< in order of their ends; of all, since the table has all
};

}  // namespace flow::store
