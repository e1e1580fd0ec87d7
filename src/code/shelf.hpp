// The folders of containers' code (contract 6, model 6). DATA/code/trees/<digest> is a tree that never changes once it has
// its name, shared by all containers with that code. DATA/code/links/<container_id> is a link to one of them, which engine
// containers mount: they follow it anew at each start. Blocking file calls, on the io_context's thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "domain/spec.hpp"
#include "reconciler/code_folders.hpp"

namespace flow::code {

class Shelf final : public reconciler::CodeFolders {
public:
    static constexpr std::chrono::hours kGrace{1};      ///< a tree that nothing names yet may be about to be named

    /// Nothing is made before there is code to be kept.
    explicit Shelf(std::string data_dir);

    /// Copies what the spec gives or names, and puts its digest in. With a digest already: is that tree still here?
    /// What is wrong with the code is a validation_error; what fails on our side a system_error.
    /// Without a copy (a dry run) only the digest is put in.
    enum class Copy { yes, no };
    domain::Result<void> capture(domain::Spec& spec, Copy copy = Copy::yes);
    /// What a daemon that was killed has left: links of containers that nobody knows, and half a copy. Failures are logged.
    void remove_strays(const std::function<bool(const std::string& container_id)>& known);

    std::string link_of(const std::string& container_id) const override;
    domain::Result<void> check_tree(const std::string& digest) const override;
    domain::Result<void> switch_link(const std::string& container_id,
                                     const std::string& digest) override;
    domain::Result<bool> remove_link(const std::string& container_id) override;
    std::size_t sweep(const std::function<bool(const std::string& digest)>& named) override;

private:
    std::string tree_path(const std::string& digest) const { return trees_ + "/" + digest; }

    std::string code_;
    std::string trees_;
    std::string links_;
};

}  // namespace flow::code
