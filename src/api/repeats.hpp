// Messages that clients gave a request_id: one that comes again is not sent again, and gets the first one's answer
// (contract 3). The newest few thousand are known, in memory: what must outlive the daemon has a message_id of its own.
// On the io_context's thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/ports/messages.hpp"

namespace flow::api {

class Repeats {
public:
    using Key = std::pair<std::string, std::string>;        ///< actor, request id
    using Result = domain::Result<domain::Sent>;
    using Answer = std::function<void(const Result&)>;
    enum class Begun { first, again, other_payload };

    /// `most` answers, with replies of at most `most_bytes` as JSON.
    explicit Repeats(std::size_t most = 4096, std::size_t most_bytes = 16u << 20)
        : most_(most), most_bytes_(most_bytes) {}

    /// `answer` is called at the end, at once when that was before; never for other_payload.
    Begun begin(const Key& key, const std::string& digest, Answer answer);
    void end(const Key& key, const Result& result);

private:
    struct Entry {
        std::string digest;
        std::vector<Answer> waiting;
        std::optional<Result> result;
        std::size_t bytes = 0;
    };
    void forget_oldest();

    std::size_t most_;
    std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    std::map<Key, Entry> entries_;
    std::deque<Key> ended_;             ///< oldest first: they are forgotten in that order
};

}  // namespace flow::api
