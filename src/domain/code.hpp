// The parts of a spec that give a container files of its own: its code, and a scratch volume (contract 2 and 6).
// Plain values, part of the Spec (spec.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace flow::domain {

/// Copied when the request is accepted, and from then on known by its digest. Containers mount it read-only.
struct Code {
    static constexpr const char* kDefaultTarget = "/app";
    static constexpr std::size_t kMostBytes = 64 << 20;
    static constexpr std::size_t kMostEntries = 4096;   ///< files, folders and links
    static constexpr std::size_t kMostListed = 100;     ///< the names of a larger tree are not kept
    std::string digest;                             ///< 64 hex characters; "": still to be copied. Of no code at all, too
    std::string path;                               ///< the host folder it was copied from; "": given as files
    std::string target = kDefaultTarget;            ///< absolute path in the container
    std::int64_t file_count = 0;
    std::int64_t bytes = 0;
    std::map<std::string, std::int64_t> contents;   ///< relative names to sizes
    /// What the request itself gave, names to contents: empty once it is copied.
    std::map<std::string, std::string> given;

    bool wanted() const { return !digest.empty() || !path.empty() || !given.empty(); }
    bool operator==(const Code&) const = default;
};

/// A volume of the engine, made for the container and removed with it.
struct Workspace {
    static constexpr const char* kTarget = "/workspace";
    bool enabled = false;
    std::int64_t size = 0;                          ///< bytes of memory; 0: on the engine's disk, without a limit
    bool operator==(const Workspace&) const = default;
};

}  // namespace flow::domain
