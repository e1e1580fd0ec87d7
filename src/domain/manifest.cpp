#include "domain/manifest.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "domain/spec/field.hpp"
#include "domain/spec_canonical.hpp"

namespace flow::domain {
namespace {

void read_api_version(const Field& field, ManifestDocument&) {
    if (field.value != "flow/v1") {
        field.wrong("must be flow/v1, not " + shown(field.value));
    }
}

void read_kind(const Field& field, ManifestDocument& document) {
    if (field.value != "Container" && field.value != "Job") {
        field.wrong("must be Container or Job, not " + shown(field.value));
        return;
    }
    document.kind = field.value.get<std::string>();
}

void read_name(const Field& field, ManifestDocument& document) {
    document.name = read_scalar_text(field).value_or("");
    if (const auto bad = why_bad_name(document.name); bad && !field.value.is_structured()) {
        field.wrong(*bad);
    }
}

/// A map of texts; numbers and bools count as texts.
Json read_text_map(const Field& field) {
    Json map = Json::object();
    if (!field.value.is_object()) {
        field.wrong("must be a map, not " + std::string(kind_of(field.value)));
        return map;
    }
    for (const auto& [key, ignored] : field.value.items()) {
        if (const auto text = read_scalar_text(field.member(key))) {
            map[key] = *text;
        }
    }
    return map;
}

constexpr Member<ManifestDocument> kMetadata[] = {
    {"name", read_name},
    {"labels",
     [](const Field& field, ManifestDocument& document) {
         document.labels = read_text_map(field);
     }},
    {"annotations",
     [](const Field& field, ManifestDocument& document) {
         document.annotations = read_text_map(field);
     }},
};

constexpr ForeignField kForeignMetadata[] = {
    {"namespace", "is not supported: there are no namespaces"},
};

void read_metadata(const Field& field, ManifestDocument& document) {
    read_members<ManifestDocument>(field, kMetadata, kForeignMetadata, document);
    if (field.value.is_object() && !field.value.contains("name")) {
        field.errors.add("metadata.name", "is required");
    }
}

void read_spec(const Field& field, ManifestDocument& document) {
    if (!field.value.is_object()) {
        field.wrong("must be a map, not " + std::string(kind_of(field.value)));
        return;
    }
    document.spec = field.value;
}

constexpr Member<ManifestDocument> kMembers[] = {
    {"apiVersion", read_api_version},
    {"kind", read_kind},
    {"metadata", read_metadata},
    {"spec", read_spec},
};

constexpr ForeignField kForeign[] = {
    {"api_version", "use apiVersion"},
    {"name", "use metadata.name"},
    {"image", "use spec.image"},
    {"services", "this is a Compose file; a manifest has apiVersion, kind, metadata and spec"},
};

void require(const Field& root, const char* name, const char* message) {
    const auto found = root.value.find(name);
    if (root.value.is_object() && (found == root.value.end() || found->is_null())) {
        root.errors.add(name, message);
    }
}

void merge_name(ManifestDocument& document, FieldErrors& errors) {
    const auto own = document.spec.find("name");
    if (own != document.spec.end() && !own->is_null() && *own != document.name) {
        errors.add("spec.name", "differs from metadata.name; leave it out");
    }
    document.spec["name"] = document.name;
}

void merge_kind(ManifestDocument& document, FieldErrors& errors) {
    const std::string kind = document.kind == "Job" ? "job" : "container";
    const auto own = document.spec.find("kind");
    if (own != document.spec.end() && !own->is_null() && *own != kind) {
        errors.add("spec.kind", "differs from kind: " + document.kind + "; leave it out");
    }
    document.spec["kind"] = kind;
}

void merge_labels(ManifestDocument& document, FieldErrors& errors) {
    Json& own = document.spec["labels"];
    if (own.is_null()) {
        own = Json::object();
    }
    for (const auto& [key, value] : document.labels.items()) {
        if (own.is_array()) {
            own.push_back(key + "=" + value.get<std::string>());
        } else if (own.is_object() && own.contains(key) && own.at(key) != value) {
            errors.add("spec.labels." + key, "differs from metadata.labels; give it once");
        } else if (own.is_object()) {
            own[key] = value;
        }
    }
}

/// The content without order of fields.
std::string digest_of(const Json& value) {
    return sha256_hex(nlohmann::json::parse(value.dump()).dump());
}

void add_problems(const YamlDocument& source, const std::string& file, const Error& error,
                  std::vector<ManifestProblem>& problems) {
    for (const Json& entry : error.details.value("field_errors", Json::array())) {
        const auto path = entry.at("path").get<std::string>();
        problems.push_back(
            {file, source.line_of(path), path, entry.at("message").get<std::string>()});
    }
}

void read_document(YamlDocument source, const std::string& file, ManifestFile& into) {
    FieldErrors errors;
    ManifestDocument document;
    const Field root{source.value, "", errors};
    if (source.value.is_object()) {
        read_members<ManifestDocument>(root, kMembers, kForeign, document);
        require(root, "apiVersion", "is required: flow/v1");
        require(root, "kind", "is required: Container or Job");
        require(root, "metadata", "is required, with the name in it");
        require(root, "spec", "is required");
    } else {
        errors.add("", "a document must be a map with apiVersion, kind, metadata and spec");
    }
    if (errors.empty()) {
        merge_name(document, errors);
        merge_kind(document, errors);
        merge_labels(document, errors);
    }
    if (!errors.empty()) {
        add_problems(source, file, errors.to_error(), into.problems);
        return;
    }
    document.line = source.line;
    document.digest = digest_of(source.value);
    document.source = std::move(source);
    into.documents.push_back(std::move(document));
}

void report_names_given_twice(const std::string& file, ManifestFile& into) {
    std::set<std::string> names;
    for (const ManifestDocument& document : into.documents) {
        if (!names.insert(name_key(document.name)).second) {
            into.problems.push_back({file, document.source.line_of("metadata.name"),
                                     "metadata.name",
                                     shown(document.name) + " is declared twice in this file"});
        }
    }
}

}  // namespace

std::string ManifestProblem::to_text() const {
    const std::string where = file + ":" + std::to_string(line) + ": ";
    return where + (field.empty() ? "" : field + ": ") + message;
}

ManifestFile read_manifest(std::vector<YamlDocument> documents, const std::string& file) {
    ManifestFile result;
    for (YamlDocument& document : documents) {
        read_document(std::move(document), file, result);
    }
    report_names_given_twice(file, result);
    return result;
}

ManifestFile read_manifest(std::string_view text, const std::string& file) {
    YamlStream stream = read_yaml(text);
    ManifestFile result = read_manifest(std::move(stream.documents), file);
    for (YamlProblem& problem : stream.problems) {
        result.problems.push_back(
            {file, problem.line, std::move(problem.field), std::move(problem.message)});
    }
    std::stable_sort(result.problems.begin(), result.problems.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    return result;
}

Result<ParsedSpec> parse_manifest_spec(const ManifestDocument& document, ParseOptions options) {
    options.path_prefix = "spec.";
    auto parsed = parse_spec(document.spec, options);
    if (parsed.has_value() && !parsed->desired_state) {
        parsed->desired_state = DesiredState::running;
    }
    return parsed;
}

std::vector<ManifestProblem> to_problems(const ManifestDocument& document, const std::string& file,
                                         const Error& error) {
    std::vector<ManifestProblem> problems;
    for (const Json& entry : error.details.value("field_errors", Json::array())) {
        auto path = entry.at("path").get<std::string>();
        if (!path.starts_with("spec.")) {
            path.insert(0, "spec.");
        }
        problems.push_back(
            {file, document.source.line_of(path), path, entry.at("message").get<std::string>()});
    }
    if (problems.empty()) {
        problems.push_back({file, document.line, "", error.message});
    }
    return problems;
}

}  // namespace flow::domain
