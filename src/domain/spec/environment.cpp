// environment, labels, command and entrypoint: maps, lists and words of text.
#include "domain/spec/draft.hpp"
#include "domain/spec/shell_words.hpp"

namespace flow::domain {
namespace {

using Pairs = std::map<std::string, std::string>;

constexpr std::size_t kMaxAllWords = 128 * 1024;

/// What distinguishes environment from labels.
struct PairRules {
    std::string_view what;
    bool value_needed;          ///< is "KEY" alone an error?
    std::size_t value_limit;
};

constexpr PairRules kEnvironment{"variable", true, kMaxValue};
constexpr PairRules kLabels{"label", false, kMaxText};

bool good_key(const Field& field, const std::string& key, const PairRules& rules) {
    if (key.empty()) {
        field.wrong("a " + std::string(rules.what) + " without a name");
        return false;
    }
    if (const auto bad = why_bad_text(key, kMaxVariableName)) {
        field.wrong("the name of a " + std::string(rules.what) + " " + *bad);
        return false;
    }
    if (key.find_first_of("=\n\r\t") != std::string::npos) {
        field.wrong("the name of a " + std::string(rules.what) +
                    " must not contain '=' or line breaks");
        return false;
    }
    return true;
}

void read_pair_map(const Field& field, const PairRules& rules, Pairs& pairs) {
    for (const auto& [key, value] : field.value.items()) {
        if (!good_key(field, key, rules)) {
            continue;
        }
        const Field member = field.member(key);
        if (value.is_null()) {
            member.wrong("has no value; write \"\" for an empty one");
        } else if (const auto text = read_scalar_text(member, rules.value_limit)) {
            pairs[key] = *text;
        }
    }
}

/// One "KEY=value" of a list.
void read_pair(const Field& element, const PairRules& rules, Pairs& pairs) {
    const auto text = read_text(element, rules.value_limit);
    if (!text) {
        return;
    }
    const std::size_t equals = text->find('=');
    const std::string key = text->substr(0, equals);
    if (!good_key(element, key, rules)) {
        return;
    }
    if (equals == std::string::npos && rules.value_needed) {
        element.wrong("must be NAME=VALUE: the daemon has no shell whose value it could take");
        return;
    }
    const std::string value = equals == std::string::npos ? "" : text->substr(equals + 1);
    if (!pairs.emplace(key, value).second) {
        element.wrong("names a " + std::string(rules.what) + " that is given before");
    }
}

Pairs read_pairs(const Field& field, const PairRules& rules) {
    Pairs pairs;
    if (field.value.size() > kMaxPairs) {
        field.wrong("has more than " + std::to_string(kMaxPairs) + " entries");
    } else if (field.value.is_object()) {
        read_pair_map(field, rules, pairs);
    } else if (field.value.is_array()) {
        for (std::size_t i = 0; i < field.value.size(); ++i) {
            read_pair(field.element(i), rules, pairs);
        }
    } else {
        field.wrong("must be a map or a list of NAME=VALUE, not " +
                    std::string(kind_of(field.value)));
    }
    std::size_t bytes = 0;
    for (const auto& [key, value] : pairs) {
        bytes += key.size() + value.size();
    }
    if (bytes > kMaxAllValues) {
        field.wrong("is longer than " + std::to_string(kMaxAllValues) + " bytes in all");
    }
    return pairs;
}

std::optional<std::vector<std::string>> words_of_line(const Field& field) {
    const auto line = read_text(field, kMaxValue);
    if (!line) {
        return std::nullopt;
    }
    auto words = split_shell_words(*line);
    if (words.has_error()) {
        field.wrong(words.error());
        return std::nullopt;
    }
    return std::move(*words);
}

std::optional<std::vector<std::string>> words_of_list(const Field& field) {
    std::vector<std::string> words;
    bool good = true;
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        auto word = read_scalar_text(field.element(i), kMaxValue);
        good = good && word.has_value();
        words.push_back(word.value_or(""));
    }
    return good ? std::optional(std::move(words)) : std::nullopt;
}

/// A string, split as a shell does, or a list of words.
std::optional<std::vector<std::string>> read_words(const Field& field) {
    if (!field.value.is_string() && !field.value.is_array()) {
        field.wrong("must be a string or a list of strings, not " +
                    std::string(kind_of(field.value)));
        return std::nullopt;
    }
    if (field.value.is_array() && field.value.size() > kMaxWords) {
        field.wrong("has more than " + std::to_string(kMaxWords) + " words");
        return std::nullopt;
    }
    auto words = field.value.is_string() ? words_of_line(field) : words_of_list(field);
    std::size_t bytes = 0;
    for (const std::string& word : words.value_or(std::vector<std::string>{})) {
        bytes += word.size() + 1;
    }
    if (bytes > kMaxAllWords || (words && words->size() > kMaxWords)) {
        field.wrong("is too long: at most " + std::to_string(kMaxWords) + " words and " +
                    std::to_string(kMaxAllWords) + " bytes in all");
        return std::nullopt;
    }
    return words;
}

}  // namespace

bool is_daemons_variable(const std::string& name) {
    return name == "FLOW_SOCKET" || name == "FLOW_CONTAINER_ID" || name == "FLOW_NAME" ||
           name == "FLOW_TASK_ID" || name == "FLOW_RUNNER_ID";
}

void read_environment(const Field& field, SpecDraft& draft) {
    Pairs pairs = read_pairs(field, kEnvironment);
    for (auto& [key, value] : pairs) {
        const std::string path = field.path + "." + key;
        if (is_daemons_variable(key)) {
            field.errors.add(path, "is set by the daemon in every container; choose another name");
        }
        if (value != kMask) {
            continue;
        }
        const Spec* present = draft.options.present;
        const auto kept = present ? present->environment.find(key) : Pairs::const_iterator{};
        if (present == nullptr || kept == present->environment.end()) {
            field.errors.add(path,
                             "is masked (" + std::string(kMask) +
                                 "), and there is no present value to keep; give the value itself");
        } else {
            value = kept->second;
        }
    }
    draft.spec.environment = std::move(pairs);
}

void read_labels(const Field& field, SpecDraft& draft) {
    draft.spec.labels = read_pairs(field, kLabels);
    for (const auto& [key, value] : draft.spec.labels) {
        if (key.starts_with("flow.")) {
            field.errors.add(field.path + "." + key,
                             "labels that start with \"flow.\" are the daemon's own");
        }
    }
}

void read_command(const Field& field, SpecDraft& draft) {
    auto words = read_words(field);
    if (words && words->empty()) {
        field.wrong("is empty; leave it out to run the image's own command");
        return;
    }
    draft.spec.command = std::move(words);
}

void read_entrypoint(const Field& field, SpecDraft& draft) {
    draft.spec.entrypoint = read_words(field);
}

}  // namespace flow::domain
