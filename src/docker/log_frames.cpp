#include "docker/log_frames.hpp"

#include <algorithm>
#include <utility>

namespace flow::docker {
namespace {

constexpr std::size_t kHeader = 8;

}  // namespace

void LogFrames::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (raw_) {
            payload(bytes);
            return;
        }
        if (left_ > 0) {
            const std::size_t part = std::min(left_, bytes.size());
            payload(bytes.substr(0, part));
            left_ -= part;
            bytes.remove_prefix(part);
            continue;
        }
        const std::size_t part = std::min(kHeader - header_.size(), bytes.size());
        header_.append(bytes.substr(0, part));
        bytes.remove_prefix(part);
        if (header_.size() == kHeader && !read_header()) {
            raw_ = true;
            payload(std::exchange(header_, {}));
        }
    }
}

bool LogFrames::read_header() {
    const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(header_[i]); };
    if (byte(0) > 2 || byte(1) != 0 || byte(2) != 0 || byte(3) != 0) {
        return false;
    }
    stream_ = byte(0);
    left_ = (std::size_t{byte(4)} << 24) | (std::size_t{byte(5)} << 16) |
            (std::size_t{byte(6)} << 8) | std::size_t{byte(7)};
    header_.clear();
    return true;
}

void LogFrames::payload(std::string_view bytes) {
    Partial& partial = partials_[stream_];
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end);
        const std::size_t room = max_line_ - std::min(max_line_, partial.line.size());
        partial.line.append(part.substr(0, room));
        partial.any = true;
        if (end == std::string_view::npos) {
            return;
        }
        complete(partial);
        bytes.remove_prefix(end + 1);
    }
}

void LogFrames::complete(Partial& partial) {
    if (partial.line.ends_with('\r')) {
        partial.line.pop_back();
    }
    lines_.push_back(std::exchange(partial.line, {}));
    partial.any = false;
}

std::vector<std::string> LogFrames::finish() {
    if (!header_.empty() && header_.size() < kHeader && lines_.empty()) {
        payload(std::exchange(header_, {}));   // fewer than eight bytes of a terminal's output
    }
    for (Partial& partial : partials_) {
        if (partial.any) {
            complete(partial);
        }
    }
    return std::exchange(lines_, {});
}

}  // namespace flow::docker
