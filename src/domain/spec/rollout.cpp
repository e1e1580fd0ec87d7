// How a new generation comes about: update, pull_policy, registry_auth; and logging.
#include <algorithm>
#include <cctype>

#include "domain/spec/draft.hpp"

namespace flow::domain {
namespace {

constexpr std::size_t kMaxLogOptions = 100;

void read_monitor(const Field& field, SpecDraft& draft) {
    const auto monitor = read_duration(field);
    if (monitor && *monitor > std::chrono::hours{24}) {
        field.wrong("must be at most 24h");
    } else if (monitor) {
        draft.spec.update.monitor = *monitor;
    }
}

void read_on_failure(const Field& field, SpecDraft& draft) {
    if (field.value == "pause") {
        draft.spec.update.on_failure = OnFailure::pause;
    } else if (field.value != "rollback") {
        field.wrong("must be rollback or pause, not " + shown(field.value));
    }
}

constexpr Member<SpecDraft> kUpdateMembers[] = {
    {"monitor", read_monitor},
    {"on_failure", read_on_failure},
};

constexpr ForeignField kForeignOfUpdate[] = {
    {"failure_action", "use update.on_failure"},
    {"order", "is not supported: the old one stops before the new one starts"},
    {"parallelism", "is not supported: there is one of each"},
};

bool is_word(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/' || c == ':';
    });
}

void read_driver(const Field& field, SpecDraft& draft) {
    const auto driver = read_text(field, 255);
    if (driver && !is_word(*driver)) {
        field.wrong("must be the name of a log driver, for example json-file or none, not " +
                    shown(field.value));
    } else if (driver) {
        draft.spec.logging.edit().driver = *driver;
    }
}

void read_options(const Field& field, SpecDraft& draft) {
    if (!field.value.is_object()) {
        field.wrong("must be a map, not " + std::string(kind_of(field.value)));
        return;
    }
    if (field.value.size() > kMaxLogOptions) {
        field.wrong("has more than " + std::to_string(kMaxLogOptions) + " entries");
        return;
    }
    for (const auto& [name, value] : field.value.items()) {
        if (const auto text = read_scalar_text(field.member(name))) {
            draft.spec.logging.edit().options[name] = *text;
        }
    }
}

constexpr Member<SpecDraft> kLoggingMembers[] = {
    {"driver", read_driver},
    {"options", read_options},
};

}  // namespace

void read_update(const Field& field, SpecDraft& draft) {
    read_members<SpecDraft>(field, kUpdateMembers, kForeignOfUpdate, draft);
}

void read_pull_policy(const Field& field, SpecDraft& draft) {
    if (field.value == "missing" || field.value == "if_not_present") {
        draft.spec.pull_policy = PullPolicy::missing;
    } else if (field.value == "always") {
        draft.spec.pull_policy = PullPolicy::always;
    } else if (field.value == "never") {
        draft.spec.pull_policy = PullPolicy::never;
    } else {
        field.wrong("must be missing, always or never, not " + shown(field.value));
    }
}

void read_registry_auth(const Field& field, SpecDraft& draft) {
    const auto name = read_text(field, 255);
    if (name && !name->empty() && !is_word(*name)) {
        field.wrong("must be a name of the configuration's registries, not " + shown(field.value));
        return;
    }
    draft.spec.registry_auth = name.value_or("");
}

void read_logging(const Field& field, SpecDraft& draft) {
    read_members<SpecDraft>(field, kLoggingMembers, {}, draft);
}

}  // namespace flow::domain
