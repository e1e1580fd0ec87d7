#include "store/data_dir.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

namespace flow::store {
namespace {

using domain::Error;
using domain::Result;

/// DIR/run/<12>/<12>.sock has to fit into the 107 bytes of a Unix socket's address.
constexpr std::size_t kLongestPath = 60;

Error failed(const std::string& what, int code) {
    Error error;
    error.message = what + ": " + std::strerror(code);
    return error;
}

Error refused(std::string message) {
    Error error;
    error.message = std::move(message);
    return error;
}

Result<void> make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) {
        return {};
    }
    if (errno != EEXIST) {
        return failed("cannot make the directory " + path, errno);
    }
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) {
        return failed("cannot look at " + path, errno);
    }
    if (!S_ISDIR(facts.st_mode)) {
        return refused(path + " is not a directory; name another with --data-dir");
    }
    if ((facts.st_mode & 0077) != 0) {
        spdlog::warn("data directory is open to other users path={} mode={:o}", path,
                     facts.st_mode & 0777);
    }
    return {};
}

std::string holder_of(int lock) {
    char text[32] = {};
    const ssize_t count = ::pread(lock, text, sizeof text - 1, 0);
    std::string pid{text, count > 0 ? static_cast<std::size_t>(count) : 0};
    while (!pid.empty() && pid.back() == '\n') {
        pid.pop_back();
    }
    return pid.empty() ? "an unknown process" : "the process " + pid;
}

Result<int> take_lock(const std::string& path) {
    const std::string file = path + "/lock";
    const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) {
        return failed("cannot open " + file, errno);
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const int code = errno;
        const std::string holder = holder_of(lock);
        ::close(lock);
        if (code != EWOULDBLOCK) {
            return failed("cannot lock " + file, code);
        }
        return refused("the data directory " + path + " is in use by " + holder +
                       "; stop it, or name another directory with --data-dir");
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock, 0) != 0 ||
        ::pwrite(lock, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        spdlog::warn("pid not written into the lock file path={}", file);
    }
    return lock;
}

/// SQLite gives its side files the mode of the database, so that one mode decides for all.
Result<void> make_private_file(const std::string& file) {
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (made < 0) {
        return failed("cannot open the database " + file, errno);
    }
    const int changed = ::fchmod(made, 0600);
    const int code = errno;
    ::close(made);
    if (changed != 0) {
        return failed("cannot make " + file + " private (mode 0600)", code);
    }
    return {};
}

}  // namespace

Result<DataDir> DataDir::open(const std::string& path) {
    if (path.empty() || path.front() != '/') {
        return refused("the data directory must be an absolute path: '" + path + "'");
    }
    if (path.size() > kLongestPath) {
        return refused("the path of the data directory has " + std::to_string(path.size()) +
                       " bytes, at most " + std::to_string(kLongestPath) +
                       " are possible (the paths of Unix sockets are short): " + path);
    }
    std::error_code ignored;    // mkdir says what is wrong
    std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), ignored);
    if (auto made = make_folder(path); !made) {
        return made.error();
    }
    auto lock = take_lock(path);
    if (!lock) {
        return lock.error();
    }
    DataDir dir;
    dir.lock_ = *lock;
    if (auto made = make_folder(path + "/run"); !made) {
        return made.error();
    }
    if (auto made = make_private_file(path + "/flow.db"); !made) {
        return made.error();
    }
    return dir;
}

DataDir::DataDir(DataDir&& other) noexcept : lock_{std::exchange(other.lock_, -1)} {}

DataDir& DataDir::operator=(DataDir&& other) noexcept {
    std::swap(lock_, other.lock_);
    return *this;
}

DataDir::~DataDir() {
    if (lock_ >= 0) {
        ::close(lock_);
    }
}

}  // namespace flow::store
