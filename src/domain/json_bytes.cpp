#include "domain/json_bytes.hpp"

#include <string>

namespace flow::domain {
namespace {

/// Beyond what the string object holds itself.
std::size_t heap_of(const std::string& text) {
    static const std::size_t inside = std::string{}.capacity();
    return text.capacity() > inside ? text.capacity() + 1 : 0;
}

}  // namespace

std::size_t json_bytes(const Json& value) {
    std::size_t bytes = sizeof value;
    if (value.is_string()) {
        bytes += sizeof(std::string) + heap_of(value.get_ref<const std::string&>());
    } else if (value.is_array()) {
        for (const Json& element : value) {
            bytes += json_bytes(element);
        }
    } else if (value.is_object()) {
        for (const auto& [key, element] : value.get_ref<const Json::object_t&>()) {
            bytes += sizeof key + heap_of(key) + json_bytes(element);
        }
    }
    return bytes;
}

}  // namespace flow::domain
