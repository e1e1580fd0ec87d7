#include "domain/spec/shell_words.hpp"

#include <optional>

namespace flow::domain {
namespace {

class Splitter {
public:
    explicit Splitter(std::string_view line) : line_(line) {}

    /// Nothing when all is well, else what is wrong.
    std::optional<std::string> run() {
        while (at_ < line_.size()) {
            const char c = line_[at_++];
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
                end_word();
            } else if (c == '\'') {
                if (!single_quoted()) {
                    return "has a single quote (') without its partner";
                }
            } else if (c == '"') {
                if (!double_quoted()) {
                    return "has a double quote (\") without its partner";
                }
            } else if (c == '\\') {
                if (at_ == line_.size()) {
                    return "ends with a backslash";
                }
                escaped("");
            } else {
                word() += c;
            }
        }
        end_word();
        return std::nullopt;
    }

    std::vector<std::string> words;

private:
    std::string& word() {
        if (!word_) {
            word_.emplace();
        }
        return *word_;
    }

    void end_word() {
        if (word_) {
            words.push_back(std::move(*word_));
            word_.reset();
        }
    }

    /// The character after a backslash; a backslash before others than `special` stays (in double
    /// quotes).
    void escaped(std::string_view special) {
        const char c = line_[at_++];
        if (c == '\n') {
            return;
        }
        if (!special.empty() && special.find(c) == std::string_view::npos) {
            word() += '\\';
        }
        word() += c;
    }

    bool single_quoted() {
        const std::size_t end = line_.find('\'', at_);
        if (end == std::string_view::npos) {
            return false;
        }
        word() += line_.substr(at_, end - at_);
        at_ = end + 1;
        return true;
    }

    bool double_quoted() {
        word();
        while (at_ < line_.size()) {
            const char c = line_[at_++];
            if (c == '"') {
                return true;
            }
            if (c == '\\' && at_ < line_.size()) {
                escaped("$`\"\\");
            } else {
                word() += c;
            }
        }
        return false;
    }

    std::string_view line_;
    std::size_t at_ = 0;
    std::optional<std::string> word_;
};

}  // namespace

boost::system::result<std::vector<std::string>, std::string> split_shell_words(
    std::string_view line) {
    Splitter splitter(line);
    if (auto wrong = splitter.run()) {
        return std::move(*wrong);
    }
    return std::move(splitter.words);
}

}  // namespace flow::domain
