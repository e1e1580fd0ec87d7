// An optional value that is seldom there: without it, it takes no more than a pointer. Copied as a value.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace flow::domain {

template <class T>
class Rare {
public:
    Rare() = default;
    Rare(std::nullopt_t) {}
    Rare(T value) : value_(std::make_unique<T>(std::move(value))) {}
    Rare(const Rare& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
    Rare(Rare&&) noexcept = default;
    Rare& operator=(Rare other) noexcept {
        value_ = std::move(other.value_);
        return *this;
    }

    explicit operator bool() const { return value_ != nullptr; }
    bool has_value() const { return value_ != nullptr; }
    T& operator*() { return *value_; }
    const T& operator*() const { return *value_; }
    T* operator->() { return value_.get(); }
    const T* operator->() const { return value_.get(); }
    void reset() { value_.reset(); }
    T& emplace() {
        value_ = std::make_unique<T>();
        return *value_;
    }

    friend bool operator==(const Rare& one, const Rare& other) {
        return one.value_ && other.value_ ? *one.value_ == *other.value_ : one.value_ == other.value_;
    }

private:
    std::unique_ptr<T> value_;
};

}  // namespace flow::domain
