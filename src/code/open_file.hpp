// A file descriptor that closes itself. Not shared, not copied.
#pragma once

#include <unistd.h>

#include <utility>

namespace flow::code {

class OpenFile {
public:
    explicit OpenFile(int number = -1) : number_(number) {}
    OpenFile(OpenFile&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    OpenFile& operator=(OpenFile&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~OpenFile() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    int number() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    /// The caller closes it.
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

}  // namespace flow::code
