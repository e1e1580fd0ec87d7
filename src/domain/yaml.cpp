#include "domain/yaml.hpp"

#include <yaml-cpp/yaml.h>

#include <charconv>

#include "domain/spec/field.hpp"

namespace flow::domain {
namespace {

constexpr std::size_t kMaxPath = 512;          // paths longer than this have no line of their own
constexpr std::size_t kMaxScalar = 256 * 1024;

int line_number(const YAML::Node& node) { return node.Mark().line + 1; }

/// A plain scalar as a number, if its text would be the same again.
std::optional<Json> as_number(const std::string& text) {
    if (text.empty() || text.size() > 32) {
        return std::nullopt;
    }
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    std::int64_t integer = 0;
    if (const auto [at, failed] = std::from_chars(begin, end, integer);
        failed == std::errc{} && at == end) {
        return std::to_string(integer) == text ? std::optional<Json>(integer) : std::nullopt;
    }
    double number = 0;
    if (const auto [at, failed] = std::from_chars(begin, end, number);
        failed == std::errc{} && at == end) {
        Json json = number;
        return json.dump() == text ? std::optional<Json>(std::move(json)) : std::nullopt;
    }
    return std::nullopt;
}

Json plain_value(const std::string& text) {
    if (text == "true" || text == "True" || text == "TRUE") {
        return true;
    }
    if (text == "false" || text == "False" || text == "FALSE") {
        return false;
    }
    return as_number(text).value_or(Json(text));
}

/// Walks one stream's nodes. Throws YamlProblem at the first thing that is wrong in a document.
class Converter {
public:
    explicit Converter(const YamlLimits& limits) : limits_(limits) {}

    YamlDocument document(const YAML::Node& root) {
        YamlDocument document;
        document.line = line_number(root);
        lines_ = &document.lines;
        document.value = value(root, "", 0);
        return document;
    }

private:
    [[noreturn]] static void wrong(const YAML::Node& node, const std::string& path,
                                   std::string message) {
        throw YamlProblem{line_number(node), path, std::move(message)};
    }

    Json value(const YAML::Node& node, const std::string& path, int depth) {
        if (++values_ > limits_.values) {
            wrong(node, path,
                  "has more than " + std::to_string(limits_.values) + " values, aliases counted");
        }
        if (depth > limits_.depth) {
            wrong(node, path, "is nested deeper than " + std::to_string(limits_.depth) + " levels");
        }
        if (path.size() <= kMaxPath) {
            lines_->emplace(path, line_number(node));
        }
        switch (node.Type()) {
            case YAML::NodeType::Map: return map(node, path, depth);
            case YAML::NodeType::Sequence: return list(node, path, depth);
            case YAML::NodeType::Scalar: return scalar(node, path);
            default: return nullptr;
        }
    }

    Json list(const YAML::Node& node, const std::string& path, int depth) {
        Json list = Json::array();
        std::size_t index = 0;
        for (const YAML::Node& item : node) {
            list.push_back(value(item, path + "[" + std::to_string(index++) + "]", depth + 1));
        }
        return list;
    }

    Json map(const YAML::Node& node, const std::string& path, int depth) {
        if (node.size() > limits_.keys) {
            wrong(node, path, "has more than " + std::to_string(limits_.keys) + " fields");
        }
        Json map = Json::object();
        std::vector<YAML::Node> merged;
        for (const auto& pair : node) {
            const std::string key = key_text(pair.first, path);
            if (key == "<<" && pair.first.Tag() == "?") {
                merged.push_back(pair.second);
                continue;
            }
            const std::string inner = path.empty() ? key : path + "." + key;
            if (map.contains(key)) {
                wrong(pair.first, inner, "is given twice");
            }
            map[key] = value(pair.second, inner, depth + 1);
            if (inner.size() <= kMaxPath) {
                (*lines_)[inner] = line_number(pair.first);
            }
        }
        for (const YAML::Node& source : merged) {
            merge(map, source, path, depth);
        }
        return map;
    }

    /// `<<: *defaults`, or a list of them: what the map does not have itself, the first one wins.
    void merge(Json& map, const YAML::Node& source, const std::string& path, int depth) {
        if (source.IsSequence()) {
            if (depth > limits_.depth) {
                wrong(source, path, "is nested too deep");
            }
            for (const YAML::Node& one : source) {
                merge(map, one, path, depth + 1);
            }
            return;
        }
        if (!source.IsMap()) {
            wrong(source, path, "\"<<\" must name a map or a list of maps");
        }
        const Json defaults = value(source, path, depth + 1);
        for (const auto& [key, inner] : defaults.items()) {
            if (!map.contains(key)) {
                map[key] = inner;
            }
        }
    }

    Json scalar(const YAML::Node& node, const std::string& path) {
        const std::string& text = node.Scalar();
        if (const auto bad = why_bad_text(text, kMaxScalar)) {
            wrong(node, path, *bad);
        }
        const std::string& tag = node.Tag();
        constexpr std::string_view kStandard = "tag:yaml.org,2002:";
        if (tag == "?" || tag.empty()) {
            return plain_value(text);
        }
        if (tag == "!" || tag == std::string(kStandard) + "str") {
            return text;
        }
        for (const char* known : {"int", "float", "bool", "null"}) {
            if (tag == std::string(kStandard) + known) {
                return plain_value(text);
            }
        }
        wrong(node, path, "has the tag " + shown(tag) + ", which is not supported");
    }

    std::string key_text(const YAML::Node& key, const std::string& path) {
        if (!key.IsScalar()) {
            wrong(key, path, "has a field whose name is not a plain text");
        }
        if (const auto bad = why_bad_text(key.Scalar(), kMaxText)) {
            wrong(key, path, "has a field whose name " + *bad);
        }
        return key.Scalar();
    }

    const YamlLimits& limits_;
    std::size_t values_ = 0;
    std::map<std::string, int>* lines_ = nullptr;
};

}  // namespace

int YamlDocument::line_of(std::string path) const {
    while (!path.empty()) {
        const auto found = lines.find(path);
        if (found != lines.end()) {
            return found->second;
        }
        const std::size_t cut = path.find_last_of(".[");
        path.resize(cut == std::string::npos ? 0 : cut);
    }
    return line;
}

YamlStream read_yaml(std::string_view text, const YamlLimits& limits) {
    YamlStream stream;
    if (text.size() > limits.bytes) {
        stream.problems.push_back(
            {1, "", "is larger than " + std::to_string(limits.bytes) + " bytes"});
        return stream;
    }
    std::vector<YAML::Node> roots;
    try {
        roots = YAML::LoadAll(std::string(text));
    } catch (const YAML::Exception& failure) {
        stream.problems.push_back({failure.mark.line + 1, "", "is not YAML: " + failure.msg});
        return stream;
    }
    Converter converter(limits);
    for (const YAML::Node& root : roots) {
        if (!root.IsDefined() || root.IsNull()) {
            continue;
        }
        try {
            stream.documents.push_back(converter.document(root));
        } catch (YamlProblem& problem) {
            stream.problems.push_back(std::move(problem));
        }
    }
    return stream;
}

}  // namespace flow::domain
