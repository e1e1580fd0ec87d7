// JSON from outside: the scan never finds less depth than the parser, and what is parsed is written and parsed the same.
#include <algorithm>
#include <cstdint>
#include <string>

#include "api/socketio/json_text.hpp"
#include "fuzz/require.hpp"

using namespace flow::socketio;
using flow::fuzz::require;

namespace {

std::size_t depth_of(const Json& value) {
    if (!value.is_structured()) {
        return 0;
    }
    std::size_t deepest = 0;
    for (const Json& child : value) {
        deepest = std::max(deepest, depth_of(child));
    }
    return deepest + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kMostDepth = 12;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    // Any bytes can be written as a string of JSON.
    require(parse_json(dump_json(Json(std::string(text))), 0).has_value());
    const auto value = parse_json(text, kMostDepth);
    if (!value) {
        return 0;
    }
    // Less where an object names a key twice.
    require(depth_of(*value) <= shape_of(text, kMostDepth).depth);
    const std::string written = dump_json(*value);
    const auto again = parse_json(written, kMostDepth);
    require(again && *again == *value && dump_json(*again) == written);
    return 0;
}
