// What names, references and paths may look like. Pure functions on text; each `why_bad_…` gives a
// sentence that says what is wrong ("is empty"), or nothing when the text is good.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace flow::domain {

/// An image reference: [registry/]path[:tag][@digest], or an image id (sha256:…).
std::optional<std::string> why_bad_image(std::string_view image);

/// The repository without tag and digest: "localhost:5000/x/flow" of "localhost:5000/x/flow:1".
std::string_view image_repository(std::string_view image);

std::optional<std::string> why_bad_hostname(std::string_view hostname);
/// A volume's or network's name, as the engine takes it.
std::optional<std::string> why_bad_object_name(std::string_view name);

/// An absolute path without "." and "..", double and trailing slashes; nothing when it is not
/// absolute, or has "..".
std::optional<std::string> clean_path(std::string_view path);

/// The relative name of a file of code: no "..", no empty part, no control characters.
std::optional<std::string> why_bad_file_name(std::string_view name);

/// Is `path` the same as `root`, or below it? Both are clean paths.
bool is_at_or_below(std::string_view path, std::string_view root);

/// 12 to 64 hex characters: would pass for an id.
bool looks_like_id(std::string_view name);

}  // namespace flow::domain
