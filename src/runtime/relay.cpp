#include "runtime/relay.hpp"

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

}  // namespace flow::runtime
