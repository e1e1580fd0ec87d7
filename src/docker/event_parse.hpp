// One line of the engine's event stream to an EngineEvent or a NetworkEvent. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "domain/observed.hpp"

namespace flow::docker {

/// Nothing for an object that is not a container, an action we have no word for, or text that is no
/// event.
std::optional<domain::EngineEvent> parse_event(std::string_view line);

/// A container that joined a network or left it; nothing for anything else.
std::optional<domain::NetworkEvent> parse_network_event(std::string_view line);

/// "15", "SIGTERM", "TERM" or "kill" to the number; 0 when it cannot be read.
int signal_number(std::string_view text);

}  // namespace flow::docker
