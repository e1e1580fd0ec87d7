// Random values for properties: JSON with binary, packets, text, mutations of bytes. Everything comes from one seeded
// generator, so that a seed in a failure's message is enough to see it again.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "api/socketio/socket_packet.hpp"

namespace flow::socketio::testing {

class RandomValues {
public:
    explicit RandomValues(unsigned seed) : engine_(seed) {}

    /// 0 to below - 1.
    std::size_t below(std::size_t below) { return engine_() % below; }
    bool chance(std::size_t one_in) { return below(one_in) == 0; }
    std::string bytes(std::size_t most);
    /// UTF-8 of all lengths, quotes, escapes and control characters; without the packets' separator 0x1e.
    std::string text(std::size_t most);
    Json scalar();
    Json json(int depth, bool binary = true);
    Json object(int depth, bool binary);
    std::string nsp();
    /// Any that is allowed.
    SocketPacket packet();
    /// The same with a few bytes changed, added, removed, doubled or cut off.
    std::string mutated(std::string bytes);

private:
    Json args(int depth);
    Json double_value();

    std::mt19937_64 engine_;
};

}  // namespace flow::socketio::testing
