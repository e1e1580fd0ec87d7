#include "runtime/output.hpp"

namespace flow::runtime {
namespace {

constexpr const char* kBlanks = " \t\r\n";
constexpr std::size_t kBlanksKept = 4096;   // before a line; more of them are for the log

}  // namespace

bool Output::feed(std::string_view bytes) {
    bool kept = true;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const bool ends = end != bytes.npos;
        const std::string_view piece = bytes.substr(0, ends ? end + 1 : end);
        kept = take(piece, ends) && kept;
        bytes.remove_prefix(piece.size());
    }
    return kept;
}

bool Output::take(std::string_view piece, bool ends) {
    if (kind_ == Line::begins) {
        const std::size_t first = piece.find_first_not_of(" \t\r");
        if (first != piece.npos) {
            kind_ = piece[first] == '{' ? Line::message : Line::log;
        } else if (line_.size() > kBlanksKept) {
            kind_ = Line::log;
        }
    }
    bool kept = true;
    if (kind_ == Line::log) {
        log_ += line_;
        log_ += piece;
        line_.clear();
    } else if (kind_ != Line::dropped) {
        line_ += piece;
        if (line_.size() > Relay::kLongest) {
            line_ = std::string{};
            kind_ = Line::dropped;
            kept = false;
        }
    }
    if (ends) {
        end_message();
        kind_ = Line::begins;
    }
    return kept;
}

void Output::end_message() {
    const std::size_t last = line_.find_last_not_of(kBlanks);
    if (last != line_.npos && line_[last] == '}') {
        messages_.feed(line_);
    } else {
        log_ += line_;
    }
    line_.clear();
}

void Output::finish() {
    if (kind_ == Line::message || kind_ == Line::begins) {
        end_message();
        messages_.finish();
    }
}

}  // namespace flow::runtime
