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

/// The deepest nesting of brackets outside of strings; a scan without recursion and without a
/// stack.
std::size_t json_depth(std::string_view text);

/// Nothing when the text is no JSON, not UTF-8, or deeper than `max_depth`.
std::optional<Json> parse_json(std::string_view text, std::size_t max_depth);

/// Without whitespace; bytes that are not UTF-8 become U+FFFD.
std::string dump_json(const Json& value);

}  // namespace flow::socketio
