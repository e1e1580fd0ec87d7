// A tree onto the disk, complete and durable before it gets its name.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "code/open_file.hpp"
#include "code/tree.hpp"

namespace flow::code {
namespace {

constexpr mode_t kFolder = 0755;

domain::Result<void> write_file(const std::string& path, const Entry& entry) {
    const OpenFile file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file) {
        return file_error("write", path, errno);
    }
    std::size_t written = 0;
    while (written < entry.content.size()) {
        const ssize_t part = ::write(file.number(), entry.content.data() + written,
                                     entry.content.size() - written);
        if (part < 0 && errno != EINTR) {
            return file_error("write", path, errno);
        }
        written += part > 0 ? static_cast<std::size_t>(part) : 0;
    }
    if (::fchmod(file.number(), entry.executable ? 0755 : 0644) != 0) {     // whatever the umask is
        return file_error("set the mode of", path, errno);
    }
    return {};
}

domain::Result<void> write_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 || ::chmod(path.c_str(), kFolder) != 0) {
        return file_error("make", path, errno);
    }
    return {};
}

/// One flush of the file system in place of one for each of up to 4096 files.
domain::Result<void> flush(const std::string& folder) {
    const OpenFile opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!opened || ::syncfs(opened.number()) != 0) {
        return file_error("write to the disk", folder, errno);
    }
    return {};
}

}  // namespace

domain::Result<void> write_tree(const Tree& tree, const std::string& folder) {
    if (auto made = write_folder(folder); !made) {
        return made;
    }
    for (const auto& [name, entry] : tree) {    // a folder before what is in it
        const std::string path = folder + "/" + name;
        domain::Result<void> done;
        if (entry.kind == Entry::Kind::folder) {
            done = write_folder(path);
        } else if (entry.kind == Entry::Kind::file) {
            done = write_file(path, entry);
        } else if (::symlink(entry.content.c_str(), path.c_str()) != 0) {
            done = file_error("make the link", path, errno);
        }
        if (!done) {
            return done;
        }
    }
    return flush(folder);
}

}  // namespace flow::code
