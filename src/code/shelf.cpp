#include "code/shelf.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include <spdlog/spdlog.h>

#include "code/open_file.hpp"
#include "code/tree.hpp"

namespace flow::code {
namespace {

namespace fs = std::filesystem;
using domain::Result;

constexpr const char* kHalf = ".new-";      // before its name: not complete yet

Result<void> make_folder(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    return error ? Result<void>{file_error("make", path, error.value())} : Result<void>{};
}

Result<void> flush_folder(const std::string& path) {
    const OpenFile folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder || ::fsync(folder.number()) != 0) {
        return file_error("write to the disk", path, errno);
    }
    return {};
}

/// A tree that is used again is as young as a new one: the sweep leaves it to the request that is about to name it.
void touch(const std::string& path) { ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

Result<void> keep(const Tree& tree, const std::string& folder, const std::string& digest) {
    const std::string path = folder + "/" + digest;
    std::error_code error;
    if (fs::is_directory(path, error)) {
        touch(path);
        return {};
    }
    if (auto made = make_folder(folder); !made) {
        return made;
    }
    const std::string half = folder + "/" + kHalf + digest;
    fs::remove_all(half, error);
    Result<void> done = write_tree(tree, half);
    if (done && ::rename(half.c_str(), path.c_str()) != 0) {
        done = file_error("name", path, errno);
    }
    if (done) {
        return flush_folder(folder);
    }
    fs::remove_all(half, error);
    return done;
}

}  // namespace

Shelf::Shelf(std::string data_dir)
    : code_(std::move(data_dir) + "/code"), trees_(code_ + "/trees"), links_(code_ + "/links") {}

Result<void> Shelf::capture(domain::Spec& spec, Copy copy) {
    if (!spec.code->wanted()) {
        return {};
    }
    domain::Code& code = spec.code.edit();
    if (!code.digest.empty()) {
        touch(tree_path(code.digest));
        auto there = check_tree(code.digest);
        return there ? there : domain::validation_failed({{"code.digest", there.error().message}});
    }
    auto tree = code.path.empty() ? tree_of(code.given) : read_folder(code.path);
    if (!tree) {
        return tree.error();
    }
    describe(*tree, code);
    return copy == Copy::yes ? keep(*tree, trees_, code.digest) : Result<void>{};
}

std::string Shelf::link_of(const std::string& container_id) const {
    return links_ + "/" + container_id;
}

Result<void> Shelf::check_tree(const std::string& digest) const {
    std::error_code error;
    if (fs::is_directory(tree_path(digest), error)) {
        return {};
    }
    domain::Error missing;
    missing.type = domain::ErrorType::system_error;
    missing.engine = domain::EngineFailure::retryable;
    missing.message = "the code with digest " + digest + " is not kept any more; give its path or files again";
    return missing;
}

Result<void> Shelf::switch_link(const std::string& container_id, const std::string& digest) {
    if (auto there = check_tree(digest); !there) {
        return there;
    }
    if (auto made = make_folder(links_); !made) {
        return made;
    }
    const std::string link = link_of(container_id);
    const std::string target = "../trees/" + digest;
    std::error_code error;
    if (fs::read_symlink(link, error) == target) {
        return {};
    }
    const std::string next = links_ + "/" + kHalf + container_id;
    ::unlink(next.c_str());
    if (::symlink(target.c_str(), next.c_str()) != 0) {
        return file_error("make the link", next, errno);
    }
    if (::rename(next.c_str(), link.c_str()) != 0) {
        return file_error("switch the link", link, errno);
    }
    return flush_folder(links_);
}

Result<bool> Shelf::remove_link(const std::string& container_id) {
    const std::string link = link_of(container_id);
    if (::unlink(link.c_str()) == 0) {
        return true;
    }
    return errno == ENOENT ? Result<bool>{false} : file_error("remove the link", link, errno);
}

std::size_t Shelf::sweep(const std::function<bool(const std::string& digest)>& named) {
    const auto oldest = fs::file_time_type::clock::now() - kGrace;
    std::vector<fs::path> unused;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{trees_, error}) {
        std::error_code gone;
        const bool old = entry.last_write_time(gone) < oldest;
        if (!gone && old && !named(entry.path().filename().string())) {
            unused.push_back(entry.path());
        }
    }
    std::size_t removed = 0;
    for (const fs::path& path : unused) {
        fs::remove_all(path, error);
        if (error) {
            spdlog::warn("could not remove code that nothing names path={} error=\"{}\"",
                         path.string(), error.message());
        } else {
            ++removed;
        }
    }
    return removed;
}

void Shelf::remove_strays(const std::function<bool(const std::string& container_id)>& known) {
    std::vector<fs::path> strays;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{links_, error}) {
        if (!known(entry.path().filename().string())) {
            strays.push_back(entry.path());
        }
    }
    for (const auto& entry : fs::directory_iterator{trees_, error}) {
        if (entry.path().filename().string().starts_with(kHalf)) {
            strays.push_back(entry.path());
        }
    }
    for (const fs::path& path : strays) {
        fs::remove_all(path, error);
        if (error) {
            spdlog::warn("a stray of the code's folders stays path={} error=\"{}\"", path.string(),
                         error.message());
        }
    }
}

}  // namespace flow::code
