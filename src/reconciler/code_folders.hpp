// The port to the host folders that hold containers' code, owned by the loop (model 6). For each digest there is one tree
// that never changes, for each container a link that stands for one of them and is what its engine container mounts.
// src/code has the real one, the tests a fake. All methods run on the io_context's thread and block for file calls only.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "domain/error.hpp"

namespace flow::reconciler {

class CodeFolders {
public:
    virtual ~CodeFolders() = default;

    /// The host path of a container's link.
    virtual std::string link_of(const std::string& container_id) const = 0;
    /// Is the tree there? The error says what to do when it is not.
    virtual domain::Result<void> check_tree(const std::string& digest) const = 0;
    /// The link stands for that tree from now on, in one step; nothing happens when it did before.
    virtual domain::Result<void> switch_link(const std::string& container_id,
                                             const std::string& digest) = 0;
    /// Answers whether there was a link.
    virtual domain::Result<bool> remove_link(const std::string& container_id) = 0;
    /// Removes trees that nothing names and that are older than an hour; answers how many.
    virtual std::size_t sweep(const std::function<bool(const std::string& digest)>& named) = 0;
};

}  // namespace flow::reconciler
