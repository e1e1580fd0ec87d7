#include "api/apply_documents.hpp"

#include <set>
#include <utility>

#include "domain/manifest.hpp"
#include "domain/spec_parse.hpp"

namespace flow::api {
namespace {

using domain::ManifestDocument;
using domain::ManifestFile;

/// What one text or object of the field says; `path` leads to it.
struct Piece {
    std::string path;
    bool text = false;
    ManifestFile file;
};

std::string lower(std::string text) {
    for (char& letter : text) {
        letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    }
    return text;
}

Piece piece_of(const Json& value, std::string path) {
    Piece piece{std::move(path), value.is_string(), {}};
    if (piece.text) {
        piece.file = domain::read_manifest(value.get_ref<const std::string&>(), piece.path);
        return piece;
    }
    domain::YamlDocument document;
    document.value = value;
    std::vector<domain::YamlDocument> documents;
    documents.push_back(std::move(document));
    piece.file = domain::read_manifest(std::move(documents), piece.path);
    return piece;
}

void note(const Piece& piece, const domain::ManifestProblem& problem, Payload& payload) {
    const std::string line =
        piece.text ? " (line " + std::to_string(problem.line) + ")" : std::string();
    payload.fail(piece.path + (problem.field.empty() ? "" : "." + problem.field),
                 problem.message + line);
}

/// A masked value stands for what the container of that name has.
domain::ParseOptions options_of(const domain::Store& store, const ManifestDocument& document) {
    domain::ParseOptions options;
    const domain::Record* present = store.find_name(document.name);
    options.present = present != nullptr ? &present->spec() : nullptr;
    return options;
}

class Reader {
public:
    Reader(Payload& payload, const domain::Store& store) : payload_(payload), store_(store) {}

    void read(const Piece& piece) {
        for (const domain::ManifestProblem& problem : piece.file.problems) {
            note(piece, problem, payload_);
        }
        for (const ManifestDocument& document : piece.file.documents) {
            read(piece, document);
        }
    }
    std::vector<ApplyDocument> take() { return std::move(found_); }

private:
    void read(const Piece& piece, const ManifestDocument& document) {
        if (!names_.insert(lower(document.name)).second) {
            return note(piece, {piece.path, document.line, "metadata.name",
                                "\"" + document.name + "\" is declared twice"}, payload_);
        }
        auto parsed = domain::parse_manifest_spec(document, options_of(store_, document));
        if (!parsed) {
            for (const auto& problem : to_problems(document, piece.path, parsed.error())) {
                note(piece, problem, payload_);
            }
            return;
        }
        found_.push_back({std::move(parsed->spec),
                          parsed->desired_state.value_or(domain::DesiredState::running)});
    }

    Payload& payload_;
    const domain::Store& store_;
    std::set<std::string> names_;
    std::vector<ApplyDocument> found_;
};

}  // namespace

std::vector<ApplyDocument> read_documents(Payload& payload, const domain::Store& store) {
    payload.require("manifests", "YAML text, a document, or a list of them");
    const Json* value = payload.value("manifests");
    if (value == nullptr) {
        return {};
    }
    Reader reader(payload, store);
    if (value->is_array() && value->size() <= kMostDocuments) {
        for (std::size_t at = 0; at < value->size(); ++at) {
            reader.read(piece_of((*value)[at], "manifests[" + std::to_string(at) + "]"));
        }
    } else if (value->is_string() || value->is_object()) {
        reader.read(piece_of(*value, "manifests"));
    } else {
        payload.fail("manifests", "must be YAML text, a document, or a list of at most " +
                                      std::to_string(kMostDocuments) + " of them");
        return {};
    }
    std::vector<ApplyDocument> found = reader.take();
    if (payload.ok() && (found.empty() || found.size() > kMostDocuments)) {
        payload.fail("manifests", found.empty() ? "has no document" : "has too many documents");
    }
    return found;
}

}  // namespace flow::api
