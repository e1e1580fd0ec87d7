// A container's code as it is copied: names and contents in memory, and the digest by which it is known (contract 2).
// What the host has else (owners, times, further modes) is no part of it. Plain values and blocking file calls; no state.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "domain/code.hpp"
#include "domain/error.hpp"

namespace flow::code {

struct Entry {
    enum class Kind { folder, file, link };
    Kind kind = Kind::file;
    bool executable = false;    ///< of files: 0755, else 0644
    std::string content;        ///< of links: where they lead, always inside the tree
    bool operator==(const Entry&) const = default;
};

/// By relative name; the folders that files are in stand there, too.
using Tree = std::map<std::string, Entry>;

/// Copies a folder of the host; `path` is resolved already. Links are never followed: one that leads out is refused,
/// and so are devices, sockets and pipes. The error is about the field code.path.
domain::Result<Tree> read_folder(const std::string& path);
/// The files that a request gave.
domain::Result<Tree> tree_of(const std::map<std::string, std::string>& files);

/// Writes it below `folder`, which is made; the caller renames that when all of it is there.
domain::Result<void> write_tree(const Tree& tree, const std::string& folder);

/// SHA-256 over sorted names, modes and contents, as 64 hex characters.
std::string digest_of(const Tree& tree);
/// Digest, sizes and names; what the request gave is dropped.
void describe(const Tree& tree, domain::Code& code);

/// "could not <what> <path>: <why>", to be tried again.
domain::Error file_error(const std::string& what, const std::string& path, int error);

}  // namespace flow::code
