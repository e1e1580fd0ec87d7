// Cuts a byte stream into lines at '\n', wherever the pieces were cut. Bounded: a line over the
// limit is dropped whole and counted. Plain state, no I/O.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace flow::docker {

class LineSplitter {
public:
    explicit LineSplitter(std::size_t max_line) : max_line_(max_line) {}

    /// Calls `on_line` for each complete line, without its end ("\n" or "\r\n"); empty lines are
    /// left out.
    void feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line);
    /// What came after the last line end, if anything.
    void finish(const std::function<void(std::string_view)>& on_line);

    std::size_t dropped() const { return dropped_; }

private:
    void keep(std::string_view part);
    void flush(std::string_view rest, const std::function<void(std::string_view)>& on_line);

    std::size_t max_line_;
    std::string partial_;
    bool overlong_ = false;
    std::size_t dropped_ = 0;
};

}  // namespace flow::docker
