// Messages on a container's socket as bytes (contract 6): lines of JSON, or JSON behind its length. Free of I/O. What is
// wrong with one message is told with an excerpt, and the next one is read, where its beginning can be found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/spec_parts.hpp"

namespace flow::messaging {

using domain::Framing;

struct Frame {
    std::string text;           ///< the message as it came; of one that is wrong: an excerpt, printable
    std::string problem;        ///< as the end of a sentence: "is longer than 1048576 bytes"; "" when it is a whole one
};

class FrameReader {
public:
    FrameReader(Framing framing, std::size_t max_message)
        : framing_(framing), max_message_(max_message) {}

    /// `automatic` until the first byte has come or use_lines() was called.
    Framing framing() const { return framing_; }
    /// The container has said nothing for long enough.
    void use_lines();
    std::vector<Frame> feed(std::string_view bytes);
    /// The next message cannot be found any more: only a new connection helps.
    bool lost() const { return lost_; }

private:
    void feed_lines(std::string_view bytes, std::vector<Frame>& out);
    void end_line(std::vector<Frame>& out);
    void tell_too_long(std::vector<Frame>& out);
    void feed_lengths(std::string_view bytes, std::vector<Frame>& out);
    bool begin_length(std::vector<Frame>& out);

    Framing framing_;
    std::size_t max_message_;
    std::string buffer_;            ///< of the message that has begun; of one that is too long its beginning
    std::size_t skipped_ = 0;       ///< bytes of it that were not kept
    std::string length_;            ///< the 4 bytes, as far as they have come
    std::uint64_t left_ = 0;        ///< bytes of the message that are still to come
    bool in_message_ = false;
    bool too_long_told_ = false;
    bool lost_ = false;
};

/// `text` (one JSON object without line breaks) as bytes for the container.
std::string framed(std::string_view text, Framing framing);

/// At most 120 bytes of it, what cannot be printed as "\x00".
std::string excerpt_of(std::string_view bytes);

}  // namespace flow::messaging
