#include "docker/json_read.hpp"

#include <charconv>
#include <cmath>
#include <limits>

namespace flow::docker {
namespace {

std::int64_t from_text(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc{} && end == text.data() + text.size() ? value : 0;
}

std::int64_t clamp_unsigned(std::uint64_t value) {
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(value < kMax ? value : kMax);
}

}  // namespace

const EngineJson& member(const EngineJson& object, const char* key) {
    static const EngineJson null;
    if (!object.is_object()) {
        return null;
    }
    const auto found = object.find(key);
    return found == object.end() ? null : *found;
}

const EngineJson& member(const EngineJson& object, const char* key, const char* inner) {
    return member(member(object, key), inner);
}

std::string text_of(const EngineJson& object, const char* key) {
    const EngineJson& value = member(object, key);
    return value.is_string() ? value.get_ref<const std::string&>() : std::string{};
}

std::int64_t integer_of(const EngineJson& object, const char* key) {
    const EngineJson& value = member(object, key);
    if (value.is_number_unsigned()) {
        return clamp_unsigned(value.get<std::uint64_t>());
    }
    if (value.is_number_integer()) {
        return value.get<std::int64_t>();
    }
    if (value.is_number_float()) {
        const double number = value.get<double>();
        return std::abs(number) < 9e18 ? static_cast<std::int64_t>(number) : 0;
    }
    return value.is_string() ? from_text(value.get_ref<const std::string&>()) : 0;
}

bool flag_of(const EngineJson& object, const char* key) {
    const EngineJson& value = member(object, key);
    return value.is_boolean() && value.get<bool>();
}

}  // namespace flow::docker
