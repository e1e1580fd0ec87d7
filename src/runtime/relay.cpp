#include "runtime/relay.hpp"

#include <algorithm>

namespace flow::runtime {

bool Relay::feed(std::string_view bytes) {
    if (dropping_) {
        const std::size_t end = bytes.find('\n');
        if (end == bytes.npos) {
            return true;
        }
        dropping_ = false;
        bytes.remove_prefix(end + 1);
    }
    const std::size_t last = bytes.rfind('\n');
    if (last != bytes.npos) {
        end_ = waiting_.size() + last + 1;
    }
    waiting_.append(bytes);
    if (waiting_.size() - end_ <= kLongest) {
        return true;
    }
    waiting_.resize(end_);
    dropping_ = true;
    return false;
}

void Relay::finish() {
    if (waiting_.size() > end_) {
        waiting_ += '\n';
        end_ = waiting_.size();
    }
}

void Relay::written(std::size_t bytes) {
    sent_ += bytes;
    const std::size_t whole = sent_ == 0 ? waiting_.npos : waiting_.rfind('\n', sent_ - 1);
    if (whole != waiting_.npos) {
        waiting_.erase(0, whole + 1);
        sent_ -= whole + 1;
        end_ -= whole + 1;
    }
}

std::size_t Relay::keep_newest(std::size_t bytes) {
    if (sent_ != 0 || end_ <= bytes) {
        return 0;
    }
    // The first line that may stay begins behind this line break; the last line's own end does not count.
    std::size_t before = waiting_.find('\n', end_ - bytes - 1);
    if (before + 1 == end_) {
        before = end_ < 2 ? waiting_.npos : waiting_.rfind('\n', end_ - 2);
    }
    if (before == waiting_.npos) {
        return 0;
    }
    const std::string_view gone = std::string_view{waiting_}.substr(0, before + 1);
    const auto lines = static_cast<std::size_t>(std::count(gone.begin(), gone.end(), '\n'));
    end_ -= gone.size();
    waiting_.erase(0, gone.size());
    return lines;
}

}  // namespace flow::runtime
