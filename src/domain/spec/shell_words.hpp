// Splits a command line into words as a POSIX shell does, without expanding anything. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

namespace flow::domain {

/// Quotes and backslashes count as in a shell; `$`, `*`, `|`, `>` and `#` are ordinary characters.
/// The error is a sentence that says what is unbalanced.
boost::system::result<std::vector<std::string>, std::string> split_shell_words(
    std::string_view line);

}  // namespace flow::domain
