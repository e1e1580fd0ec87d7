#include "domain/host_paths.hpp"

#include <filesystem>
#include <system_error>

namespace flow::domain {

Result<std::string> resolve_host_path(const std::string& path) {
    std::error_code failed;
    const std::filesystem::path real = std::filesystem::canonical(path, failed);
    if (!failed) {
        return real.string();
    }
    Error error;
    error.type = ErrorType::validation_error;
    error.message =
        failed == std::errc::no_such_file_or_directory || failed == std::errc::not_a_directory
            ? "does not exist"
            : "cannot be resolved: " + failed.message();
    return error;
}

}  // namespace flow::domain
