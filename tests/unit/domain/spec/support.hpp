// What the tests of the spec share: parsing text, and looking into field errors.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "domain/spec_canonical.hpp"
#include "domain/spec_parse.hpp"

namespace flow::domain::test {

inline Result<ParsedSpec> parse_text(const std::string& json, const ParseOptions& options = {}) {
    return parse_spec(Json::parse(json), options);
}

/// The spec of good text; a failure of the test (and a default spec) when it is refused.
inline Spec good(const std::string& json) {
    auto parsed = parse_text(json);
    EXPECT_TRUE(parsed.has_value()) << json << "\n" << parsed.error().message;
    return parsed.has_value() ? parsed->spec : Spec{};
}

/// A spec with `image: busybox` and these further fields (the inside of an object).
inline Spec with(const std::string& fields) {
    return good("{\"image\": \"busybox\", " + fields + "}");
}

/// "path: message" of each field error, a line each.
inline std::string field_errors(const Error& error) {
    std::string text;
    for (const Json& entry : error.details.value("field_errors", Json::array())) {
        text += entry.at("path").get<std::string>() + ": " +
                entry.at("message").get<std::string>() + "\n";
    }
    return text;
}

inline std::string errors_of(const Result<ParsedSpec>& result) {
    return result.has_value() ? "" : field_errors(result.error());
}

}  // namespace flow::domain::test
