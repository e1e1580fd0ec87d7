// JSON from and to the wire. Text from outside is checked for its depth before the parser and the
// destructors see it, because those recurse; writing never throws, whatever bytes a string holds.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace flow::socketio {

using Json = nlohmann::ordered_json;

/// Objects keep the order of their keys in a list that is searched for each new key: time grows with the square of
/// the members, so their number is limited.
inline constexpr std::size_t kMostMembers = 2'000;

struct TextShape {
    std::size_t depth = 0;      ///< the deepest nesting of brackets outside of strings
    std::size_t members = 0;    ///< of the largest object
};

/// A scan without recursion; it ends where the text is deeper than `max_depth`.
TextShape shape_of(std::string_view text, std::size_t max_depth);

/// Nothing when the text is no JSON, not UTF-8, deeper than `max_depth`, or has an object with more than kMostMembers.
std::optional<Json> parse_json(std::string_view text, std::size_t max_depth);

/// Without whitespace; bytes that are not UTF-8 become U+FFFD.
std::string dump_json(const Json& value);

}  // namespace flow::socketio
