#include "daemon/manifest_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace flow::daemon {
namespace {

namespace fs = std::filesystem;

/// A masked value in a manifest that was written from an answer stands for what the container of that name has.
domain::ParseOptions options_of(const domain::Store& store,
                                const domain::ManifestDocument& document) {
    domain::ParseOptions options;
    const domain::Record* record = store.find_name(document.name);
    options.present = record != nullptr ? &record->spec() : nullptr;
    return options;
}

std::optional<std::string> text_of(const std::string& path) {
    std::ifstream stream{path};
    std::ostringstream text;
    text << stream.rdbuf();
    return stream ? std::optional(text.str()) : std::nullopt;
}

}  // namespace

std::optional<std::vector<std::string>> manifest_files(const std::string& folder,
                                                       std::string& why) {
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string extension = entry.path().extension().string();
        const bool hidden = entry.path().filename().string().starts_with('.');
        std::error_code unreadable;
        if (!hidden && (extension == ".yaml" || extension == ".yml") &&
            entry.is_regular_file(unreadable)) {
            files.push_back(entry.path().string());
        }
    }
    if (error) {
        why = error.message();
        return std::nullopt;
    }
    std::sort(files.begin(), files.end());
    return files;
}

ManifestText read_manifest_file(
    const std::string& path, const domain::Store& store,
    const std::function<domain::Result<void>(domain::Spec&)>& check_policy) {
    ManifestText result;
    result.name = fs::path(path).filename().string();
    const auto text = text_of(path);
    if (!text) {
        result.problems.push_back({result.name, 0, "", "the file cannot be read"});
        return result;
    }
    result.empty = text->empty();
    domain::ManifestFile file = domain::read_manifest(*text, result.name);
    result.problems = file.problems;
    for (domain::ManifestDocument& document : file.documents) {
        result.declares.push_back(document.name);
        auto parsed = domain::parse_manifest_spec(document, options_of(store, document));
        domain::Result<void> allowed;
        if (parsed) {
            allowed = check_policy(parsed->spec);
        }
        if (!parsed || !allowed) {
            const domain::Error error = parsed ? allowed.error() : parsed.error();
            const auto more = domain::to_problems(document, result.name, error);
            result.problems.insert(result.problems.end(), more.begin(), more.end());
            continue;
        }
        result.ready.push_back({std::move(document), std::move(*parsed)});
    }
    if (!result.problems.empty()) {
        result.ready.clear();
    }
    return result;
}

}  // namespace flow::daemon
