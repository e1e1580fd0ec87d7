// What a client may send after the Engine.IO type: the input is a list of messages, separated by 0x1e as in a polling
// body, each text or ('b' first) binary. The decoder keeps its limits, and what it takes it can write and read again.
#include <algorithm>
#include <cstdint>
#include <string>

#include "api/socketio/socket_packet.hpp"
#include "fuzz/require.hpp"

using namespace flow::socketio;
using flow::fuzz::require;

namespace {

constexpr std::size_t kMostAttachments = 6;
constexpr std::size_t kMostBytes = 200;
constexpr std::size_t kMostDepth = 20;

void check_again(const SocketPacket& packet) {
    require(packet.id.value_or(0) <= kMaxAckId && packet.nsp.starts_with('/'));
    const Message message = encode_packet(packet);
    require(message.attachments.size() <= kMostAttachments);
    Decoder decoder(DecoderLimits{kMostDepth, kMostAttachments, kMostBytes});
    auto status = decoder.feed_text(std::string_view(*message.text).substr(1));
    for (const Bytes& attachment : message.attachments) {
        require(status == Decoder::Status::need_more);
        status = decoder.feed_binary(*attachment);
    }
    require(status == Decoder::Status::packet);
    const SocketPacket back = decoder.take();
    require(back.type == packet.type && back.nsp == packet.nsp && back.id == packet.id && back.data == packet.data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    Decoder decoder(DecoderLimits{kMostDepth, kMostAttachments, kMostBytes});
    std::size_t missing = 0;
    while (!rest.empty()) {
        const std::string_view message = rest.substr(0, rest.find('\x1e'));
        rest.remove_prefix(std::min(rest.size(), message.size() + 1));
        const bool binary = message.starts_with('b');
        const auto status = binary ? decoder.feed_binary(message.substr(1)) : decoder.feed_text(message);
        require(decoder.waiting() == (status == Decoder::Status::need_more));
        require(status != Decoder::Status::error || !decoder.error().empty());
        missing = status == Decoder::Status::need_more ? missing + 1 : 0;
        require(missing <= kMostAttachments);
        if (status == Decoder::Status::packet) {
            check_again(decoder.take());
        }
    }
    return 0;
}
