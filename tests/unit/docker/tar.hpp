// Writes small tar archives in memory, for images of the tests. Pure.
#pragma once

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

namespace flow::docker::testing {

/// One file of a ustar archive, padded to blocks of 512 bytes.
inline std::string tar_entry(const std::string& name, const std::string& content, const char* mode) {
    std::array<char, 512> header{};
    const auto put = [&header](std::size_t at, const std::string& text) {
        std::memcpy(header.data() + at, text.data(), text.size());
    };
    std::array<char, 16> size{};
    std::snprintf(size.data(), size.size(), "%011zo", content.size());
    put(0, name);
    put(100, mode);
    put(108, "0000000");
    put(116, "0000000");
    put(124, size.data());
    put(136, "00000000000");
    put(148, "        ");
    header[156] = '0';
    put(257, std::string{"ustar\0"
                         "00",
                         8});
    unsigned sum = 0;
    for (const char c : header) {
        sum += static_cast<unsigned char>(c);
    }
    std::array<char, 16> check{};
    std::snprintf(check.data(), check.size(), "%06o", sum);
    put(148, std::string{check.data(), 7});
    std::string out{header.data(), header.size()};
    out += content;
    out.append((512 - content.size() % 512) % 512, '\0');
    return out;
}

}  // namespace flow::docker::testing
