// What the program prints, told apart: a line that looks like a JSON object, from `{` to `}`, is a message; all else is for
// the log, as it is and at once, also when its line has no end yet. What looks like an object and is none is left to the
// manager, which tells everybody what is wrong with it. No I/O, no threads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/relay.hpp"

namespace flow::runtime {

class Output {
public:
    static constexpr std::size_t kEnoughLog = 64u << 10;    ///< bytes: no more is read while so much waits

    /// What was read. False: a message was too long and is dropped.
    bool feed(std::string_view bytes);
    /// Nothing comes any more: what is there is a line, too.
    void finish();

    Relay& messages() { return messages_; }
    const Relay& messages() const { return messages_; }
    std::string_view log() const { return log_; }
    void logged(std::size_t bytes) { log_.erase(0, bytes); }
    /// May more be read as far as the log is concerned?
    bool log_wants_more() const { return log_.size() < kEnoughLog; }

private:
    enum class Line { begins, message, log, dropped };

    bool take(std::string_view piece, bool ends);
    void end_message();

    Relay messages_;
    std::string log_;
    std::string line_;                  ///< blanks that a line began with, or a message without its end
    Line kind_ = Line::begins;
};

}  // namespace flow::runtime
