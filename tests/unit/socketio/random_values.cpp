#include "unit/socketio/random_values.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace flow::socketio::testing {

std::string RandomValues::bytes(std::size_t most) {
    std::string out(below(most + 1), '\0');
    for (char& c : out) {
        c = static_cast<char>(below(256));
    }
    return out;
}

std::string RandomValues::text(std::size_t most) {
    static const std::array<std::string, 16> kPieces{
        "a", "B", "7", " ", "\"", "\\", "/", "{", "]", "\n", std::string(1, '\0'), "\x7f",
        "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf"};
    std::string out;
    for (std::size_t left = below(most + 1); left > 0; --left) {
        out += kPieces[below(kPieces.size())];
    }
    return out;
}

Json RandomValues::double_value() {
    double value = 0;
    do {
        const std::uint64_t bits = engine_();
        std::memcpy(&value, &bits, sizeof value);
    } while (!std::isfinite(value));
    return value;
}

Json RandomValues::scalar() {
    switch (below(9)) {
        case 0: return nullptr;
        case 1: return chance(2);
        case 2: return static_cast<std::int64_t>(engine_());
        case 3: return static_cast<std::uint64_t>(engine_());
        case 4: return std::numeric_limits<std::int64_t>::min();
        case 5: return double_value();
        case 6: return static_cast<int>(below(10));
        default: return text(12);
    }
}

Json RandomValues::object(int depth, bool binary) {
    Json made = Json::object();
    for (std::size_t left = below(5); left > 0; --left) {
        made[text(6)] = json(depth - 1, binary);
    }
    return made;
}

Json RandomValues::json(int depth, bool binary) {
    const std::size_t kind = below(depth > 0 ? 8 : 5);
    if (kind == 0 && binary) {
        const std::string data = bytes(20);
        return Json::binary(Json::binary_t::container_type(data.begin(), data.end()));
    }
    if (kind < 5) {
        return scalar();
    }
    if (kind == 5) {
        return object(depth, binary);
    }
    Json made = Json::array();
    for (std::size_t left = below(5); left > 0; --left) {
        made.push_back(json(depth - 1, binary));
    }
    return made;
}

Json RandomValues::args(int depth) {
    Json made = Json::array();
    for (std::size_t left = below(4); left > 0; --left) {
        made.push_back(json(depth));
    }
    return made;
}

std::string RandomValues::nsp() {
    std::string name = "/";
    for (const char c : text(8)) {
        name += c == ',' ? '.' : c;
    }
    return chance(3) ? "/" : name;
}

SocketPacket RandomValues::packet() {
    SocketPacket made;
    made.nsp = nsp();
    if (chance(2)) {
        made.id = chance(4) ? kMaxAckId : engine_() % (chance(2) ? kMaxAckId : 20);
    }
    switch (below(6)) {
        case 0:
            made.type = SocketPacketType::connect;
            if (chance(2)) {
                made.data = object(3, false);
            }
            break;
        case 1: made.type = SocketPacketType::disconnect; break;
        case 2:
            made.type = SocketPacketType::connect_error;
            made.data = chance(3) ? Json(text(10)) : object(3, false);
            break;
        case 3:
            made.type = SocketPacketType::ack;
            made.id = made.id.value_or(1);
            made.data = args(4);
            break;
        default:
            made.data = args(5);
            made.data->insert(made.data->begin(), chance(5) ? Json(below(100)) : Json("e" + text(5)));
            break;
    }
    return made;
}

std::string RandomValues::mutated(std::string bytes) {
    for (std::size_t left = 1 + below(4); left > 0; --left) {
        const std::size_t at = below(bytes.size() + 1);
        switch (below(6)) {
            case 0: bytes.insert(at, 1, static_cast<char>(below(256))); break;
            case 1: bytes.insert(at, bytes.substr(below(bytes.size() + 1), below(9))); break;
            case 2: bytes.erase(at, 1 + below(3)); break;
            case 3: bytes.resize(at); break;
            case 4: bytes.insert(at, std::array{"[", "{", "]", "\"", "-", ",", "9", "/"}[below(8)]); break;
            default:
                if (at < bytes.size()) {
                    bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
                }
        }
    }
    return bytes;
}

}  // namespace flow::socketio::testing
