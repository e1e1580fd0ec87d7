#include "daemon/manifest_folder.hpp"

#include <algorithm>
#include <filesystem>

#include <boost/algorithm/string/case_conv.hpp>
#include <spdlog/spdlog.h>

#include "daemon/real_clock.hpp"

namespace flow::daemon {

using domain::ManifestProblem;

struct Manifests::Pass {
    bool settled = false;
    bool readable = true;
    bool careful = false;               ///< a file is empty: perhaps being written
    bool dropped = false;
    std::size_t waiting = 1;            ///< requests not answered yet, and the pass itself
    std::size_t problems = 0;
    std::vector<ManifestText> files;
    std::set<std::string> failed;       ///< files with a problem
    std::map<std::string, std::string> declared_in;     ///< names in lower case to the file that declared them first
    std::set<std::string> told;
    Done done;
};

namespace {

/// The folder by a path that stays the same however it was named.
std::string whole_path(const std::string& path) {
    std::error_code error;
    const auto whole = std::filesystem::weakly_canonical(path, error);
    return error ? path : whole.string();
}

std::string made_up_id(const std::string& digest) {
    return "manifest-" + digest.substr(0, 16) + "-" +
           std::to_string(domain::to_nanos(system_now()));
}

}  // namespace

Manifests::Manifests(ManifestFolder folder)
    : folder_(std::move(folder)), set_(set_of(folder_.path)) {}

std::string Manifests::set_of(const std::string& path) { return "manifests:" + whole_path(path); }

void Manifests::apply(bool settled, Done done) {
    auto pass = std::make_shared<Pass>();
    pass->settled = settled;
    pass->done = std::move(done);
    read(*pass);
    for (const ManifestText& file : pass->files) {
        for (const ReadyDocument& ready : file.ready) {
            if (may_apply(*pass, file.name, ready)) {
                accept(pass, file.name, ready);
            }
        }
    }
    answered(pass);
}

void Manifests::read(Pass& pass) {
    std::string why;
    const auto paths = manifest_files(folder_.path, why);
    pass.readable = paths.has_value();
    if (!paths) {
        report(pass, {folder_.path, 0, "", "the folder cannot be read: " + why});
        return;
    }
    for (const std::string& path : *paths) {
        ManifestText file = read_manifest_file(path, folder_.store, folder_.check_policy);
        declare(pass, file);
        for (const ManifestProblem& problem : file.problems) {
            report(pass, problem);
        }
        if (!file.problems.empty()) {
            pass.failed.insert(file.name);
        }
        if (file.empty) {
            pass.careful = true;
            spdlog::warn("a manifest is empty, so nothing is taken for gone file={}", file.name);
        }
        pass.files.push_back(std::move(file));
    }
}

/// The first file by its name has the name, whether or not it has a problem.
void Manifests::declare(Pass& pass, const ManifestText& file) {
    for (const std::string& name : file.declares) {
        pass.declared_in.emplace(boost::algorithm::to_lower_copy(name), file.name);
    }
}

/// Two documents with one name would take turns; and what belongs to a file with a problem stays as it is.
bool Manifests::may_apply(Pass& pass, const std::string& file, const ReadyDocument& ready) {
    const std::string& name = ready.parsed.spec.name;
    const std::string& first = pass.declared_in.at(boost::algorithm::to_lower_copy(name));
    ManifestProblem problem{file, ready.document.line, "metadata.name", ""};
    if (first != file) {
        problem.message =
            "the name " + name + " is declared in " + first + " already; only that one is applied";
    } else if (const domain::Record* record = folder_.store.find_name(name)) {
        constexpr std::string_view kPrefix = "manifest:";
        const std::string owner = record->source.starts_with(kPrefix)
                                      ? record->source.substr(kPrefix.size())
                                      : "";
        if (owner != file && pass.failed.contains(owner)) {
            problem.message = name + " came from " + owner +
                              ", which has a problem; it is taken from here once that is mended";
        }
    }
    if (problem.message.empty()) {
        return true;
    }
    report(pass, problem);
    return false;
}

void Manifests::accept(const PassPtr& pass, const std::string& file, const ReadyDocument& ready) {
    domain::Request request;
    request.operation = domain::Operation::manifest;
    request.actor = request.source = "manifest:" + file;
    request.request_id = made_up_id(ready.document.digest);
    request.spec = ready.parsed.spec;
    request.desired = ready.parsed.desired_state.value_or(domain::DesiredState::running);
    request.document_digest = ready.document.digest;
    request.document_set = set_;
    ++pass->waiting;
    const domain::ManifestDocument document = ready.document;
    folder_.store.accept(std::move(request), [this, pass, file, document](
                                                 domain::Result<domain::Accepted> accepted) {
        if (!accepted) {
            for (const auto& problem : domain::to_problems(document, file, accepted.error())) {
                report(*pass, problem);
            }
        } else if (accepted->changed) {
            spdlog::info("manifest applied file={} name={} container_id={} generation={}", file,
                         accepted->name, accepted->container_id, accepted->generation);
        }
        answered(pass);
    });
}

void Manifests::answered(const PassPtr& pass) {
    if (--pass->waiting > 0) {
        return;
    }
    const bool good = pass->readable && !pass->careful && pass->problems == 0;
    if (pass->settled && good && !pass->declared_in.empty() && !pass->dropped) {
        pass->dropped = true;
        pass->waiting = 1;
        drop_gone(pass);
        return answered(pass);
    }
    told_ = std::move(pass->told);
    pass->done(pass->problems);
}

/// What was applied from this folder and is not declared any more is applied anew when it comes back; with --prune its
/// container goes.
void Manifests::drop_gone(const PassPtr& pass) {
    std::vector<std::string> gone;
    for (const domain::AppliedDocument& applied : folder_.store.applied(set_)) {
        if (pass->declared_in.contains(applied.name)) {
            continue;
        }
        const domain::Record* record = folder_.store.find(applied.container_id);
        const bool lives = record != nullptr && !record->deleted;
        if (lives && folder_.prune) {
            remove(pass, *record);
        }
        if (!lives || folder_.prune || !applied.digest.empty()) {
            gone.push_back(applied.name);
        }
    }
    if (!gone.empty()) {
        folder_.store.forget_applied(set_, std::move(gone), nullptr);
    }
}

/// Never its named volumes (contract 7).
void Manifests::remove(const PassPtr& pass, const domain::Record& record) {
    domain::Request request;
    request.operation = domain::Operation::remove;
    request.actor = request.source = record.source;
    request.request_id = made_up_id(record.container_id);
    request.container_id = record.container_id;
    request.remove_volumes = false;
    ++pass->waiting;
    domain::Json details;
    details["container_id"] = record.container_id;
    details["name"] = record.spec().name;
    details["source"] = record.source;
    const std::string message = record.spec().name + " is deleted: it came from the folder of " +
                                "manifests (" + record.source + "), which does not declare it any more";
    const std::string id = record.container_id;
    folder_.store.accept(std::move(request), [this, pass, details, message, id](
                                                 domain::Result<domain::Accepted> accepted) {
        if (accepted) {
            spdlog::info("pruned container_id={} folder={}", id, folder_.path);
            log("manifest_pruned", message, details);
        } else {
            spdlog::error("cannot prune container_id={} error=\"{}\"", id,
                          accepted.error().message);
        }
        answered(pass);
    });
}

/// A problem that stands since the pass before is not told again.
void Manifests::report(Pass& pass, const ManifestProblem& problem) {
    const std::string text = problem.to_text();
    ++pass.problems;
    pass.told.insert(text);
    if (told_.contains(text)) {
        return;
    }
    spdlog::error("a manifest has a problem file={} line={} field={} error=\"{}\"", problem.file,
                  problem.line, problem.field, problem.message);
    domain::Json details;
    details["file"] = problem.file;
    details["line"] = problem.line;
    details["field"] = problem.field;
    log("manifest_refused", text, details);
}

void Manifests::log(std::string activity, const std::string& message,
                    const domain::Json& details) {
    domain::EventDraft draft;
    draft.type = "activity_log";
    draft.actor = "manifests";
    draft.summary = message;
    draft.payload["activity_type"] = std::move(activity);
    draft.payload["message"] = message;
    draft.payload["details"] = details;
    draft.payload["actor"] = draft.actor;
    std::vector<domain::EventDraft> drafts;
    drafts.push_back(std::move(draft));
    folder_.store.log(std::move(drafts), [](const domain::Result<void>&) {});
}

}  // namespace flow::daemon
