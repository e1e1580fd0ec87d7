// The body of a POST: any bytes are some packets or a failure, and packets that were read can be written and read
// again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "api/socketio/engine_packet.hpp"
#include "fuzz/require.hpp"

using namespace flow::socketio;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    PayloadReader reader(body);
    std::vector<std::pair<std::string, bool>> packets;
    std::string again;
    while (const auto packet = reader.next()) {
        packets.emplace_back(std::string(packet->data), packet->binary);
        again += again.empty() ? "" : std::string(1, kPacketSeparator);
        if (packet->binary) {
            append_binary_packet(again, packet->data);
        } else {
            again += static_cast<char>(packet->type) + std::string(packet->data);
        }
    }
    flow::fuzz::require(reader.failed() || !packets.empty());
    PayloadReader second(again);
    for (const auto& [text, binary] : packets) {
        const auto packet = second.next();
        flow::fuzz::require(packet && packet->data == text && packet->binary == binary);
    }
    flow::fuzz::require(packets.empty() || (!second.next() && !second.failed()));
    decode_packet(body);
    decode_base64(body);
    return 0;
}
