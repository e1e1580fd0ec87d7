// Reads the object a client sent, strictly: each field is taken by name, and what nobody took is an
// error. All errors are collected, so that one answer names all of them. Borrows the object; lives
// for one request.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/time.hpp"

namespace flow::api {

using domain::Duration;
using domain::FieldError;
using domain::Json;

/// Lengths and ranges that a field must keep, both ends included.
struct TextLimits {
    std::size_t shortest = 1;
    std::size_t longest = 256;
};
struct IntegerLimits {
    std::int64_t least = 0;
    std::int64_t most = INT64_MAX;
};
struct DurationLimits {
    Duration least{0};
    Duration most = std::chrono::hours{24};
};

class Payload {
public:
    /// `object` must be a JSON object and outlive this reader.
    explicit Payload(const Json& object) : object_(object) {}

    /// Nothing when the field is missing or wrong; a wrong one is noted. `null` counts as missing.
    std::optional<std::string> text(std::string_view field, TextLimits limits = {});
    std::optional<bool> boolean(std::string_view field);
    std::optional<std::int64_t> integer(std::string_view field, IntegerLimits limits = {});
    /// Seconds as a number, or Compose's form: "1m30s", "500ms".
    std::optional<Duration> duration(std::string_view field, DurationLimits limits = {});
    /// One text or a list of texts.
    std::vector<std::string> texts(std::string_view field, std::size_t most = 1000);
    /// A map, or a list of "key=value"; a key alone ("key" in a list, null in a map) asks for any
    /// value.
    std::map<std::string, std::optional<std::string>> labels(std::string_view field);

    /// Any value; nullptr when it is not given. What it holds is for the caller to judge.
    const Json* value(std::string_view field) { return take(field); }
    bool has(std::string_view field) const;
    void require(std::string_view field, std::string_view what);
    void fail(std::string path, std::string message);
    /// Adds the field errors of a validation_error.
    void fail(const domain::Error& error);

    /// All fields but those already taken, as a new object, and counts them as taken.
    Json rest();
    /// Notes each field that nobody took; names the nearest of those that were asked for.
    void finish();

    const std::vector<FieldError>& errors() const { return errors_; }
    bool ok() const { return errors_.empty(); }

private:
    const Json* take(std::string_view field);
    void add_label(std::map<std::string, std::optional<std::string>>& found, std::string_view path,
                   const Json& item);

    const Json& object_;
    std::set<std::string, std::less<>> taken_;
    std::vector<FieldError> errors_;
};

/// "10s", "1m30s", "1.5h", "250ms"; nothing when it is not a duration.
std::optional<Duration> parse_duration(std::string_view text);

/// The candidate that was most likely meant; "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace flow::api
