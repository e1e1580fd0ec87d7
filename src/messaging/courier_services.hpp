// What the courier is given by the daemon, and its limits. Plain values; what they refer to outlives it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "domain/ports/messages.hpp"
#include "domain/ports/store.hpp"
#include "messaging/deadline.hpp"
#include "messaging/outbox.hpp"

namespace flow::messaging {

struct CourierServices {
    boost::asio::any_io_executor executor;
    domain::Store& store;
    domain::MessageStore& messages;
    std::function<domain::Moment()> moment;
    std::function<Steady()> steady;             ///< for what lives in memory only
    /// The newest durable message to a container that was sent under it, whichever daemon took it.
    std::function<domain::Result<std::optional<domain::MessageRow>>(const std::string& actor,
                                                                    const std::string& request_id)> sent_as;
    /// An event that is not kept, to all who want it.
    std::function<void(std::string event, domain::Json payload)> broadcast;
    /// Text as JSON with the limits of outside input; nothing when it is none.
    std::function<std::optional<domain::Json>(std::string_view text)> parse;
};

/// Of durable messages that a container has said and the store does not have yet.
struct IntakeLimits {
    std::size_t messages = 256;                             ///< of one container: with more it is not read from
    std::size_t bytes = 8u << 20;
    domain::Duration retry = std::chrono::seconds{1};       ///< after a write that failed; doubled each time
    domain::Duration longest_retry = std::chrono::seconds{10};
};

struct CourierConfig {
    domain::Duration hold = std::chrono::seconds{30};       ///< in memory, while it is started anew
    domain::Duration settle = std::chrono::seconds{5};      ///< from a start until it is expected to be connected
    std::size_t most_awaited = 10'000;                      ///< replies
    std::size_t longest_id = 128;                           ///< bytes of a message_id
    Outbox::Limits waiting;
    IntakeLimits intake;
};

}  // namespace flow::messaging
