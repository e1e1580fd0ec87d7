#include "api/socketio/json_text.hpp"

#include <algorithm>
#include <vector>

namespace flow::socketio {

TextShape shape_of(std::string_view text, std::size_t max_depth) {
    TextShape shape;
    std::vector<std::size_t> members;   // of the objects and arrays that are open
    bool in_string = false;
    for (std::size_t i = 0; i < text.size() && shape.depth <= max_depth; ++i) {
        const char c = text[i];
        if (in_string) {
            i += c == '\\' ? 1 : 0;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            members.push_back(0);
            shape.depth = std::max(shape.depth, members.size());
        } else if ((c == ']' || c == '}') && !members.empty()) {
            members.pop_back();
        } else if (c == ':' && !members.empty()) {
            shape.members = std::max(shape.members, ++members.back());
        }
    }
    return shape;
}

std::optional<Json> parse_json(std::string_view text, std::size_t max_depth) {
    const TextShape shape = shape_of(text, max_depth);
    if (shape.depth > max_depth || shape.members > kMostMembers) {
        return std::nullopt;
    }
    Json value = Json::parse(text.begin(), text.end(), nullptr, false);
    if (value.is_discarded()) {
        return std::nullopt;
    }
    return value;
}

std::string dump_json(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace flow::socketio
