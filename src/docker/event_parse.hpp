// One line of the engine's event stream to an EngineEvent. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "domain/observed.hpp"

namespace flow::docker {

/// Nothing for an object that is not a container, an action we have no word for, or text that is no
/// event.
std::optional<domain::EngineEvent> parse_event(std::string_view line);

/// "15", "SIGTERM", "TERM" or "kill" to the number; 0 when it cannot be read.
int signal_number(std::string_view text);

}  // namespace flow::docker
