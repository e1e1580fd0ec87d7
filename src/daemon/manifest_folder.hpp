// The folder of --manifests (contract 7): every document becomes a request like any other, once for each content it has.
// A file with a problem is reported with file, line and field and changes nothing of its own; the others are applied.
// What came from the folder and is not declared any more is deleted where that is asked for. One pass at a time, on the
// io_context's thread; borrows the store.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/manifest_file.hpp"
#include "domain/ports/store.hpp"

namespace flow::daemon {

struct ManifestFolder {
    std::string path;
    domain::Store& store;
    std::function<domain::Result<void>(domain::Spec&)> check_policy;
    bool prune = false;
};

class Manifests {
public:
    using Done = std::function<void(std::size_t problems)>;

    explicit Manifests(ManifestFolder folder);
    /// What the store keeps the documents of that folder under: Request::document_set.
    static std::string set_of(const std::string& path);

    /// Reads and applies *.yaml and *.yml in the order of their names. `settled`: nothing has changed for a while, so what
    /// is not there is really gone. `done` gets the number of problems once all that was accepted is durable.
    void apply(bool settled, Done done);

private:
    struct Pass;
    using PassPtr = std::shared_ptr<Pass>;

    void read(Pass& pass);
    void declare(Pass& pass, const ManifestText& file);
    bool may_apply(Pass& pass, const std::string& file, const ReadyDocument& ready);
    void accept(const PassPtr& pass, const std::string& file, const ReadyDocument& ready);
    void answered(const PassPtr& pass);
    void drop_gone(const PassPtr& pass);
    void remove(const PassPtr& pass, const domain::Record& record);
    void report(Pass& pass, const domain::ManifestProblem& problem);
    void log(std::string activity, const std::string& message, const domain::Json& details);

    ManifestFolder folder_;
    std::string set_;
    std::set<std::string> told_;        ///< problems of the pass before: told once
};

}  // namespace flow::daemon
