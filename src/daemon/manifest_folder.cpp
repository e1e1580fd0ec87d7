#include "daemon/manifest_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include <boost/algorithm/string/case_conv.hpp>
#include <spdlog/spdlog.h>

#include "daemon/real_clock.hpp"

namespace flow::daemon {
namespace {

namespace fs = std::filesystem;

struct Pass {
    std::size_t waiting = 1;        ///< requests not answered yet, and the pass itself
    std::size_t problems = 0;
    std::map<std::string, std::string> declared_in;     ///< names to the file that declared them first
    std::function<void(std::size_t)> done;

    void finish_one() {
        if (--waiting == 0) {
            done(problems);
        }
    }
};

struct ReadyDocument {
    domain::ManifestDocument document;
    domain::ParsedSpec parsed;
};

void report(const ManifestFolder& folder, const domain::ManifestProblem& problem, Pass& pass) {
    ++pass.problems;
    spdlog::error("a manifest has a problem file={} line={} field={} error=\"{}\"", problem.file,
                  problem.line, problem.field, problem.message);
    domain::EventDraft draft;
    draft.type = "activity_log";
    draft.actor = "manifests";
    draft.summary = problem.to_text();
    draft.payload["activity_type"] = "manifest_refused";
    draft.payload["message"] = problem.to_text();
    draft.payload["details"] = {{"file", problem.file},
                                {"line", problem.line},
                                {"field", problem.field}};
    draft.payload["actor"] = draft.actor;
    std::vector<domain::EventDraft> drafts;
    drafts.push_back(std::move(draft));
    folder.store.log(std::move(drafts), [](const domain::Result<void>&) {});
}

std::vector<fs::path> files_of(const ManifestFolder& folder, Pass& pass) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder.path, error)) {
        const std::string extension = entry.path().extension().string();
        if (entry.is_regular_file() && (extension == ".yaml" || extension == ".yml")) {
            files.push_back(entry.path());
        }
    }
    if (error) {
        domain::ManifestProblem problem;
        problem.file = folder.path;
        problem.message = "the folder cannot be read: " + error.message();
        report(folder, problem, pass);
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// A masked value in a manifest that was written from an answer stands for what the container of that name has.
domain::ParseOptions options_of(const ManifestFolder& folder,
                                const domain::ManifestDocument& document) {
    domain::ParseOptions options;
    const auto name = document.spec.find("name");
    if (name != document.spec.end() && name->is_string()) {
        const domain::Record* record = folder.store.find_name(name->get<std::string>());
        options.present = record != nullptr ? &record->spec() : nullptr;
    }
    return options;
}

/// All documents of a file, or nothing when one of them has a problem (reported).
std::vector<ReadyDocument> read_file(const ManifestFolder& folder, const fs::path& path,
                                     Pass& pass) {
    const std::string name = path.filename().string();
    std::ifstream stream{path};
    std::ostringstream text;
    text << stream.rdbuf();
    std::vector<domain::ManifestProblem> problems;
    std::vector<ReadyDocument> ready;
    if (!stream) {
        domain::ManifestProblem problem;
        problem.file = name;
        problem.message = "the file cannot be read";
        problems.push_back(std::move(problem));
    }
    domain::ManifestFile file = domain::read_manifest(text.str(), name);
    problems.insert(problems.end(), file.problems.begin(), file.problems.end());
    for (domain::ManifestDocument& document : file.documents) {
        auto parsed = domain::parse_manifest_spec(document, options_of(folder, document));
        domain::Result<void> allowed;
        if (parsed) {
            allowed = folder.check_policy(parsed->spec);
        }
        if (!parsed || !allowed) {
            const domain::Error error = parsed ? allowed.error() : parsed.error();
            const auto more = domain::to_problems(document, name, error);
            problems.insert(problems.end(), more.begin(), more.end());
            continue;
        }
        ready.push_back({std::move(document), std::move(*parsed)});
    }
    for (const domain::ManifestProblem& problem : problems) {
        report(folder, problem, pass);
    }
    if (!problems.empty()) {
        ready.clear();
    }
    return ready;
}

domain::Request request_of(ReadyDocument& ready, const std::string& file) {
    domain::Request request;
    request.operation = domain::Operation::manifest;
    request.actor = "manifest:" + file;
    request.request_id = "manifest-" + ready.document.digest.substr(0, 16) + "-" +
                         std::to_string(domain::to_nanos(system_now()));
    request.spec = std::move(ready.parsed.spec);
    request.desired = ready.parsed.desired_state.value_or(domain::DesiredState::running);
    request.source = "manifest:" + file;
    request.document_digest = ready.document.digest;
    return request;
}

void apply(const ManifestFolder& folder, const std::string& file, ReadyDocument ready,
           const std::shared_ptr<Pass>& pass) {
    const domain::ManifestDocument document = ready.document;
    domain::Request request = request_of(ready, file);
    ++pass->waiting;
    folder.store.accept(std::move(request), [folder, file, document,
                                             pass](domain::Result<domain::Accepted> accepted) {
        if (!accepted) {
            for (const auto& problem : domain::to_problems(document, file, accepted.error())) {
                report(folder, problem, *pass);
            }
        } else if (accepted->changed) {
            spdlog::info("manifest applied file={} name={} container_id={} generation={}", file,
                         accepted->name, accepted->container_id, accepted->generation);
        }
        pass->finish_one();
    });
}

}  // namespace

namespace {

/// Two documents with one name would take turns at every start; the first by its file's name is the one that counts.
bool declared_before(const ManifestFolder& folder, const ReadyDocument& ready,
                     const std::string& file, Pass& pass) {
    const std::string& name = ready.parsed.spec.name;
    const auto [first, is_new] = pass.declared_in.emplace(boost::algorithm::to_lower_copy(name), file);
    if (is_new) {
        return false;
    }
    domain::ManifestProblem problem;
    problem.file = file;
    problem.line = ready.document.line;
    problem.field = "metadata.name";
    problem.message = "the name " + name + " is declared in " + first->second +
                      " already; only that one is applied";
    report(folder, problem, pass);
    return true;
}

}  // namespace

void apply_manifests(const ManifestFolder& folder, std::function<void(std::size_t)> done) {
    auto pass = std::make_shared<Pass>();
    pass->done = std::move(done);
    for (const fs::path& path : files_of(folder, *pass)) {
        const std::string file = path.filename().string();
        for (ReadyDocument& ready : read_file(folder, path, *pass)) {
            if (!declared_before(folder, ready, file, *pass)) {
                apply(folder, file, std::move(ready), pass);
            }
        }
    }
    pass->finish_one();
}

}  // namespace flow::daemon
