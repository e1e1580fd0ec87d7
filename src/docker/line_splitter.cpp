#include "docker/line_splitter.hpp"

namespace flow::docker {

void LineSplitter::feed(std::string_view bytes,
                        const std::function<void(std::string_view)>& on_line) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        if (end == std::string_view::npos) {
            keep(bytes);
            return;
        }
        flush(bytes.substr(0, end), on_line);
        bytes.remove_prefix(end + 1);
    }
}

void LineSplitter::finish(const std::function<void(std::string_view)>& on_line) {
    flush({}, on_line);
}

void LineSplitter::keep(std::string_view part) {
    if (overlong_ || partial_.size() + part.size() > max_line_) {
        overlong_ = true;
        partial_.clear();
        return;
    }
    partial_.append(part);
}

void LineSplitter::flush(std::string_view rest,
                         const std::function<void(std::string_view)>& on_line) {
    keep(rest);
    if (overlong_) {
        ++dropped_;
        overlong_ = false;
        partial_.clear();
        return;
    }
    std::string line;
    line.swap(partial_);   // on_line may feed again or destroy what it stands for
    if (line.ends_with('\r')) {
        line.pop_back();
    }
    if (!line.empty()) {
        on_line(line);
    }
}

}  // namespace flow::docker
