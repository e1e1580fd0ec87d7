// The engine's multiplexed log stream: frames of [stream, 0, 0, 0, length (4 bytes, big-endian)]
// and payload, cut anywhere, to lines without control frames. Plain state, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow::docker {

/// Takes frames apart and gives the lines of both streams in the order in which they were
/// completed.
class LogFrames {
public:
    /// A longer line is cut off at `max_line` bytes.
    explicit LogFrames(std::size_t max_line) : max_line_(max_line) {}

    void feed(std::string_view bytes);
    /// All lines so far, oldest first; an unfinished last line of either stream too.
    std::vector<std::string> finish();

private:
    struct Partial {
        std::string line;
        bool any = false;
    };

    bool read_header();
    void payload(std::string_view bytes);
    void complete(Partial& partial);

    std::size_t max_line_;
    std::string header_;
    std::size_t left_ = 0;      // of the present frame's payload
    int stream_ = 1;
    bool raw_ = false;          // a container with a terminal: no frames at all
    Partial partials_[3];
    std::vector<std::string> lines_;
};

}  // namespace flow::docker
