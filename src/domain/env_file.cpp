// `env_file` (contract 2): read once, when the spec is accepted, under the rules for a read-only mount. What the files say
// is never quoted: errors name file and line.
#include <algorithm>
#include <set>
#include <utility>

#include "domain/policy.hpp"
#include "domain/spec/draft.hpp"
#include "domain/spec/host_path_rules.hpp"

namespace flow::domain {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(kBlank);
    if (first == text.npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// Of `text`, which begins with a quote: what is within. Nothing: the quote does not end, or something is behind it.
std::optional<std::string> quoted_value(std::string_view text) {
    const char quote = text.front();
    std::string value;
    std::size_t at = 1;
    for (; at < text.size() && text[at] != quote; ++at) {
        const bool escape = quote == '"' && text[at] == '\\' && at + 1 < text.size();
        if (!escape) {
            value += text[at];
            continue;
        }
        ++at;
        value += text[at] == 'n' ? '\n' : text[at] == 't' ? '\t' : text[at];
    }
    const std::string_view behind = trimmed(text.substr(std::min(at + 1, text.size())));
    const bool good = at < text.size() && (behind.empty() || behind.front() == '#');
    return good ? std::optional{std::move(value)} : std::nullopt;
}

/// As Compose reads it, but for $NAME, which stays as it is: quotes around the whole go, and where there are none a " #"
/// begins a comment. Nothing: see quoted_value.
std::optional<std::string> value_of(std::string_view text) {
    const std::string_view value = trimmed(text);
    if (!value.empty() && (value.front() == '"' || value.front() == '\'')) {
        return quoted_value(value);
    }
    return std::string(trimmed(text.substr(0, text.find(" #"))));
}

bool is_name(std::string_view text) {
    const auto word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !text.empty() && text.size() <= kMaxVariableName && word(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return word(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
           });
}

using Pairs = std::map<std::string, std::string>;

/// What is wrong with a line; nothing when it was read, or has nothing to read.
std::optional<std::string> read_line(std::string_view line, Pairs& pairs) {
    line = trimmed(line);
    if (line.starts_with("export ")) {
        line = trimmed(line.substr(7));
    }
    if (line.empty() || line.front() == '#') {
        return std::nullopt;
    }
    const auto equals = line.find('=');
    if (equals == line.npos) {
        return "must be NAME=VALUE: the daemon has no shell whose value it could take";
    }
    const std::string key{trimmed(line.substr(0, equals))};
    const auto value = value_of(line.substr(equals + 1));
    if (!is_name(key)) {
        return "has no good name before the \"=\": letters, digits, '_', '.' and '-', not a digit first";
    }
    if (is_daemons_variable(key)) {
        return "names a variable that the daemon sets in every container";
    }
    if (!value) {
        return "has a quote that does not end in its line, or something behind it";
    }
    if (const auto bad = why_bad_text(*value, kMaxValue)) {
        return "has a value that " + *bad;
    }
    pairs[key] = *value;
    return std::nullopt;
}

Pairs read_lines(const Field& field, const std::string& path, std::string_view text) {
    Pairs pairs;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        if (const auto bad = read_line(text.substr(0, end), pairs)) {
            field.wrong("line " + std::to_string(number) + " of " + path + " " + *bad);
        }
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return pairs;
}

}  // namespace

void read_env_file(const Field& field, SpecDraft& draft) {
    constexpr std::size_t kMaxFiles = 20;
    if (field.value.is_string()) {
        draft.spec.env_files = {read_text(field).value_or("")};
    } else {
        draft.spec.env_files = read_texts(field, kMaxFiles).value_or(std::vector<std::string>{});
    }
    for (const std::string& path : draft.spec.env_files) {
        if (!path.starts_with('/')) {
            field.wrong("must be an absolute path of the host, not " + shown(path));
        }
    }
    for (const auto& [name, value] : draft.spec.environment) {
        draft.spec.env_given.insert(name);
    }
}

Result<void> read_env_files(Spec& spec, const Policy& policy, const PathResolver& resolve,
                            const FileReader& read) {
    const std::vector<std::string> files = std::exchange(spec.env_files, {});
    const std::set<std::string> given = std::exchange(spec.env_given, {});
    const HostPathRules rules(policy, resolve);
    FieldErrors errors;
    FieldErrors refused;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const Json value = files[i];
        const Field field{value, "env_file[" + std::to_string(i) + "]", errors};
        auto refusal = rules.why_refused_as_written(files[i], true);
        const auto real = refusal ? Result<std::string>{files[i]} : rules.resolve(files[i]);
        if (real && !refusal) {
            refusal = rules.why_refused(*real, true);
        }
        if (refusal) {
            refused.add(field.path, refusal->message + " (policy: " + refusal->rule + ")");
            continue;
        }
        const auto text = real ? read(*real) : real;
        if (!text) {
            field.wrong("the file " + shown(files[i]) + " " + text.error().message);
            continue;
        }
        for (auto& [name, found] : read_lines(field, files[i], *text)) {
            if (!given.contains(name)) {
                spec.environment[name] = found;     // of two files the later one counts
            }
        }
    }
    std::size_t bytes = 0;
    for (const auto& [name, value] : spec.environment) {
        bytes += name.size() + value.size();
    }
    if (spec.environment.size() > kMaxPairs || bytes > kMaxAllValues) {
        errors.add("env_file", "makes the environment larger than " + std::to_string(kMaxPairs) +
                                   " variables or " + std::to_string(kMaxAllValues) + " bytes in all");
    }
    if (!refused.empty()) {
        Error error = refused.to_error();
        error.type = ErrorType::forbidden;
        error.details["rules"] = {"host_paths"};
        return error;
    }
    return errors.empty() ? Result<void>{} : errors.to_error();
}

}  // namespace flow::domain
