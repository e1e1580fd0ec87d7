#include "daemon/host_folders.hpp"

#include <filesystem>
#include <vector>

#include <spdlog/spdlog.h>

namespace flow::daemon {
namespace {

namespace fs = std::filesystem;

domain::Error failed(const std::string& what, const std::string& path,
                     const std::error_code& error) {
    domain::Error result;
    result.type = domain::ErrorType::system_error;
    result.message = "could not " + what + " " + path + ": " + error.message();
    result.engine = domain::EngineFailure::retryable;
    return result;
}

}  // namespace

domain::Result<void> make_socket_folder(const std::string& path) {
    std::error_code error;
    const auto mode = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                      fs::perms::others_read | fs::perms::others_exec;
    const fs::file_status present = fs::status(path, error);
    if (fs::is_directory(present) && (present.permissions() & fs::perms::all) == mode) {
        return {};      // a daemon that was killed may have made it without its mode
    }
    fs::create_directories(path, error);
    if (error) {
        return failed("make the folder of the socket", path, error);
    }
    fs::permissions(path, mode, error);
    if (error) {
        return failed("set the mode of", path, error);
    }
    return {};
}

domain::Result<bool> remove_socket_folder(const std::string& path) {
    std::error_code error;
    const auto removed = fs::remove_all(path, error);
    if (error) {
        return failed("remove the folder of the socket", path, error);
    }
    return removed > 0;
}

void remove_stray_folders(const std::string& run_dir,
                          const std::function<bool(const std::string&)>& known) {
    std::error_code error;
    std::vector<std::string> strays;
    for (const auto& entry : fs::directory_iterator{run_dir, error}) {
        if (!known(entry.path().filename().string())) {
            strays.push_back(entry.path().string());
        }
    }
    for (const std::string& path : strays) {
        const auto removed = remove_socket_folder(path);
        if (!removed) {
            spdlog::warn("a folder that belongs to no container stays path={} error=\"{}\"", path,
                         removed.error().message);
        }
    }
}

}  // namespace flow::daemon
