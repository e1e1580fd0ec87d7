// Replies that somebody waits for (send_message with expect_reply), by container and message id, each with its deadline
// on the steady clock. Free of I/O; `now` is an argument.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "domain/ports/messages.hpp"
#include "messaging/deadline.hpp"

namespace flow::messaging {

class Awaited {
public:
    using Done = domain::Messages::SendDone;
    struct Reply {
        std::string container_id;
        std::string message_id;
        Steady until;
        Done done;
    };

    void add(Reply reply);
    /// Nobody waits for it any more.
    std::optional<Reply> take(const std::string& container_id, const std::string& message_id);
    bool has(const std::string& container_id, const std::string& message_id) const {
        return waiting_.contains(Key{container_id, message_id});
    }
    std::vector<Reply> take_all(const std::string& container_id);
    std::vector<Reply> expired(Steady now);
    std::size_t size() const { return waiting_.size(); }
    bool empty() const { return waiting_.empty(); }

private:
    using Key = std::pair<std::string, std::string>;
    std::map<Key, Reply> waiting_;
    std::set<std::pair<Steady, Key>> deadlines_;
};

}  // namespace flow::messaging
