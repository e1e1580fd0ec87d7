// One value of a payload together with its path and the place where its errors go, and the readers
// of simple values. A reader that fails adds an error and returns nothing; it never throws. Values
// live as long as the payload.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/time.hpp"

namespace flow::domain {

inline constexpr std::size_t kMaxText = 4096;              ///< bytes of an ordinary string
inline constexpr std::size_t kMaxValue =
    128 * 1024 - 1;  ///< bytes of one argument or value: the kernel's limit
inline constexpr std::size_t kMaxFieldErrors = 100;        ///< further ones are counted, not listed

/// Collects what is wrong. Not thread safe; lives for one parse.
class FieldErrors {
public:
    explicit FieldErrors(std::string prefix = {}) : prefix_(std::move(prefix)) {}
    void add(const std::string& path, std::string message);
    /// The field errors of another parse, whose paths are complete already.
    void add_all(const Error& error);
    bool empty() const { return errors_.empty(); }
    bool is_full() const { return errors_.size() >= kMaxFieldErrors; }
    Error to_error() const;

private:
    std::string prefix_;
    std::vector<FieldError> errors_;
    std::size_t left_out_ = 0;
};

struct Field {
    const Json& value;
    std::string path;
    FieldErrors& errors;

    void wrong(std::string message) const { errors.add(path, std::move(message)); }
    Field member(const std::string& key) const;
    Field element(std::size_t index) const;
};

/// A value as it may be quoted in a message: short, without control characters.
std::string shown(const Json& value);

/// "a string", "a list" …: what was given instead.
std::string_view kind_of(const Json& value);

/// UTF-8 without NUL, at most `limit` bytes. The sentence says what is wrong with it.
std::optional<std::string> why_bad_text(std::string_view text, std::size_t limit);

std::optional<std::string> read_text(const Field& field, std::size_t limit = kMaxText);
/// A string, or a number or bool as text, as Compose allows for environment, labels and arguments.
std::optional<std::string> read_scalar_text(const Field& field, std::size_t limit = kMaxText);
std::optional<bool> read_bool(const Field& field);
/// A JSON number without a fraction, or a string of digits.
std::optional<std::int64_t> read_integer(const Field& field);
std::optional<double> read_number(const Field& field);
/// Bytes: a number, or "64m", "1.5g", "1gb", "64MiB" (all powers of 1024, as Docker).
std::optional<std::int64_t> read_bytes(const Field& field);
/// Seconds as a number, or "10s", "1m30s", "500ms".
std::optional<Duration> read_duration(const Field& field);
/// A list of scalars, at most `most` of them.
std::optional<std::vector<std::string>> read_texts(const Field& field, std::size_t most);

/// A field that Compose or Docker calls so and our schema has elsewhere or not at all: what to
/// write instead.
struct ForeignField {
    std::string_view name;
    std::string_view advice;
};

/// Reports `name` as unknown, with the advice for it, or the most similar of `known`.
void unknown_field(const Field& object, const std::string& name,
                   std::span<const ForeignField> foreign, std::span<const std::string_view> known);

/// One member of an object and how it is read. A null counts as not given.
template <class Target>
struct Member {
    std::string_view name;
    void (*read)(const Field&, Target&);
};

/// Reads the members in the table's order, then reports what is not in the table.
template <class Target>
void read_members(const Field& object, std::span<const Member<Target>> members,
                  std::span<const ForeignField> foreign, Target& target) {
    if (!object.value.is_object()) {
        object.wrong("must be an object, not " + std::string(kind_of(object.value)));
        return;
    }
    std::vector<std::string_view> known;
    for (const Member<Target>& member : members) {
        known.push_back(member.name);
        const auto found = object.value.find(std::string(member.name));
        if (found != object.value.end() && !found->is_null()) {
            member.read(object.member(std::string(member.name)), target);
        }
    }
    for (const auto& [name, ignored] : object.value.items()) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            unknown_field(object, name, foreign, known);
        }
    }
}

}  // namespace flow::domain
