#include "code/tree.hpp"

#include <cstring>

#include "domain/spec_canonical.hpp"

namespace flow::code {
namespace {

constexpr const char* kMain = "main";       // what flow-runtime runs

/// A request says nothing of modes: scripts and programs tell by their first bytes that they are to be run.
bool looks_executable(const std::string& name, const std::string& content) {
    return name == kMain || content.starts_with("#!") || content.starts_with("\x7f" "ELF");
}

const char* mode_of(const Entry& entry) {
    switch (entry.kind) {
        case Entry::Kind::folder: return "folder";
        case Entry::Kind::link: return "link";
        case Entry::Kind::file: break;
    }
    return entry.executable ? "0755" : "0644";
}

}  // namespace

domain::Result<Tree> tree_of(const std::map<std::string, std::string>& files) {
    Tree tree;
    std::size_t bytes = 0;
    for (const auto& [name, content] : files) {
        for (auto slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) {
            tree[name.substr(0, slash)].kind = Entry::Kind::folder;
        }
        bytes += content.size();
        tree[name] = {Entry::Kind::file, looks_executable(name, content), content};
    }
    if (bytes > domain::Code::kMostBytes || tree.size() > domain::Code::kMostEntries) {
        return domain::validation_failed(
            {{"code.files", "are more than 64 MiB, or more than 4096 files and folders"}});
    }
    return tree;
}

std::string digest_of(const Tree& tree) {
    std::string list;
    for (const auto& [name, entry] : tree) {
        list += mode_of(entry);
        list += ' ';
        list += domain::sha256_hex(entry.content);
        list += ' ';
        list += name;
        list += '\0';       // in no name
    }
    return domain::sha256_hex(list);
}

void describe(const Tree& tree, domain::Code& code) {
    code.digest = digest_of(tree);
    code.given.clear();
    code.contents.clear();
    code.file_count = 0;
    code.bytes = 0;
    for (const auto& [name, entry] : tree) {
        if (entry.kind == Entry::Kind::file) {
            ++code.file_count;
            code.bytes += static_cast<std::int64_t>(entry.content.size());
            code.contents[name] = static_cast<std::int64_t>(entry.content.size());
        }
    }
    if (code.contents.size() > domain::Code::kMostListed) {
        code.contents.clear();
    }
}

domain::Error file_error(const std::string& what, const std::string& path, int error) {
    domain::Error result;
    result.type = domain::ErrorType::system_error;
    result.engine = domain::EngineFailure::retryable;
    result.message = "could not " + what + " " + path + ": " + std::strerror(error);
    return result;
}

}  // namespace flow::code
