// healthcheck: as Compose writes it, and on_unhealthy.
#include "domain/spec/draft.hpp"
#include "domain/spec/names.hpp"

namespace flow::domain {
namespace {

constexpr int kMaxRetries = 1000;

/// A string is a shell command; a list names its form first: NONE, CMD or CMD-SHELL.
void read_test(const Field& field, SpecDraft& draft) {
    std::vector<std::string>& test = draft.spec.healthcheck.edit().test;
    if (field.value.is_string()) {
        const auto command = read_text(field, kMaxValue);
        if (command && command->empty()) {
            field.wrong("must not be empty; leave it out for the image's own healthcheck");
        } else if (command) {
            test = {"CMD-SHELL", *command};
        }
        return;
    }
    const auto words = read_texts(field, kMaxWords);
    if (!words || words->empty()) {
        return;
    }
    const std::string& form = words->front();
    const bool off = form == "NONE" && words->size() == 1;
    const bool shell = form == "CMD-SHELL" && words->size() == 2;
    const bool program = form == "CMD" && words->size() >= 2;
    if (!off && !shell && !program) {
        field.wrong("must be a command, or a list [NONE], [CMD, PROGRAM, ARGUMENT …] or "
                    "[CMD-SHELL, COMMAND]");
        return;
    }
    test = *words;
}

void read_time(const Field& field, Duration& out) {
    const auto time = read_duration(field);
    if (!time) {
        return;
    }
    if (*time != Duration{0} && (*time < std::chrono::milliseconds{1} || *time > std::chrono::hours{24})) {
        field.wrong("must be from 1ms to 24h");
        return;
    }
    out = *time;
}

void read_retries(const Field& field, SpecDraft& draft) {
    const auto retries = read_integer(field);
    if (retries && (*retries < 0 || *retries > kMaxRetries)) {
        field.wrong("must be from 0 (the default) to " + std::to_string(kMaxRetries));
    } else if (retries) {
        draft.spec.healthcheck.edit().retries = static_cast<int>(*retries);
    }
}

void read_disable(const Field& field, SpecDraft& draft) {
    if (read_bool(field).value_or(false)) {
        draft.spec.healthcheck.edit().test = {"NONE"};
    }
}

void read_on_unhealthy(const Field& field, SpecDraft& draft) {
    if (field.value == "restart") {
        draft.spec.healthcheck.edit().on_unhealthy = OnUnhealthy::restart;
    } else if (field.value != "warn") {
        field.wrong("must be warn or restart, not " + shown(field.value));
    }
}

constexpr Member<SpecDraft> kMembers[] = {
    {"test", read_test},
    {"interval",
     [](const Field& field, SpecDraft& draft) {
         read_time(field, draft.spec.healthcheck.edit().interval);
     }},
    {"timeout",
     [](const Field& field, SpecDraft& draft) {
         read_time(field, draft.spec.healthcheck.edit().timeout);
     }},
    {"start_period",
     [](const Field& field, SpecDraft& draft) {
         read_time(field, draft.spec.healthcheck.edit().start_period);
     }},
    {"retries", read_retries},
    {"disable", read_disable},
    {"on_unhealthy", read_on_unhealthy},
};

constexpr ForeignField kForeign[] = {
    {"command", "use healthcheck.test"},
    {"start_interval", "is not supported yet"},
};

}  // namespace

void read_healthcheck(const Field& field, SpecDraft& draft) {
    read_members<SpecDraft>(field, kMembers, kForeign, draft);
}

}  // namespace flow::domain
