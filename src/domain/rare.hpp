// What most of many thousand rows do not have, and what then takes no more than a pointer. Copied as values.
// Rare: an optional value. Seldom: a value that is its default; it is changed by edit() alone.
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

template <class T>
class Seldom {
public:
    Seldom() = default;
    Seldom(T value) { *this = std::move(value); }
    Seldom& operator=(T value) {
        value_ = value == none() ? Rare<T>{} : Rare<T>{std::move(value)};
        return *this;
    }

    const T& operator*() const { return value_ ? *value_ : none(); }
    const T* operator->() const { return &**this; }
    T& edit() { return value_ ? *value_ : value_.emplace(); }

    friend bool operator==(const Seldom& one, const Seldom& other) { return *one == *other; }

private:
    static const T& none() {
        static const T value{};
        return value;
    }
    Rare<T> value_;
};

}  // namespace flow::domain
