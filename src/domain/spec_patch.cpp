// apply_patch: a JSON merge patch on the canonical form, with the exceptions that contract 2 and 3
// make.
#include <algorithm>
#include <set>

#include "domain/spec/field.hpp"
#include "domain/spec_canonical.hpp"

namespace flow::domain {
namespace {

/// Replaced whole, whatever form they are given in.
constexpr const char* kWhole[] = {"command", "entrypoint", "volumes",   "tmpfs",
                                  "ports",   "networks",   "depends_on"};

bool is_whole(const std::string& name) {
    return std::find(std::begin(kWhole), std::end(kWhole), name) != std::end(kWhole);
}

/// RFC 7386 on values that are not lists. A null that removes nothing stays where `keep_nulls`, so
/// that parse_spec finds names that are not fields.
void merge(Json& target, const Json& patch, bool keep_nulls = false) {
    if (!patch.is_object()) {
        target = patch;
        return;
    }
    if (!target.is_object()) {
        target = Json::object();
    }
    for (const auto& [key, value] : patch.items()) {
        if (!value.is_null()) {
            merge(target[key], value);
        } else if (target.contains(key) || !keep_nulls) {
            target.erase(key);
        } else {
            target[key] = nullptr;
        }
    }
}

/// ["A=1", "B=2"] as {"A": "1", "B": "2"}; what is malformed is reported and left out.
Json pairs_as_map(const Field& field, bool value_needed) {
    if (!field.value.is_array()) {
        return field.value;
    }
    Json map = Json::object();
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        const Field element = field.element(i);
        const auto text = read_text(element, kMaxValue);
        const std::size_t equals = text ? text->find('=') : std::string::npos;
        if (text && equals == std::string::npos && value_needed) {
            element.wrong("must be NAME=VALUE: the daemon has no shell whose value it could take");
        } else if (text && map.contains(text->substr(0, equals))) {
            element.wrong("names one that is given before");
        } else if (text) {
            map[text->substr(0, equals)] =
                equals == std::string::npos ? "" : text->substr(equals + 1);
        }
    }
    return map;
}

void refuse_what_cannot_change(const Field& root, const Spec& current) {
    const Json& patch = root.value;
    const auto kind = patch.find("kind");
    if (kind != patch.end() && !kind->is_null() && *kind != to_string(current.kind)) {
        root.errors.add("kind", "cannot change; delete the container and create it anew");
    }
    if (patch.contains("desired_state")) {
        root.errors.add("desired_state",
                        "cannot be set by an update; use start_container or stop_container");
    }
    if (patch.contains("name") && patch.at("name").is_null()) {
        root.errors.add("name", "cannot be removed; give another name");
    }
}

/// A masked value stays what it is. One without a present value stays in the patch: parse_spec
/// reports it.
void drop_masked(Json& environment, const Spec& current) {
    if (!environment.is_object()) {
        return;
    }
    Json kept = Json::object();
    for (const auto& [key, value] : environment.items()) {
        if (value != kMask || !current.environment.contains(key)) {
            kept[key] = value;
        }
    }
    environment = std::move(kept);
}

/// `networks` and `network_mode` exclude each other: the one that is given takes the other's place.
void choose_networking(Json& merged, const Json& patch) {
    const auto given = [&patch](const char* name) {
        return patch.contains(name) && !patch.at(name).is_null();
    };
    if (given("network_mode") && !given("networks")) {
        merged.erase("networks");
    } else if (given("networks") && !given("network_mode")) {
        merged.erase("network_mode");
    }
}

/// What is copied anew is no more what was found when it was copied last; the target stays where it is not given.
void merge_code(Json& merged, const Json& code) {
    const auto given = [&code](const char* name) {
        return code.is_object() && code.contains(name) && !code.at(name).is_null();
    };
    const auto present = merged.find("code");
    if (present != merged.end() && (given("path") || given("files") || given("digest"))) {
        for (const char* name : {"path", "files", "digest", "file_count", "bytes", "contents"}) {
            present->erase(name);
        }
    }
    const bool keep_nulls = true;
    merge(merged["code"], code, keep_nulls);
}

/// `code_path: P` is `code: {path: P}`, and null takes the code away.
void merge_code_path(Json& merged, const Json& patch) {
    const Json& path = patch.at("code_path");
    const bool both = patch.contains("code") && !patch.at("code").is_null();
    const auto present = merged.find("code");
    if (both) {
        merged["code_path"] = path;     // parse_spec says that it is one too many
    } else if (path.is_null()) {
        merged.erase("code");
    } else if (present != merged.end() && present->is_object() && present->at("target") != Code::kDefaultTarget) {
        merge_code(merged, Json{{"path", path}});
    } else {
        merged.erase("code");
        merged["code_path"] = path;     // what is wrong with it is told under its own name
    }
}

}  // namespace

Result<ParsedSpec> apply_patch(const Spec& current, const Json& patch, ParseOptions options) {
    FieldErrors errors(options.path_prefix);
    if (!patch.is_object()) {
        errors.add("patch", "must be an object, not " + std::string(kind_of(patch)));
        return errors.to_error();
    }
    const Field root{patch, "", errors};
    refuse_what_cannot_change(root, current);
    Json merged = to_canonical(current);
    std::set<std::string> environment;      // what this patch itself says of it
    for (const auto& [name, value] : patch.items()) {
        if (name == "code" && !value.is_null()) {
            merge_code(merged, value);
        } else if ((value.is_null() && name != "code_path") || is_whole(name)) {
            merged[name] = value;
        } else if (name == "environment" || name == "labels") {
            Json map = pairs_as_map(root.member(name), name == "environment");
            if (name == "environment") {
                for (const auto& [variable, ignored] : map.items()) {
                    environment.insert(variable);
                }
                drop_masked(map, current);
            }
            merge(merged[name], map);
        } else if (name != "kind" && name != "desired_state" && name != "code_path") {
            const bool keep_nulls = true;
            merge(merged[name], value, keep_nulls);
        }
    }
    if (patch.contains("code_path")) {
        merge_code_path(merged, patch);
    }
    choose_networking(merged, patch);
    options.present = &current;
    auto parsed = parse_spec(merged, options);
    if (parsed && !parsed->spec.env_files.empty()) {
        parsed->spec.env_given = std::move(environment);
    }
    if (errors.empty()) {
        return parsed;
    }
    if (parsed.has_error()) {
        errors.add_all(parsed.error());
    }
    return errors.to_error();
}

}  // namespace flow::domain
