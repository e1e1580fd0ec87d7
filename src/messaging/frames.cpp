#include "messaging/frames.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace flow::messaging {
namespace {

constexpr std::size_t kExcerpt = 120;
constexpr std::size_t kLengthBytes = 4;
/// A length-prefixed flow that sends more than this has lost its place, as far as anybody can tell.
constexpr std::uint64_t kMostSkipped = 64u << 20;

std::string too_long(std::size_t limit) {
    return "is longer than " + std::to_string(limit) + " bytes (messaging.max_message)";
}

std::uint64_t length_of(std::string_view bytes) {
    std::uint64_t length = 0;
    for (const char byte : bytes) {
        length = length << 8 | static_cast<unsigned char>(byte);
    }
    return length;
}

}  // namespace

std::string excerpt_of(std::string_view bytes) {
    std::string text;
    for (const char c : bytes.substr(0, kExcerpt)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            text += c;
            continue;
        }
        char code[8];
        std::snprintf(code, sizeof code, "\\x%02x", byte);
        text += code;
    }
    return text + (bytes.size() > kExcerpt ? "…" : "");
}

std::string framed(std::string_view text, Framing framing) {
    if (framing != Framing::length_prefixed) {
        return std::string{text} + "\n";
    }
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes += static_cast<char>(text.size() >> shift & 0xff);
    }
    return bytes.append(text);
}

void FrameReader::use_lines() {
    if (framing_ == Framing::automatic) {
        framing_ = Framing::lines;
    }
}

std::vector<Frame> FrameReader::feed(std::string_view bytes) {
    std::vector<Frame> out;
    if (bytes.empty() || lost_) {
        return out;
    }
    if (framing_ == Framing::automatic) {
        framing_ = bytes.front() == '\0' ? Framing::length_prefixed : Framing::lines;
    }
    if (framing_ == Framing::lines) {
        feed_lines(bytes, out);
    } else {
        feed_lengths(bytes, out);
    }
    return out;
}

void FrameReader::feed_lines(std::string_view bytes, std::vector<Frame>& out) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, end);
        const std::size_t room = max_message_ + 1 - std::min(buffer_.size(), max_message_ + 1);
        buffer_.append(piece.substr(0, room));      // one more than is allowed shows that it is too long
        skipped_ += piece.size() - std::min(room, piece.size());
        if (skipped_ > 0) {
            tell_too_long(out);     // at once: its end may never come
        }
        if (end == bytes.npos) {
            return;
        }
        end_line(out);
        bytes.remove_prefix(end + 1);
    }
}

void FrameReader::tell_too_long(std::vector<Frame>& out) {
    if (!std::exchange(too_long_told_, true)) {
        out.push_back({excerpt_of(buffer_), too_long(max_message_)});
    }
}

void FrameReader::end_line(std::vector<Frame>& out) {
    if (skipped_ == 0 && !buffer_.empty() && buffer_.back() == '\r') {
        buffer_.pop_back();
    }
    if (buffer_.size() > max_message_) {
        tell_too_long(out);
    } else if (buffer_.find_first_not_of(" \t") != buffer_.npos) {
        out.push_back({std::move(buffer_), ""});
    }
    buffer_.clear();
    skipped_ = 0;
    too_long_told_ = false;
}

void FrameReader::feed_lengths(std::string_view bytes, std::vector<Frame>& out) {
    while (!bytes.empty() && !lost_) {
        if (!in_message_) {
            const std::size_t more = std::min(kLengthBytes - length_.size(), bytes.size());
            length_.append(bytes.substr(0, more));
            bytes.remove_prefix(more);
            if (length_.size() == kLengthBytes && !begin_length(out)) {
                return;
            }
            continue;
        }
        const auto more = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        const std::size_t room = skipped_ == 0 ? more : std::min(more, kExcerpt - std::min(kExcerpt, buffer_.size()));
        buffer_.append(bytes.substr(0, room));
        bytes.remove_prefix(more);
        left_ -= more;
        if (left_ > 0) {
            continue;
        }
        const bool wrong = skipped_ > 0;
        out.push_back({wrong ? excerpt_of(buffer_) : std::move(buffer_), wrong ? too_long(max_message_) : ""});
        buffer_.clear();
        skipped_ = 0;
        in_message_ = false;
    }
}

/// False: this cannot be a length.
bool FrameReader::begin_length(std::vector<Frame>& out) {
    left_ = length_of(length_);
    if (left_ > kMostSkipped) {
        out.push_back({excerpt_of(length_), "is no length: 4 bytes, big-endian, and then the JSON"});
        lost_ = true;
        return false;
    }
    if (left_ == 0) {
        out.push_back({excerpt_of(length_), "is empty"});
    }
    in_message_ = left_ > 0;
    skipped_ = left_ > max_message_ ? 1 : 0;
    length_.clear();
    return true;
}

}  // namespace flow::messaging
