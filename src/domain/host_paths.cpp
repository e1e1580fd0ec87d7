#include "domain/host_paths.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
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

Result<std::string> read_host_file(const std::string& path) {
    constexpr std::uintmax_t kMost = 512 * 1024;
    const auto failure = [](std::string message) {
        Error error;
        error.type = ErrorType::validation_error;
        error.message = std::move(message);
        return error;
    };
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed)) {
        return failure("is not an ordinary file");
    }
    if (std::filesystem::file_size(path, failed) > kMost || failed) {
        return failure("is larger than 512 KiB");
    }
    std::ifstream file{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (!file) {
        return failure("cannot be read: " + std::generic_category().message(errno));
    }
    return text;
}

}  // namespace flow::domain
