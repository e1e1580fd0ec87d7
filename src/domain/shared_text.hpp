// A long text that several hold and nobody changes: a copy is a pointer. Whoever finds that two are equal may make them
// one, by assigning one to the other. Copies must stay on one thread, or be handed over whole.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace flow::domain {

class SharedText {
public:
    SharedText() = default;
    SharedText(std::string text)
        : text_(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))) {}

    const std::string& str() const {
        static const std::string none;
        return text_ ? *text_ : none;
    }
    operator std::string_view() const { return str(); }
    bool empty() const { return text_ == nullptr; }
    friend bool operator==(const SharedText& one, const SharedText& other) {
        return one.text_ == other.text_ || one.str() == other.str();
    }

private:
    std::shared_ptr<const std::string> text_;
};

}  // namespace flow::domain
