// The table of what registries answer, as told by the engine; declared in error_table.hpp.
#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "docker/error_table.hpp"

namespace flow::docker {
namespace {

struct PullRule {
    std::string_view pattern;
    std::string_view cause;
};

// Registries answer "denied" for a name that does not exist as well; the engine's own words for
// that case tell both.
constexpr PullRule kPullRules[] = {
    {"no space left on device", "disk_full"},
    {"repository does not exist or may require", "not_found"},
    {"manifest unknown", "not_found"},
    {"manifest for ", "not_found"},
    {"name unknown", "not_found"},
    {"no matching manifest", "not_found"},
    {"repository name not known", "not_found"},
    {"authentication required", "unauthorized"},
    {"no basic auth credentials", "unauthorized"},
    {"unauthorized", "unauthorized"},
    {"access to the resource is denied", "unauthorized"},
    {"access denied", "unauthorized"},
    {"incorrect username or password", "unauthorized"},
    {"dial tcp", "registry_unreachable"},
    {"no such host", "registry_unreachable"},
    {"connection refused", "registry_unreachable"},
    {"connection reset", "registry_unreachable"},
    {"timeout", "registry_unreachable"},
    {"deadline exceeded", "registry_unreachable"},
    {"request canceled", "registry_unreachable"},
    {"server gave http response to https client", "registry_unreachable"},
    {"x509", "registry_unreachable"},
    {"tls:", "registry_unreachable"},
    {"toomanyrequests", "registry_unreachable"},
    {"received unexpected http status: 5", "registry_unreachable"},
    {"eof", "registry_unreachable"},
    {"not found", "not_found"},
};

std::string_view cause_of(std::string_view message) {
    std::string text{message};
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const PullRule& rule : kPullRules) {
        if (text.find(rule.pattern) != std::string::npos) {
            return rule.cause;
        }
    }
    return {};
}

}  // namespace

domain::Error pull_error(const std::string& image, std::string_view message) {
    const std::string_view cause = cause_of(message);
    domain::Error error;
    error.type = domain::ErrorType::docker_api_error;
    error.engine = domain::EngineFailure::retryable;
    error.message = "cannot pull image " + image + ": the Docker Engine answered \"" +
                    std::string{message} + "\"";
    error.details["engine_call"] = "pull";
    error.details["engine_message"] = message;
    error.details["field"] = "image";
    if (message.find("invalid reference format") != std::string_view::npos) {
        error.engine = domain::EngineFailure::refused;
        error.message += "; write the image as name:tag";
        return error;
    }
    if (cause.empty()) {
        return error;
    }
    error.type = domain::ErrorType::image_not_found;
    error.details["cause"] = cause;
    if (cause == "not_found") {
        error.engine = domain::EngineFailure::no_such_image;
        error.message += "; check the image's name and tag";
    } else if (cause == "unauthorized") {
        error.engine = domain::EngineFailure::no_such_image;
        error.message += "; check the name and the registry's credentials";
    } else if (cause == "disk_full") {
        error.type = domain::ErrorType::docker_api_error;
        error.message += "; free space in the engine's data folder";
    } else {
        error.message += "; check the registry's address and the network";
    }
    return error;
}

}  // namespace flow::docker
