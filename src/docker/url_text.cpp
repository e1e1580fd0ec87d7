#include "docker/url_text.hpp"

#include <cctype>

namespace flow::docker {

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() * 2);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool ascii = byte < 128;
        if (ascii && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~')) {
            out.push_back(c);
        } else {
            out.push_back('%');
            out.push_back(kHex[byte >> 4]);
            out.push_back(kHex[byte & 15]);
        }
    }
    return out;
}

std::string filters_query(const EngineJson& filters) {
    return "filters=" + percent_encoded(filters.dump());
}

}  // namespace flow::docker
