// What a row says about the process that messages are for (contract 6). Pure functions on a Record.
#pragma once

#include "domain/record.hpp"

namespace flow::messaging {

/// Nothing runs any more that could talk, and the folder goes next.
bool is_going(const domain::Record& record);
/// What holds for the process that is there, or is started next: in an update's window that is the new one.
const domain::Messaging& settings_of(const domain::Record& record);
/// Its process is stopped now, or as soon as the loop comes to it: what it is sent would be lost with it.
bool is_being_ended(const domain::Record& record);

}  // namespace flow::messaging
