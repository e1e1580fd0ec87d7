// A folder of the host into memory. By file descriptors from the top on, so that nobody can put a link in the way of a
// path that the policy has allowed.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <vector>

#include "code/open_file.hpp"
#include "code/tree.hpp"
#include "domain/spec/names.hpp"

namespace flow::code {
namespace {

using domain::Code;
using domain::Result;
constexpr int kDeepest = 64;

domain::Error wrong(const std::string& message) {
    return domain::validation_failed({{"code.path", message}});
}

domain::Error unreadable(const std::string& name) {
    const std::string why = std::generic_category().message(errno);
    return wrong((name.empty() ? "cannot be read: " : name + " cannot be read: ") + why);
}

class Reader {
public:
    Result<Tree> read(OpenFile top) {
        if (auto done = folder(std::move(top), "", 0); !done) {
            return done.error();
        }
        return std::move(tree_);
    }

private:
    Result<void> folder(OpenFile opened, const std::string& prefix, int depth);
    Result<void> entry(int folder, const std::string& own, const std::string& name, int depth);
    Result<void> file(int folder, const std::string& own, const std::string& name);
    Result<void> link(int folder, const std::string& own, const std::string& name);

    Tree tree_;
    std::size_t bytes_ = 0;
};

Result<void> Reader::folder(OpenFile opened, const std::string& prefix, int depth) {
    if (depth > kDeepest) {
        return wrong("has folders more than 64 deep, at " + prefix);
    }
    const int number = opened.number();
    const std::unique_ptr<DIR, int (*)(DIR*)> list{::fdopendir(number), ::closedir};
    if (!list) {
        return unreadable(prefix);
    }
    opened.release();
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* found = ::readdir(list.get())) {
        const std::string name = found->d_name;
        if (name != "." && name != "..") {
            names.push_back(name);
        }
        if (tree_.size() + names.size() > Code::kMostEntries) {
            return wrong("has more than 4096 files and folders");
        }
        errno = 0;
    }
    if (errno != 0) {
        return unreadable(prefix);
    }
    for (const std::string& own : names) {
        if (auto done = entry(number, own, prefix.empty() ? own : prefix + "/" + own, depth); !done) {
            return done;
        }
    }
    return {};
}

Result<void> Reader::entry(int folder_number, const std::string& own, const std::string& name,
                           int depth) {
    if (const auto bad = domain::why_bad_file_name(name)) {
        return wrong("has a file whose name cannot be kept: it " + *bad);
    }
    if (tree_.size() >= Code::kMostEntries) {
        return wrong("has more than 4096 files and folders");
    }
    struct stat found {};
    if (::fstatat(folder_number, own.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
        return unreadable(name);
    }
    if (S_ISLNK(found.st_mode)) {
        return link(folder_number, own, name);
    }
    if (S_ISREG(found.st_mode)) {
        return file(folder_number, own, name);
    }
    if (!S_ISDIR(found.st_mode)) {
        return wrong("has " + name + ", which is neither a file, a folder nor a link");
    }
    OpenFile inner{::openat(folder_number, own.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!inner) {
        return unreadable(name);
    }
    tree_[name].kind = Entry::Kind::folder;
    return folder(std::move(inner), name, depth + 1);
}

Result<void> Reader::file(int folder_number, const std::string& own, const std::string& name) {
    const OpenFile opened{
        ::openat(folder_number, own.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    struct stat found {};
    if (!opened || ::fstat(opened.number(), &found) != 0 || !S_ISREG(found.st_mode)) {
        return unreadable(name);
    }
    Entry& entry = tree_[name];
    entry.executable = (found.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0 || name == "main";
    std::size_t size = static_cast<std::size_t>(found.st_size);
    std::string& content = entry.content;
    for (std::size_t filled = 0;; ) {
        if (size > Code::kMostBytes - bytes_) {
            return wrong("holds more than 64 MiB; what is that large belongs into the image or a volume");
        }
        content.resize(size + 1);       // one more: has it grown meanwhile?
        const ssize_t got = ::read(opened.number(), content.data() + filled, content.size() - filled);
        if (got < 0) {
            return unreadable(name);
        }
        filled += static_cast<std::size_t>(got);
        if (got == 0) {
            content.resize(filled);
            bytes_ += filled;
            return {};
        }
        size = std::max(size, filled + (filled > size ? std::size_t{64 * 1024} : 0));
    }
}

Result<void> Reader::link(int folder_number, const std::string& own, const std::string& name) {
    std::string target(4096, '\0');
    const ssize_t length = ::readlinkat(folder_number, own.c_str(), target.data(), target.size());
    if (length < 0) {
        return unreadable(name);
    }
    target.resize(static_cast<std::size_t>(length));
    const std::filesystem::path led = std::filesystem::path{name}.parent_path() / target;
    const std::string inside = led.lexically_normal().string();
    const bool out = target.starts_with('/') || inside == ".." || inside.starts_with("../");
    if (out) {
        return wrong("has the link " + name + ", which leads out of it; copy the file there instead");
    }
    tree_[name] = {Entry::Kind::link, false, std::move(target)};
    return {};
}

}  // namespace

domain::Result<Tree> read_folder(const std::string& path) {
    OpenFile top{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!top) {
        return errno == ENOTDIR ? wrong("is not a folder") : unreadable("");
    }
    std::error_code error;
    const auto opened = std::filesystem::read_symlink(
        "/proc/self/fd/" + std::to_string(top.number()), error);
    if (error || opened != path) {
        return wrong("has been moved or replaced by a link while it was read; try again");
    }
    return Reader{}.read(std::move(top));
}

}  // namespace flow::code
