#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "api/socketio/socket_packet.hpp"

namespace flow::socketio {
namespace {

/// Names the client library uses for its own events; a client never sends them.
constexpr std::array<std::string_view, 6> kReservedEvents{
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

/// Takes leading digits off `text`; nothing when there are none or the number is above `max`.
std::optional<std::uint64_t> take_number(std::string_view& text, std::uint64_t max) {
    std::uint64_t number = 0;
    const char* const begin = text.data();
    const auto [end, error] = std::from_chars(begin, begin + text.size(), number);
    if (error != std::errc{} || number > max) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - begin));
    return number;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Puts the attachments where their placeholders are. Each may be used once: a client library never
/// does otherwise, and many copies of a large one would fill the memory.
class Filler {
public:
    explicit Filler(std::vector<std::string>& attachments)
        : attachments_(attachments), used_(attachments.size(), false) {}

    bool fill(Json& value) {
        if (!value.is_structured()) {
            return true;
        }
        if (value.is_object() && is_placeholder(value)) {
            return replace(value);
        }
        return std::all_of(value.begin(), value.end(), [this](Json& child) { return fill(child); });
    }

private:
    static bool is_placeholder(const Json& value) {
        const auto mark = value.find("_placeholder");
        return mark != value.end() && mark->is_boolean() && mark->get<bool>();
    }

    bool replace(Json& value) {
        const auto num = value.find("num");
        if (num == value.end() || !num->is_number_unsigned()) {
            return false;
        }
        const auto index = num->get<std::uint64_t>();
        if (index >= attachments_.size() || used_[index]) {
            return false;
        }
        used_[index] = true;
        const std::string& bytes = attachments_[index];
        value = Json::binary(Json::binary_t::container_type(bytes.begin(), bytes.end()));
        return true;
    }

    std::vector<std::string>& attachments_;
    std::vector<bool> used_;
};

}  // namespace

Decoder::Status Decoder::fail(std::string_view why) {
    error_ = why;
    missing_ = 0;
    attachments_.clear();
    return Status::error;
}

Decoder::Status Decoder::feed_text(std::string_view text) {
    if (waiting()) {
        return fail("a text packet came where an attachment was due");
    }
    packet_ = SocketPacket{};
    attachments_.clear();
    attachment_bytes_ = 0;
    return parse_header(text);
}

Decoder::Status Decoder::parse_header(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '6') {
        return fail("unknown packet type");
    }
    constexpr std::array kTypes{SocketPacketType::connect,       SocketPacketType::disconnect,
                                SocketPacketType::event,         SocketPacketType::ack,
                                SocketPacketType::connect_error, SocketPacketType::event,
                                SocketPacketType::ack};
    packet_.type = kTypes[static_cast<std::size_t>(text.front() - '0')];
    binary_ = text.front() >= '5';
    text.remove_prefix(1);
    std::size_t attachments = 0;
    if (binary_) {
        const auto count = take_number(text, limits_.max_attachments);
        if (!count || text.empty() || text.front() != '-') {
            return fail("wrong or too large number of attachments");
        }
        text.remove_prefix(1);
        attachments = static_cast<std::size_t>(*count);
    }
    if (!text.empty() && text.front() == '/') {
        const std::size_t comma = text.find(',');
        packet_.nsp = text.substr(0, comma);
        text.remove_prefix(std::min(text.size(), packet_.nsp.size() + 1));
    }
    if (!text.empty() && is_digit(text.front())) {
        packet_.id = take_number(text, kMaxAckId);
        if (!packet_.id) {
            return fail("acknowledgement id above 2^53-1");
        }
    }
    missing_ = attachments;
    return parse_data(text);
}

Decoder::Status Decoder::parse_data(std::string_view text) {
    if (!text.empty()) {
        packet_.data = parse_json(text, limits_.max_depth);
        if (!packet_.data) {
            return fail("the payload is no JSON, or too deep");
        }
    }
    if (!shape_is_valid()) {
        return fail("the payload does not fit the packet type");
    }
    return waiting() ? Status::need_more : complete();
}

bool Decoder::shape_is_valid() const {
    const auto& data = packet_.data;
    switch (packet_.type) {
        case SocketPacketType::connect: return !data || data->is_object();
        case SocketPacketType::disconnect: return !data;
        case SocketPacketType::connect_error:
            return data && (data->is_object() || data->is_string());
        case SocketPacketType::ack: return packet_.id && data && data->is_array();
        case SocketPacketType::event: break;
    }
    if (!data || !data->is_array() || data->empty()) {
        return false;
    }
    const Json& name = data->front();
    if (!name.is_string()) {
        return name.is_number();
    }
    const auto& text = name.get_ref<const std::string&>();
    return std::find(kReservedEvents.begin(), kReservedEvents.end(), text) == kReservedEvents.end();
}

Decoder::Status Decoder::feed_binary(std::string_view bytes) {
    if (!waiting()) {
        return fail("an attachment came without a packet");
    }
    attachment_bytes_ += bytes.size();
    if (attachment_bytes_ > limits_.max_attachment_bytes) {
        return fail("the attachments are too large");
    }
    attachments_.emplace_back(bytes);
    --missing_;
    return waiting() ? Status::need_more : complete();
}

Decoder::Status Decoder::complete() {
    if (binary_) {
        Filler filler(attachments_);
        const bool filled = filler.fill(*packet_.data);
        attachments_.clear();
        if (!filled) {
            return fail("a placeholder names no attachment");
        }
    }
    return Status::packet;
}

}  // namespace flow::socketio
