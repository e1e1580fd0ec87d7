// Whole lines on their way from one descriptor to another. A line that was sent in part when the other side went is sent
// again from its beginning. Bounded: who writes faster than the other side reads has to wait. No I/O, no threads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace flow::runtime {

class Relay {
public:
    static constexpr std::size_t kEnough = 1u << 20;        ///< bytes: no more is read while so much waits
    static constexpr std::size_t kLongest = 16u << 20;      ///< bytes of one line; a longer one is dropped

    /// May more be read? Always while the one line that is there has no end yet.
    bool wants_more() const { return waiting_.size() < kEnough || end_ == 0; }
    /// What was read. False: a line was too long and is dropped.
    bool feed(std::string_view bytes);
    /// Nothing comes any more: what is there is a line, too.
    void finish();

    /// The end of the line that has begun does not come any more.
    void forget_unfinished() {
        waiting_.resize(end_);
        dropping_ = false;
    }

    /// What can be written now: whole lines, less what was written of the first.
    std::string_view ready() const {
        return std::string_view{waiting_}.substr(sent_, end_ - sent_);
    }
    void written(std::size_t bytes);
    /// The other side is another one now.
    void begin_anew() { sent_ = 0; }
    /// While there is no other side: only the newest lines that have together at most `bytes`, or the last one alone, are
    /// kept. How many were dropped.
    std::size_t keep_newest(std::size_t bytes);
    bool empty() const { return waiting_.empty(); }

private:
    std::string waiting_;           ///< begins with a line that was not written whole
    std::size_t sent_ = 0;          ///< of waiting_
    std::size_t end_ = 0;           ///< behind the last line break of waiting_
    bool dropping_ = false;         ///< up to the next line break
};

}  // namespace flow::runtime
