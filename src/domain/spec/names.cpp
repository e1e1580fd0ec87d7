#include "domain/spec/names.hpp"

#include <algorithm>
#include <vector>

#include "domain/spec_parse.hpp"

namespace flow::domain {
namespace {

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_name_char(char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; }

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_name(std::string_view text, std::size_t limit) {
    return !text.empty() && text.size() <= limit && is_alnum(text.front()) &&
           std::all_of(text.begin(), text.end(), is_name_char);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(at + 1);
    }
}

/// One component of a repository path: lower-case words joined by ".", "_", "__" or dashes.
bool is_repository_component(std::string_view part) {
    if (part.empty() || !is_lower_alnum(part.front()) || !is_lower_alnum(part.back())) {
        return false;
    }
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (is_lower_alnum(part[i]) || part[i] == '-') {
            continue;
        }
        const std::size_t run = std::min(part.find_first_not_of(part[i], i), part.size()) - i;
        if ((part[i] == '.' && run > 1) || (part[i] == '_' && run > 2) ||
            (part[i] != '.' && part[i] != '_') || !is_alnum(part[i + run])) {
            return false;
        }
        i += run - 1;
    }
    return true;
}

/// "localhost", "host.name", "host:5000", "[::1]:5000": what the first component is when it is a
/// registry.
bool is_registry(std::string_view part) {
    return part == "localhost" || part.find_first_of(".:[") != std::string_view::npos;
}

bool is_registry_well_formed(std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
        return is_name_char(c) || c == ':' || c == '[' || c == ']';
    });
}

struct ImageParts {
    std::string_view repository;
    std::optional<std::string_view> tag;
    std::optional<std::string_view> digest;
};

ImageParts image_parts(std::string_view image) {
    ImageParts parts;
    const std::size_t at = image.find('@');
    if (at != std::string_view::npos) {
        parts.digest = image.substr(at + 1);
        image = image.substr(0, at);
    }
    const std::size_t colon = image.rfind(':');
    if (colon != std::string_view::npos && image.find('/', colon) == std::string_view::npos) {
        parts.tag = image.substr(colon + 1);
        image = image.substr(0, colon);
    }
    parts.repository = image;
    return parts;
}

bool is_digest(std::string_view digest) {
    constexpr std::string_view kPrefix = "sha256:";
    return digest.size() == kPrefix.size() + 64 && digest.starts_with(kPrefix) &&
           std::all_of(digest.begin() + kPrefix.size(), digest.end(), is_hex);
}

std::optional<std::string> why_bad_repository(std::string_view repository) {
    std::vector<std::string_view> parts = split(repository, '/');
    if (parts.size() > 1 && is_registry(parts.front())) {
        if (!is_registry_well_formed(parts.front())) {
            return "is not an image reference: its registry is malformed";
        }
        parts.erase(parts.begin());
    }
    for (const std::string_view part : parts) {
        if (std::any_of(part.begin(), part.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
            return "is not an image reference: the repository must be lower case";
        }
        if (!is_repository_component(part)) {
            return "is not an image reference such as nginx, nginx:1.25 or "
                   "registry:5000/team/app:2";
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> why_bad_image(std::string_view image) {
    if (image.empty()) {
        return "is empty";
    }
    if (image.size() > 512) {
        return "is longer than 512 characters";
    }
    if (is_digest(image)) {
        return std::nullopt;
    }
    const ImageParts parts = image_parts(image);
    if (parts.digest && !is_digest(*parts.digest)) {
        return "has a digest that is not sha256: and 64 hex characters";
    }
    if (parts.tag) {
        const bool starts_well =
            !parts.tag->empty() && (is_alnum(parts.tag->front()) || parts.tag->front() == '_');
        if (!starts_well || parts.tag->size() > 128 ||
            !std::all_of(parts.tag->begin(), parts.tag->end(), is_name_char)) {
            return "has a malformed tag: letters, digits, '_', '.', '-', at most 128";
        }
    }
    return why_bad_repository(parts.repository);
}

std::string_view image_registry(std::string_view image) {
    const auto slash = image.find('/');
    const std::string_view first = image.substr(0, slash);
    const bool host = slash != std::string_view::npos &&
                      (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
    return host ? first : "docker.io";
}

std::string_view image_repository(std::string_view image) { return image_parts(image).repository; }

std::optional<std::string> why_bad_name(std::string_view name) {
    if (!is_name(name, 63)) {
        return "must be 1 to 63 letters, digits, '_', '.' or '-', the first a letter or digit";
    }
    if (looks_like_id(name)) {
        return "would pass for an id: 12 to 64 hex characters are not a name";
    }
    return std::nullopt;
}

std::optional<std::string> why_bad_hostname(std::string_view hostname) {
    if (!is_name(hostname, 63)) {
        return "must be 1 to 63 letters, digits, '-', '_' or '.', the first a letter or digit";
    }
    return std::nullopt;
}

std::optional<std::string> why_bad_object_name(std::string_view name) {
    if (!is_name(name, 255) || name.size() < 2) {
        return "must be 2 to 255 letters, digits, '_', '.' or '-', the first a letter or digit";
    }
    return std::nullopt;
}

std::optional<std::string> clean_path(std::string_view path) {
    if (path.empty() || path.front() != '/') {
        return std::nullopt;
    }
    std::string clean;
    for (const std::string_view part : split(path, '/')) {
        if (part == "..") {
            return std::nullopt;
        }
        if (!part.empty() && part != ".") {
            clean.append("/").append(part);
        }
    }
    return clean.empty() ? "/" : clean;
}

bool is_at_or_below(std::string_view path, std::string_view root) {
    if (root == "/") {
        return true;
    }
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

bool looks_like_id(std::string_view name) {
    return name.size() >= 12 && name.size() <= 64 && std::all_of(name.begin(), name.end(), is_hex);
}

bool is_secret_key(std::string_view key) {
    std::string upper(key);
    std::transform(upper.begin(), upper.end(), upper.begin(), to_upper);
    return upper.ends_with("_TOKEN") || upper.ends_with("_KEY") ||
           upper.find("PASSWORD") != std::string::npos || upper.find("SECRET") != std::string::npos;
}

}  // namespace flow::domain
