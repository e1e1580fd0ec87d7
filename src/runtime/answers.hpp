// What is answered to messages while there is no program to take them.
#pragma once

#include <string>
#include <string_view>

namespace flow::runtime {

/// The value of a member of the object itself (not of one within it) that is a string without escapes; "" when there is
/// none. Enough for the manager's own `message_id`.
std::string top_level_text(std::string_view json, std::string_view member);

/// One line: an error that names the message it answers.
std::string no_program_answer(std::string_view message);

}  // namespace flow::runtime
