#include "api/socketio/engine_packet.hpp"

#include <array>
#include <cstdint>

namespace flow::socketio {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_reverse() {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    }
    return table;
}

constexpr std::array<std::int8_t, 256> kReverse = make_reverse();

}  // namespace

std::optional<PacketView> decode_packet(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '6') {
        return std::nullopt;
    }
    return PacketView{static_cast<PacketType>(text.front()), text.substr(1), false};
}

std::optional<PacketView> PayloadReader::next() {
    if (done_ || failed_) {
        return std::nullopt;
    }
    const std::size_t end = rest_.find(kPacketSeparator);
    const std::string_view part = rest_.substr(0, end);
    if (end == std::string_view::npos) {
        done_ = true;
    } else {
        rest_.remove_prefix(end + 1);
    }
    auto packet = decode(part);
    failed_ = !packet;
    return packet;
}

std::optional<PacketView> PayloadReader::decode(std::string_view part) {
    if (part.empty() || part.front() != 'b') {
        return decode_packet(part);
    }
    auto bytes = decode_base64(part.substr(1));
    if (!bytes) {
        return std::nullopt;
    }
    scratch_ = std::move(*bytes);
    return PacketView{PacketType::message, scratch_, true};
}

void append_binary_packet(std::string& payload, std::string_view bytes) {
    payload.push_back('b');
    append_base64(payload, bytes);
}

void append_base64(std::string& out, std::string_view bytes) {
    out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    const auto at = [&](std::size_t index) -> std::uint32_t {
        return index < bytes.size() ? static_cast<unsigned char>(bytes[index]) : 0U;
    };
    for (; i < bytes.size(); i += 3) {
        const std::uint32_t group = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
        out.push_back(kAlphabet[group >> 18U & 63U]);
        out.push_back(kAlphabet[group >> 12U & 63U]);
        out.push_back(i + 1 < bytes.size() ? kAlphabet[group >> 6U & 63U] : '=');
        out.push_back(i + 2 < bytes.size() ? kAlphabet[group & 63U] : '=');
    }
}

std::optional<std::string> decode_base64(std::string_view text) {
    for (int padding = 0; padding < 2 && !text.empty() && text.back() == '='; ++padding) {
        text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t group = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const std::int8_t value = kReverse[static_cast<unsigned char>(c)];
        if (value < 0) {
            return std::nullopt;
        }
        group = (group << 6U | static_cast<std::uint32_t>(value)) & 0xffffffU;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out.push_back(static_cast<char>(group >> bits & 0xffU));
        }
    }
    return out;
}

}  // namespace flow::socketio
